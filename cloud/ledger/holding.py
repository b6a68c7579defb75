"""Holds: value set aside before it is spent, so that nobody else spends it. Each ends once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import Refused
from cloud.ledger import lots
from cloud.ledger.journal import AccountKey, Journal, Leg
from cloud.ledger.kinds import KINDS
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import Part, Pick
from cloud.ledger.models import Hold, HoldLot, HoldPart
from cloud.ledger.posting import post
from cloud.ledger.requests import Answered, once
from cloud.ledger.units import units

HELD = "held"
CAPTURED = "captured"
VOIDED = "voided"
TIMED_OUT = "timed_out"

PLACE = "hold"
"""Purpose of the journal that sets a hold's value aside; its cause is the hold's id."""

INSUFFICIENT = "insufficient"

_PART = ("hold_id", "n", "account_kind", "amount", "left")
_LOT = ("hold_id", "lot_id", "n", "account_kind", "amount", "left")


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """What is to be set aside: `amount` of `unit`, of the accounts `kinds` of `owner`, in that order of use.

    `id` was made and stored by whoever asks. `valid_until_ms` is HQ's wall time, `today` the business date that
    decides which lots count, `at_ms` business time at the edge.
    """

    id: UUID
    kind: str
    unit: str
    amount: int
    owner: UUID
    kinds: tuple[str, ...]
    store: str
    at_ms: int
    valid_until_ms: int
    today: date
    member: UUID | None = None
    basket: UUID | None = None
    till: str = ""
    cashier: str = ""
    agent: str = ""
    epoch: UUID | None = None

    def account(self, kind: str) -> AccountKey:
        """Return one of the accounts it is taken from."""
        return AccountKey(kind, str(self.owner), self.unit)

    def content(self) -> Mapping[str, Any]:
        """Return what a repeat has to say again. When it ends is HQ's to say, and may differ."""
        return {
            "kind": self.kind, "unit": self.unit, "amount": self.amount, "owner": str(self.owner), "store": self.store,
            "till": self.till, "cashier": self.cashier, "basket": str(self.basket or ""), "agent": self.agent,
        }  # fmt: skip


Splitting = Callable[[int, Mapping[str, int]], Mapping[str, int]]
"""Splits an amount over kinds of accounts, given what may be spent of each; what it does not place is missing."""


def in_order(amount: int, available: Mapping[str, int]) -> dict[str, int]:
    """Use the accounts one after the other."""
    split, rest = {}, amount
    for kind, has in available.items():
        split[kind] = min(rest, has)
        rest -= split[kind]
    return split


def place(
    session: Session, commit_no: int, request: HoldRequest, *, now_ms: int, split: Splitting = in_order
) -> Answered:
    """Set value aside, once. A repeat gets the same answer; one that was refused stays refused (`insufficient`).

    Raise RequestChanged where the id was used for another hold.
    """

    def work() -> Mapping[str, Any]:
        return _place(session, commit_no, request, split)

    return once(session, request.id, "hold", request.content(), work, now_ms=now_ms)


def _place(session: Session, commit_no: int, request: HoldRequest, split: Splitting) -> Mapping[str, Any]:
    if request.amount < 1:
        raise Refused("amount", "a hold is of at least 1")
    accounts = [request.account(kind) for kind in request.kinds]
    balances = lock_balances(session, [*accounts, *map(held_account, accounts)])
    pick = Pick(today=request.today, basket=request.basket)
    available = {one.kind: min(lots.spendable(session, one, pick), balances[one]) for one in accounts}
    parts = {kind: amount for kind, amount in split(request.amount, available).items() if amount}
    if sum(parts.values()) != request.amount:
        missing = request.amount - sum(available.values())
        raise Refused(INSUFFICIENT, f"{units(session).written(missing, request.unit)} too few")
    _write(session, request, parts, pick)
    legs = [leg for kind, amount in parts.items() for leg in _legs(request.account(kind), amount)]
    post(session, commit_no, [_placing(request, tuple(legs))])
    return {"hold": str(request.id), "parts": parts, "valid_until_ms": request.valid_until_ms}


