"""Top-ups at a desk: offered before money is taken, posted by the event that took it, undone whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel import Session

from cloud import audit
from cloud.errors import Refused
from cloud.ledger.reversing import Undo
from cloud.value import offers, purses, rules, topping_up
from cloud.value.desk_models import TopUpOffer, ValueSale
from cloud.value.desk_whose import Owner, purse_of
from cloud.value.topping_up import TOP_UP, TopUp

OFFER_MINUTES = 30
"""So long room is kept for money that is being taken. What is sold later counts all the same."""
UNDO = "undo_top_up"
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """So much is to be sold, at whose hands. `id` is the question's and becomes the offer's."""

    id: UUID
    minor: int
    till: str
    cashier: str
    identified: bool = False


def offer(session: Session, store: str, owner: Owner, wish: Wish, *, today: date, now_ms: int) -> Mapping[str, Any]:
    """Say what a top-up would bring, and keep room for it: one at a time for each till.

    Raise Refused as `topping_up.top_up` does.
    """
    offers.supersede(session, store, wish.till, now_ms=now_ms)
    opened = purse_of(session, owner, store, today, now_ms=now_ms)
    purse, holding = purses.lock(session, opened.id)
    rule = rules.current(session)
    wanted = TopUp(
        id=wish.id, purse=purse.id, minor=wish.minor, store=store, day=today, at_ms=now_ms, identified=wish.identified
    )
    worth = topping_up.worth_of(session, rule, purse, holding, wanted, now_ms=now_ms)
    until_ms = now_ms + OFFER_MINUTES * _MINUTE_MS
    session.add(
        TopUpOffer(
            id=wish.id, purse_id=purse.id, minor=wish.minor, gift_minor=worth.gift, gift_months=worth.months,
            rule_version=rule.version, store_id=store, till_id=wish.till, cashier=wish.cashier, made_ms=now_ms,
            valid_until_ms=until_ms,
        )
    )  # fmt: skip
    session.flush()
    return {
        "member": str(owner.member or ""),
        "minor": wish.minor,
        "gift_minor": worth.gift,
        "balance_minor": holding.total + wish.minor - worth.recovered + worth.gift,
        "valid_until_ms": until_ms,
    }


def undo(
    session: Session,
    commit_no: int,
    sold: UUID,
    *,
    undone_by: UUID,
    store: str,
    till: str,
    cashier: str,
    approved_by: str,
    reason: str,
    at_ms: int,
    now_ms: int,
) -> Mapping[str, Any]:
    """Take a top-up back whole, before its price is handed back.

    Refused: `top_up_not_here` (the till may be ahead of HQ), `top_up_elsewhere` (another store sold it), `value_gone`
    (some of it is spent), `nothing_left` (undone before), `purse_frozen`, `purse_returned`.
    """
    row = session.get(ValueSale, sold)
    if row is None:
        raise Refused("top_up_not_here", "head office does not have this top-up yet")
    if row.store_id != store:
        raise Refused("top_up_elsewhere", f"store {row.store_id} sold it")
    purse, _ = purses.lock(session, row.purse_id)
    purses.require_open(purse)
    topping_up.undo_top_up(
        session, commit_no, undoing(undone_by, sold, at_ms=at_ms, store=store, till=till, cashier=cashier)
    )
    audit.record(
        session, at_ms=now_ms, actor=f"till:{store}/{till}/{cashier}", action="value.undo_top_up",
        subject=f"purse {row.purse_id}", reason=reason, detail=f"{row.minor} of {sold}, approved by {approved_by}",
    )  # fmt: skip
    session.flush()
    _, holding = purses.lock(session, row.purse_id)
    return {"minor": row.minor, "balance_minor": holding.total}


def undoing(cause: UUID, sold: UUID, *, at_ms: int, store: str, till: str, cashier: str, force: bool = False) -> Undo:
    """Return the reversal of a top-up: the same whether the question or its event comes to post it."""
    return Undo(
        cause=cause, purpose=UNDO, of=(sold, TOP_UP), at_ms=at_ms, store=store, till=till, cashier=cashier,
        force=force,
    )  # fmt: skip
