"""Top-ups: money in, gift money with it by campaign, never beyond what a card may hold.

What the purse owes from before is settled first where the rules say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import Session

from cloud.errors import Refused
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.kinds import PURSE_DEBT, PURSE_GIFT, PURSE_PRINCIPAL, VALUE_GRANTED, VALUE_SOLD
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import NewLot
from cloud.ledger.requests import Answered, once
from cloud.ledger.reversing import Undo
from cloud.members.reversals import reverse
from cloud.value import offers, purses, rules
from cloud.value.models import Purse
from shared.loyalty import months_later
from shared.value import ValueRule

TOP_UP = "top_up"
CAP_EXCEEDED = "cap_exceeded"
IDENTITY_NEEDED = "identity_needed"


class Promise(NamedTuple):
    """The gift money that whoever paid was told of, and how many months it lasts from that day (0: for ever)."""

    gift: int
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """So much money for a purse. `id` is its maker's; `basket` the receipt it is bought on: it pays nothing there.

    `identified`: the buyer's identity was taken down. `promised`: a till has taken the money after HQ had said yes; so
    it is theirs, with that gift money, whatever the rules or the purse have come to since.
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
    promised: Promise | None = None

    def content(self) -> Mapping[str, Any]:
        """Return what a repeat has to say again."""
        return {
            "purse": str(self.purse), "minor": self.minor, "store": self.store, "till": self.till,
            "cashier": self.cashier, "basket": str(self.basket or ""), "at_ms": self.at_ms,
        }  # fmt: skip


def top_up(session: Session, commit_no: int, wanted: TopUp, *, now_ms: int) -> Answered:
    """Put money into a purse, once. Refused: `cap_exceeded`, `identity_needed`, `purse_frozen`, `amount`."""

    def work() -> Mapping[str, Any]:
        return _top_up(session, commit_no, wanted, now_ms=now_ms)

    return once(session, wanted.id, TOP_UP, wanted.content(), work, now_ms=now_ms)


class Worth(NamedTuple):
    """What a top-up brings: gift money, how many months it lasts, and how much of it settles what the purse owes."""

    gift: int
    months: int
    recovered: int


def worth_of(
    session: Session, rule: ValueRule, purse: Purse, holding: purses.Holding, wanted: TopUp, *, now_ms: int
) -> Worth:
    """Return what a top-up of a locked purse brings by the rules of today. Raise Refused as `top_up` does."""
    if wanted.minor < 1:
        raise Refused("amount", f"a top-up is of at least 1, got {wanted.minor}")
    purses.require_open(purse)
    gift, months = rule.gift(wanted.minor, wanted.day)
    recovered = _recovered(session, rule, purse, wanted)
    kept = offers.kept_room(session, purse.id, now_ms=now_ms)
    require_room(rule, purse, holding, wanted.minor - recovered + gift + kept)
    if rule.identity_from_minor and wanted.minor >= rule.identity_from_minor and not wanted.identified:
        raise Refused(IDENTITY_NEEDED, f"from {rule.identity_from_minor} on the buyer's identity is needed")
    return Worth(gift, months, recovered)


def _recovered(session: Session, rule: ValueRule, purse: Purse, wanted: TopUp) -> int:
    return min(_owed(session, purse), wanted.minor) if rule.recover_debt else 0


def _top_up(session: Session, commit_no: int, wanted: TopUp, *, now_ms: int) -> Mapping[str, Any]:
    rule = rules.current(session)
    purse, holding = purses.lock(session, wanted.purse)
    if wanted.promised is None:
        gift, months, recovered = worth_of(session, rule, purse, holding, wanted, now_ms=now_ms)
    else:
        gift, months = wanted.promised
        recovered = _recovered(session, rule, purse, wanted)
    legs = _legs(wanted, purse, gift, recovered)
    journal = Journal(
        cause=wanted.id, purpose=TOP_UP, at_ms=wanted.at_ms, store=wanted.store, till=wanted.till,
        cashier=wanted.cashier, receipt=wanted.receipt, member=purse.member_id, rule_version=rule.version, legs=legs,
    )  # fmt: skip
    post(session, commit_no, [journal])
    ends = {PURSE_GIFT: months_later(wanted.day, months) if months else None, PURSE_PRINCIPAL: None}
    lots.bring(session, [_lot(wanted, leg, journal.key, ends[leg.account.kind]) for leg in legs if _is_lot(leg)])
    return {
        "purse": str(wanted.purse), "principal": wanted.minor - recovered, "gift": gift, "rule": rule.version,
        "recovered": recovered,
    }  # fmt: skip


def require_room(rule: ValueRule, purse: Purse, holding: purses.Holding, more: int) -> None:
    """Raise Refused (`cap_exceeded`) where a purse would hold more than the rules let it."""
    cap = rule.cap(named=purse.member_id is not None)
    if cap and holding.total + more > cap:
        raise Refused(CAP_EXCEEDED, f"it would hold {holding.total + more}, at most {cap} are allowed")


def _owed(session: Session, purse: Purse) -> int:
    """Return what a purse owes, its debt locked."""
    debt = purses.account(purse, PURSE_DEBT)
    return max(-lock_balances(session, [debt])[debt], 0)


def _is_lot(leg: Leg) -> bool:
    return leg.amount > 0 and leg.account.kind in (PURSE_PRINCIPAL, PURSE_GIFT)


def _legs(wanted: TopUp, purse: Purse, gift: int, recovered: int) -> tuple[Leg, ...]:
    legs = (
        Leg(purses.account(purse, PURSE_PRINCIPAL), wanted.minor - recovered),
        Leg(purses.account(purse, PURSE_DEBT), recovered),
        Leg(AccountKey(VALUE_SOLD, wanted.store, purse.currency), -wanted.minor),
        Leg(purses.account(purse, PURSE_GIFT), gift),
        Leg(AccountKey(VALUE_GRANTED, wanted.store, purse.currency), -gift),
    )
    return tuple(leg for leg in legs if leg.amount)


def _lot(wanted: TopUp, leg: Leg, key: tuple[UUID, str], expires_on: date | None = None) -> NewLot:
    return NewLot(
        account=leg.account, key=key, store=wanted.store, amount=leg.amount, expires_on=expires_on,
        basket=wanted.basket,
    )  # fmt: skip


def undo_top_up(session: Session, commit_no: int, undo: Undo) -> Journal:
    """Undo a top-up whole, gift money with it, with whoever has it by now.

    Refused (`value_gone`) when some of it is spent, unless by force.
    """
    return reverse(session, commit_no, undo)
