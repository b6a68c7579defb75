"""Cards given back at a desk: the application is taken there, HQ decides, the desk pays out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.errors import Refused
from cloud.value import card_returns, offers, purses, rules
from cloud.value.card_returns import APPLIED, PAID, Application
from cloud.value.desk_whose import Owner
from cloud.value.models import PurseReturn


def apply(
    session: Session,
    owner: Owner,
    *,
    currency: str,
    application: UUID,
    store: str,
    till: str,
    by: str,
    reason: str,
    now_ms: int,
) -> Mapping[str, Any]:
    """Take an application; what is on the card cannot be used until HQ has decided. Say what it will come to.

    Refused: `no_purse`, `purse_frozen` (applied for already), `purse_returned`, `top_up_open` (another till is taking
    money for it just now).
    """
    offers.supersede(session, store, till, now_ms=now_ms)
    purse = owner.find_purse(session, currency)
    purses.lock(session, purse.id)
    if offers.kept_room(session, purse.id, now_ms=now_ms):
        raise Refused("top_up_open", "a top-up of it is being paid at another till")
    wanted = Application(id=application, purse=purse.id, store=store, by=by, reason=reason)
    card_returns.apply(session, wanted, now_ms=now_ms)
    _, holding = purses.lock(session, purse.id)
    principal, gift = holding.principal + holding.principal_held, holding.gift + holding.gift_held
    fee = rules.current(session).return_fee(principal)
    return _said(owner, application, "applied", principal - fee, fee=fee, forfeited=gift)


def due(session: Session, owner: Owner, *, currency: str, store: str) -> Mapping[str, Any]:
    """Return what HQ has approved and nobody has paid out yet.

    Refused: `no_purse`, `return_none` (nobody applied), `return_waits` (HQ has not decided), `return_refused`,
    `return_elsewhere` (another store took the application), `return_paid`.
    """
    purse = owner.find_purse(session, currency)
    query = select(PurseReturn).where(col(PurseReturn.purse_id) == purse.id)
    row = session.execute(query.order_by(col(PurseReturn.applied_ms).desc()).limit(1)).scalar_one_or_none()
    if row is None:
        raise Refused("return_none", "nobody has applied to give this card back")
    if row.state == APPLIED:
        raise Refused("return_waits", "head office has not decided yet")
    if row.state != PAID:
        raise Refused("return_refused", row.note or "head office refused it")
    if row.handed_ms is not None:
        raise Refused("return_paid", "its money was given to its owner before")
    if row.store_id != store:
        raise Refused("return_elsewhere", f"store {row.store_id} took the application")
    return _said(owner, row.id, "approved", row.paid_minor, fee=row.fee_minor, forfeited=row.forfeited_minor)


def _said(owner: Owner, application: UUID, state: str, minor: int, *, fee: int, forfeited: int) -> Mapping[str, Any]:
    return {
        "member": str(owner.member or ""),
        "application": str(application),
        "state": state,
        "minor": minor,
        "fee_minor": fee,
        "forfeited_minor": forfeited,
    }