def _write(session: Session, request: HoldRequest, parts: Mapping[str, int], pick: Pick) -> None:
    session.add(
        Hold(
            id=request.id, kind=request.kind, state=HELD, unit=request.unit, amount=request.amount,
            member_id=request.member, owner=str(request.owner), basket_id=request.basket, store_id=request.store,
            till=request.till, cashier=request.cashier, agent_id=request.agent, epoch=request.epoch,
            at_ms=request.at_ms, valid_until_ms=request.valid_until_ms,
        )
    )  # fmt: skip
    session.flush()
    rows: list[tuple[Any, ...]] = []
    for kind, amount in parts.items():
        taken, _ = lots.take(session, request.account(kind), amount, pick)
        rows += [(request.id, part.lot, len(rows) + n, kind, part.amount, part.amount) for n, part in enumerate(taken)]
    bulk.insert_tuples(session, HoldLot, _LOT, rows)
    shares = [(request.id, n, kind, amount, amount) for n, (kind, amount) in enumerate(parts.items())]
    bulk.insert_tuples(session, HoldPart, _PART, shares)


def _placing(request: HoldRequest, legs: tuple[Leg, ...]) -> Journal:
    return Journal(
        cause=request.id, purpose=PLACE, at_ms=request.at_ms, store=request.store, till=request.till,
        cashier=request.cashier, member=request.member, legs=legs,
    )  # fmt: skip


def held_account(account: AccountKey) -> AccountKey:
    """Return where an account's value is while it is held."""
    return account._replace(kind=KINDS[account.kind].held_in)


def _legs(account: AccountKey, amount: int) -> tuple[Leg, Leg]:
    return Leg(account, -amount), Leg(held_account(account), amount)


def lock_hold(session: Session, hold: UUID) -> Hold | None:
    """Return a hold, locked; None where there is none."""
    return session.get(Hold, hold, with_for_update=True, populate_existing=True)


def holds_of_baskets(session: Session, baskets: Sequence[UUID]) -> list[UUID]:
    """Return the open holds that were placed for these baskets, in a fixed order."""
    hold = table_of(Hold)
    rows = session.execute(
        select(hold.c.id).where(hold.c.basket_id.in_(baskets), hold.c.state == HELD).order_by(hold.c.id)
    )
    return list(rows.scalars())


def take_out(session: Session, hold: Hold, amount: int) -> tuple[dict[str, int], list[Part]]:
    """Take `amount` out of what is held, in the order of use. Return it by kind of account, and by lot.

    The balances concerned are locked. What is still held afterwards stays held until the hold ends.
    """
    part, kept = table_of(HoldPart), table_of(HoldLot)
    shares: dict[str, int] = {}
    rest = amount
    rows = session.execute(select(part).where(part.c.hold_id == hold.id, part.c.left > 0).order_by(part.c.n)).all()
    for row in rows:
        taken = min(rest, int(row.left))
        if taken > 0:
            own = (part.c.hold_id == hold.id, part.c.n == row.n)
            session.execute(update(part).where(*own).values(left=part.c.left - taken))
            shares[row.account_kind] = taken
            rest -= taken
    if rest:
        raise Refused("beyond_hold", f"hold {hold.id} keeps {amount - rest}, not {amount}")
    parts: list[Part] = []
    for kind, share in shares.items():
        rest = share
        lots_of_kind = (kept.c.hold_id == hold.id, kept.c.account_kind == kind, kept.c.left > 0)
        for row in session.execute(select(kept).where(*lots_of_kind).order_by(kept.c.n)).all():
            taken = min(rest, int(row.left))
            if taken > 0:
                own = (kept.c.hold_id == hold.id, kept.c.lot_id == row.lot_id)
                session.execute(update(kept).where(*own).values(left=kept.c.left - taken))
                parts.append(Part(row.lot_id, taken))
                rest -= taken
    return shares, parts


def lock_accounts(session: Session, hold: Hold) -> dict[str, AccountKey]:
    """Lock the balances a hold is about; return its accounts by kind."""
    part = table_of(HoldPart)
    kinds = session.execute(select(part.c.account_kind).where(part.c.hold_id == hold.id).order_by(part.c.n)).scalars()
    accounts = {kind: AccountKey(kind, hold.owner, hold.unit) for kind in kinds}
    lock_balances(session, [*accounts.values(), *map(held_account, accounts.values())])
    return accounts
