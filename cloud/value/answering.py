"""What tills ask of members' value right now: set aside points or stored value, let it go. Each id answered once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import Session

from cloud.coupons import using
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Invalid, Refused
from cloud.ledger.holding import (
    CAPTURED,
    HELD,
    VOIDED,
    HoldRequest,
    Splitting,
    holds_of_baskets,
    in_order,
    lock_hold,
    place,
)
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, PURSE_GIFT, PURSE_PRINCIPAL
from cloud.ledger.requests import Answered, RequestChanged, once
from cloud.ledger.settling import let_go
from cloud.members import blocks, cards, one_person
from cloud.members.models import ACTIVE
from cloud.org.models import Store
from cloud.privacy import CannotOpen, Vault, normal
from cloud.value import purses, rules
from shared.calendar import business_date
from shared.clock import BusinessClock, MachineClock
from shared.value import GIFT, PRINCIPAL, ValueRule
from shared.wire import messages as wire

_MINUTE_MS = 60_000


class Shop(NamedTuple):
    """The store a till asks from."""

    id: str
    currency: str
    today: date


class _Whose(NamedTuple):
    member: UUID | None
    card: UUID | None


class ValueAnswers:
    """Answers questions that move value, each in a transaction of its own: the answer rests on its commit."""

    def __init__(self, database: Database, business: BusinessClock, machine: MachineClock, vault: Vault) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._vault = vault

    def hold(self, agent: str, store: str, question: wire.Question, ask: wire.AskHold) -> wire.AnyAnswer:
        """Set value aside for a basket under the question's id. Raise Unavailable when the database is away."""

        def work(session: Session) -> Answered | wire.Refused:
            shop = self._shop(session, store)
            try:
                whose = self._whose(session, ask)
                request = self._request(session, agent, question, ask, shop=shop, whose=whose)
            except Refused as refused:
                return wire.Refused(code=refused.code)
            split = in_order if ask.unit == POINTS else _splitting(rules.current(session))
            now_ms = self._machine.wall_ms()
            return place(session, open_commit(session, now_ms), request, now_ms=now_ms, split=split)

        try:
            answered = in_transaction(self._database, work)
        except RequestChanged as changed:
            return wire.Refused(code=f"id_used:{changed.field}")
        if isinstance(answered, wire.Refused):
            return answered
        if answered.code:
            return wire.Refused(code=answered.code)
        until = int(answered.answer["valid_until_ms"])
        return wire.Held(hold=question.question, unit=ask.unit, amount=ask.amount, valid_until_ms=until)

    def coupon(self, agent: str, store: str, question: wire.Question, ask: wire.AskCoupon) -> wire.AnyAnswer:
        """Reserve a coupon for a basket. Raise Unavailable when the database is away."""

        def work(session: Session) -> wire.AnyAnswer:
            until = self._machine.wall_ms() + rules.current(session).hold_minutes * _MINUTE_MS
            today = self._shop(session, store).today
            try:
                member = self._holder(session, ask)
                if member is not None:
                    blocks.require_free(session, member, blocks.COUPONS)
                wanted = using.Reservation(
                    code=ask.code, basket=ask.basket, agent=agent, store=store, today=today, at_ms=question.at_ms,
                    until_ms=until, member=member,
                )  # fmt: skip
                with session.begin_nested():
                    done = using.reserve(session, wanted)
            except Refused as refused:
                return wire.Refused(code=refused.code)
            return wire.CouponReserved(
                code=done.code, promotion=done.promotion, valid_until_ms=done.until_ms, claimed_ms=done.given_ms
            )

        return in_transaction(self._database, work)

    def release(self, store: str, ask: wire.AskRelease) -> wire.AnyAnswer:
        """Let go one hold, one coupon, or everything that is set aside for a basket."""
        return in_transaction(self._database, lambda session: self._release(session, store, ask))

    def _release(self, session: Session, store: str, ask: wire.AskRelease) -> wire.AnyAnswer:
        now_ms = self._machine.wall_ms()
        if ask.coupon:
            using.release(session, ask.basket, only=ask.coupon)
            return wire.Released()
        if ask.hold is not None:
            forget(session, ask.hold, now_ms=now_ms)
        else:
            using.release(session, ask.basket)
        wanted = [ask.hold] if ask.hold is not None else holds_of_baskets(session, [ask.basket])
        captured = False
        for hold_id in wanted:
            hold = lock_hold(session, hold_id)
            if hold is None or hold.store_id != store:
                continue
            if hold.state == HELD:
                let_go(session, open_commit(session, now_ms), hold_id, VOIDED, now_ms=now_ms)
            captured |= hold.state == CAPTURED
        return wire.Released(captured=captured)

    def _shop(self, session: Session, store: str) -> Shop:
        row = session.get_one(Store, store)
        today = business_date(self._business.now_ms(), ZoneInfo(row.time_zone), row.day_cutoff_minutes)
        return Shop(store, row.currency, today)

    def _holder(self, session: Session, ask: wire.AskCoupon) -> UUID | None:
        """Return whose basket a coupon is for; a card that is nobody's, or out of use, makes nobody of them."""
        if ask.member is None and ask.sealed_card is None:
            return None
        try:
            return self._whose(session, ask).member
        except Refused:
            if ask.sealed_card is None:
                raise
            return None

    def _whose(self, session: Session, ask: wire.AskHold | wire.AskCoupon) -> _Whose:
        if ask.sealed_card is None:
            if ask.member is None:
                raise Refused("nobody", "it has to be said whose value it is")
            return _Whose(one_person.asked_about(session, ask.member), None)
        try:
            found = cards.find(session, self._vault, normal.card(self._vault.unseal(ask.sealed_card)))
        except (CannotOpen, Invalid):
            raise Refused("card_unreadable", "HQ cannot open this card") from None
        if found is None:
            raise Refused("card_unknown", "HQ does not know this card")
        if found.status != ACTIVE:
            raise Refused(f"card_{found.status}", f"this card is {found.status}")
        return _Whose(found.member, None if found.member else found.card)

    def _request(
        self, session: Session, agent: str, question: wire.Question, ask: wire.AskHold, *, shop: Shop, whose: _Whose
    ) -> HoldRequest:
        now_ms = self._machine.wall_ms()
        if whose.member is not None:
            blocks.require_free(session, whose.member, blocks.POINTS if ask.unit == POINTS else blocks.BUY)
        owner, kinds = self._accounts(session, ask, shop, whose, now_ms=now_ms)
        until = now_ms + rules.current(session).hold_minutes * _MINUTE_MS
        return HoldRequest(
            id=question.question, kind="points" if ask.unit == POINTS else "value", unit=ask.unit, amount=ask.amount,
            owner=owner, kinds=kinds, store=shop.id, at_ms=question.at_ms, valid_until_ms=until, today=shop.today,
            member=whose.member, basket=ask.basket, till=ask.till, cashier=ask.cashier, agent=agent,
            epoch=question.epoch,
        )  # fmt: skip

    @staticmethod
    def _accounts(
        session: Session, ask: wire.AskHold, shop: Shop, whose: _Whose, *, now_ms: int
    ) -> tuple[UUID, tuple[str, ...]]:
        if ask.unit == POINTS:
            if whose.member is None:
                raise Refused("no_member", "only members have points")
            return whose.member, (MEMBER_POINTS,)
        if ask.unit != shop.currency:
            raise Refused("currency", f"this store's money is {shop.currency}")
        if whose.member is not None:
            purse = purses.open_purse(
                session, shop.id, member=whose.member, card=None, legal_entity=None, now_ms=now_ms
            )
        else:
            found = purses.find(session, member=None, card=whose.card, currency=ask.unit)
            if found is None:
                raise Refused("no_purse", "there is no stored value behind this card")
            purse = found
        purses.require_open(purse)
        return UUID(purse.owner), (PURSE_PRINCIPAL, PURSE_GIFT)


def forget(session: Session, request: UUID, *, now_ms: int) -> None:
    """See to it that an id HQ has never heard of never becomes a hold: whoever gave up on it would not know."""

    def refuse() -> dict[str, str]:
        raise Refused("given_up", "whoever asked has given up on it")

    try:
        once(session, request, "given_up", {}, refuse, now_ms=now_ms)
    except RequestChanged:
        return  # it is known: a hold, or refused as one


def _splitting(rule: ValueRule) -> Splitting:
    """Return how the rules of stored value spread an amount, over ledger kinds."""
    names = {PURSE_PRINCIPAL: PRINCIPAL, PURSE_GIFT: GIFT}

    def split(amount: int, available: Mapping[str, int]) -> Mapping[str, int]:
        parts = rule.split(amount, {names[kind]: has for kind, has in available.items()})
        return {kind: parts.get(name, 0) for kind, name in names.items()}

    return split
