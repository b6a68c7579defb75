"""Members' value on one till's basket: points as money, and what was set aside for too long asked for anew."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple
from uuid import UUID

from edge_agent.till import baskets
from edge_agent.till.changes import AnyChange, CouponPutBack, HoldLost, HoldRenewed
from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk, Refusal, open_basket, total
from edge_agent.till.membership import points
from edge_agent.till.membership.members import Members
from edge_agent.till.membership.results import PointsUsed, PointsView
from edge_agent.till.results import PartlyPaid, Refused
from edge_agent.value import holds
from edge_agent.value.holds import Hold, Kind
from edge_agent.value.releasing import Releasing
from edge_agent.value.spending import Nobody, Spendable, ValueDesk, Wanted, Way
from shared.value import POINTS
from shared.wire.messages import AskCoupon, CouponReserved


class _Standing(NamedTuple):
    """Something on a basket, a tender or its points, and what stands behind it; a coupon stands for itself."""

    id: UUID
    amount: int
    behind: tuple[Hold, ...]


class Value:
    """What members pay with at one till. `Till.tender` takes stored value and gift cards like any other money."""

    def __init__(self, commands: Commands, members: Members, releases: Releasing) -> None:
        self._commands = commands
        self._members = members
        self._releases = releases
        desk = commands.desk
        self._desk = ValueDesk(commands.database, desk.clocks.machine, desk.hq or Nobody())

    async def points(self) -> PointsView | Refused:
        """Say what of their points the member may use on this basket, and for how much."""
        may = await self._commands.look(points.payable)
        if isinstance(may, Refused):
            return may
        wallet = await self._members.wallet()
        if isinstance(wallet, Refused):
            return wallet
        # What is set aside for this very basket already is theirs to use on it, too.
        aside = may.points.may_spend if may.points else 0
        return await self._commands.look(
            lambda db, desk: points.shown(db, desk, wallet.points + aside, by_hq=wallet.by_hq)
        )

    async def use_points(self, as_money: int | None = None) -> PointsUsed | Refused:
        """Have points pay a part of the basket; without a number as many as now, and what chosen offers cost beside.

        HQ sets them aside for this basket, or they come out of what this store was given ahead.
        """
        hold = self._commands.desk.mint()
        found = await self._commands.look(lambda db, desk: points.wanted(db, desk, as_money, hold))
        if isinstance(found, Refused):
            return found
        if found is None:
            return await self._commands.look(points.now)
        offer, wanted = found
        before = await self._commands.change(points.put_back)  # else points are short that are the member's own
        if isinstance(before, Refused):
            return before
        await self._releases.step()
        spendable = await self._desk.spend(wanted)
        if not spendable.granted:
            self._releases.ring()
            return _no_points(spendable)
        ahead = spendable.way is Way.ALLOWANCE
        answer = await self._commands.change(lambda db, desk: points.put_on(db, desk, offer, wanted, ahead=ahead))
        if isinstance(answer, Refused):
            await self._give_up(wanted)
        return answer

    async def put_back_points(self) -> PointsUsed | Refused:
        """Take points off the basket again; they are the member's at once."""
        answer = await self._commands.change(points.put_back)
        self._releases.ring()
        return answer

    async def take_off(self, attempt: UUID) -> PartlyPaid | Refused:
        """Take one payment by stored value or gift card off again, also beside money that a payment service moved."""
        answer = await self._commands.change(lambda db, desk: _taken_off(db, desk, attempt))
        self._releases.ring()
        return answer

    async def renew(self) -> Refused | None:
        """Ask anew for what was set aside for too long. What cannot be had comes off the basket, and that is refused.

        None: everything is set aside again, and the sale can be made.
        """
        standing = await self._commands.read(_ended)
        if standing:
            await self._commands.change(lambda db, desk: _lapse(db, desk, standing), by_anybody=True)
            await self._releases.step()
        lost = False
        for one in standing:
            coupon = one.behind[0].kind is Kind.COUPON
            had = await (self._coupon_again(one.behind[0]) if coupon else self._again(one))
            lost |= not had
        return refused("hold_ended") if lost else None

    async def _again(self, one: _Standing) -> bool:
        """Have money or points set aside once more, under a new id; without them they come off the basket."""
        before = one.behind[0]
        desk = self._commands.desk
        fresh = Wanted(
            id=desk.mint(), basket=before.basket, till=desk.till, unit=self._unit(before.kind), amount=one.amount,
            member=before.member, sealed_card=before.sealed_card,
        )  # fmt: skip
        granted = (await self._desk.spend(fresh)).granted
        changed = HoldRenewed(at_ms=self._now(), old=one.id, new=fresh.id) if granted else None
        answer = await self._put(one, changed or HoldLost(at_ms=self._now(), hold=one.id))
        if granted and isinstance(answer, Refused):
            await self._give_up(fresh)
        return granted and not isinstance(answer, Refused)

    async def _coupon_again(self, hold: Hold) -> bool:
        desk, question = self._commands.desk, self._commands.desk.mint()
        body = AskCoupon(
            basket=hold.basket, code=hold.code, till=desk.till, member=hold.member, sealed_card=hold.sealed_card
        )
        answer = await desk.hq.ask(question, desk.till, body) if desk.hq else None
        one = _Standing(hold.id, 1, (hold,))
        if not isinstance(answer, CouponReserved):
            await self._put(one, CouponPutBack(at_ms=self._now(), code=hold.code), releases=True)
            return False
        again = hold._replace(id=question, until_ms=answer.valid_until_ms)
        return not isinstance(await self._put(one, None, keeps=again), Refused)

    async def _put(
        self, one: _Standing, change: AnyChange | None, *, keeps: Hold | None = None, releases: bool = False
    ) -> Refused | None:
        """Say on the basket what became of something, in one transaction with what stands behind it now."""

        def work(db: sqlite3.Connection, desk: Desk) -> None:
            for hold in one.behind:
                if releases:
                    holds.drop(db, hold, desk.clocks.machine.wall_ms())
                holds.forget_one(db, hold.id)
            if keeps is not None:
                holds.keep(db, keeps)
            basket = baskets.load_open(db, desk.till)
            if change is not None and basket is not None and basket.id == one.behind[0].basket:
                baskets.add(db, basket, change)

        return await self._commands.change(work, by_anybody=True)

    async def _give_up(self, wanted: Wanted) -> None:
        desk = self._commands.desk
        await self._desk.release(wanted.basket, desk.till, question=desk.mint(), hold=wanted.id)

    def _unit(self, kind: Kind) -> str:
        return POINTS if kind is Kind.POINTS else self._commands.desk.settings().currency

    def _now(self) -> int:
        return self._commands.desk.clocks.business.now_ms()


