"""Top-ups: money in, gift money with it by campaign, never beyond what a card may hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session

from cloud.errors import Refused
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.kinds import PURSE_GIFT, PURSE_PRINCIPAL, VALUE_GRANTED, VALUE_SOLD
from cloud.ledger.lots import NewLot
from cloud.ledger.requests import Answered, once
from cloud.ledger.reversing import Undo, reverse
from cloud.value import purses, rules
from cloud.value.models import Purse
from shared.loyalty import months_later

TOP_UP = "top_up"
CAP_EXCEEDED = "cap_exceeded"
IDENTITY_NEEDED = "identity_needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """So much money for a purse. `id` is its maker's; `basket` the receipt it is bought on: it pays nothing there.

    `identified`: the buyer's identity was taken down.
    """

    id: UUID
    purse: UUID
    minor: int
    store: str
    day: date
    at_ms: int
    basket: UUID | None = None
    till: str = ""
    cashier: str = ""
    receipt: str = ""
    identified: bool = False

    def content(self) -> Mapping[str, Any]:
        """Return what a repeat has to say again."""
        return {
            "purse": str(self.purse), "minor": self.minor, "store": self.store, "till": self.till,
            "cashier": self.cashier, "basket": str(self.basket or ""), "at_ms": self.at_ms,
        }  # fmt: skip


def top_up(session: Session, commit_no: int, wanted: TopUp, *, now_ms: int) -> Answered:
    """Put money into a purse, once. Refused: `cap_exceeded`, `identity_needed`, `purse_frozen`, `amount`."""

    def work() -> Mapping[str, Any]:
        return _top_up(session, commit_no, wanted)

    return once(session, wanted.id, TOP_UP, wanted.content(), work, now_ms=now_ms)


def _top_up(session: Session, commit_no: int, wanted: TopUp) -> Mapping[str, Any]:
    if wanted.minor < 1:
        raise Refused("amount", f"a top-up is of at least 1, got {wanted.minor}")
    rule = rules.current(session)
    purse, holding = purses.lock(session, wanted.purse)
    purses.require_open(purse)
    gift, months = rule.gift(wanted.minor, wanted.day)
    cap = rule.cap(named=purse.member_id is not None)
    if cap and holding.total + wanted.minor + gift > cap:
        raise Refused(CAP_EXCEEDED, f"it would hold {holding.total + wanted.minor + gift}, at most {cap} are allowed")
    if rule.identity_from_minor and wanted.minor >= rule.identity_from_minor and not wanted.identified:
        raise Refused(IDENTITY_NEEDED, f"from {rule.identity_from_minor} on the buyer's identity is needed")
    legs = _legs(wanted, purse, gift)
    journal = Journal(
        cause=wanted.id, purpose=TOP_UP, at_ms=wanted.at_ms, store=wanted.store, till=wanted.till,
        cashier=wanted.cashier, receipt=wanted.receipt, member=purse.member_id, rule_version=rule.version, legs=legs,
    )  # fmt: skip
    post(session, commit_no, [journal])
    brought = [_lot(wanted, legs[0], journal.key)]
    if gift:
        brought.append(_lot(wanted, legs[2], journal.key, months_later(wanted.day, months) if months else None))
    lots.bring(session, brought)
    return {"purse": str(wanted.purse), "principal": wanted.minor, "gift": gift, "rule": rule.version}


def _legs(wanted: TopUp, purse: Purse, gift: int) -> tuple[Leg, ...]:
    sold = (
        Leg(purses.account(purse, PURSE_PRINCIPAL), wanted.minor),
        Leg(AccountKey(VALUE_SOLD, wanted.store, purse.currency), -wanted.minor),
    )
    if not gift:
        return sold
    return (
        *sold,
        Leg(purses.account(purse, PURSE_GIFT), gift),
        Leg(AccountKey(VALUE_GRANTED, wanted.store, purse.currency), -gift),
    )


def _lot(wanted: TopUp, leg: Leg, key: tuple[UUID, str], expires_on: date | None = None) -> NewLot:
    return NewLot(
        account=leg.account, key=key, store=wanted.store, amount=leg.amount, expires_on=expires_on,
        basket=wanted.basket,
    )  # fmt: skip


def undo_top_up(session: Session, commit_no: int, undo: Undo) -> Journal:
    """Undo a top-up whole, gift money with it. Refused (`value_gone`) when some of it is spent, unless by force."""
    return reverse(session, commit_no, undo)