def _taken_off(db: sqlite3.Connection, desk: Desk, attempt: UUID) -> PartlyPaid:
    basket = open_basket(db, desk)
    behind = holds.of_attempt(db, basket.id, attempt)
    if not behind or all(one.attempt != attempt for one in basket.tenders):
        raise Refusal("no_such_payment", str(attempt))
    for hold in behind:
        holds.drop(db, hold, desk.clocks.machine.wall_ms())
    baskets.add(db, basket, HoldLost(at_ms=desk.clocks.business.now_ms(), hold=attempt))
    return PartlyPaid(basket.id, total(db, desk, basket) - basket.paid_minor)


def _no_points(spendable: Spendable) -> Refused:
    if spendable.way is Way.UNREACHABLE:
        return refused("points_offline")
    if spendable.code == "points_blocked":
        return refused("member_may_not_use_points")
    return refused("points_refused", "" if spendable.code == "insufficient" else spendable.code)


def _ended(db: sqlite3.Connection, desk: Desk) -> list[_Standing]:
    """Return what stands on the open basket without anything behind it that a sale may count on."""
    basket = baskets.load_open(db, desk.till)
    ended = {} if basket is None else {one.id: one for one in holds.ended(db, desk.clocks.machine, basket.id)}
    if basket is None or not ended:
        return []
    found, seen = [], set()
    amounts = {one.attempt: one.minor for one in basket.tenders if one.attempt is not None}
    if basket.points_hold is not None and basket.points is not None:
        amounts[basket.points_hold] = basket.points.may_spend
    for key, amount in amounts.items():
        behind = tuple(holds.of_attempt(db, basket.id, key))
        seen |= {hold.id for hold in behind}
        if any(hold.id in ended for hold in behind):
            found.append(_Standing(key, amount, behind))
    rest = [hold for hold in ended.values() if hold.id not in seen]
    return found + [_Standing(hold.id, hold.amount, (hold,)) for hold in rest]


def _lapse(db: sqlite3.Connection, desk: Desk, standing: list[_Standing]) -> None:
    """Let all of it go first: what is asked for anew may be the very value that still lies aside."""
    for one in standing:
        for hold in one.behind:
            holds.lapse_one(db, hold, desk.clocks.machine.wall_ms())
