"""How often a till may look people up: counted over its last minute and hour, and a look too many is on record."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from cloud import audit
from cloud.members.care_models import PhoneLook, WalletLook
from cloud.members.rules import PhoneLooks, WalletLooks
from cloud.org.models import Till

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS


class Looker(NamedTuple):
    """Who looks: a cashier at a till of a store."""

    store: str
    till: str
    cashier: str


class Looking(NamedTuple):
    """A way of looking: where its looks are on record, the audit log's name of one too many, what it is in words."""

    record: type[PhoneLook] | type[WalletLook]
    action: str
    what: str


BY_PHONE = Looking(PhoneLook, "member.phone_looks", "looks for members by phone")
INTO_WALLETS = Looking(WalletLook, "member.wallet_looks", "looks into members' and cards' wallets")


def may_look(
    session: Session, way: Looking, rule: PhoneLooks | WalletLooks, who: Looker, question: UUID, *, now_ms: int
) -> bool:
    """Tell whether this till may look once more; one too many is put into the audit log.

    A look that is on record already is the same one, asked again because its answer was lost.
    """
    table = way.record
    if session.get(table, question) is not None:
        return True
    mine = _of_till(session, table, who)
    for window_ms, most in ((_MINUTE_MS, rule.in_a_minute), (_HOUR_MS, rule.in_an_hour)):
        looks = select(func.count()).select_from(table).where(mine, col(table.at_ms) > now_ms - window_ms)
        if session.exec(looks).one() >= most:
            audit.record(
                session,
                at_ms=now_ms,
                actor=f"till:{who.store}/{who.till}/{who.cashier}",
                action=way.action,
                subject=f"{who.store}/{who.till}",
                detail=f"more than {most} {way.what} in {window_ms // _MINUTE_MS} min: refused",
            )
            return False
    return True


def _of_till(session: Session, table: type[PhoneLook] | type[WalletLook], who: Looker) -> ColumnElement[bool]:
    """Return which looks count as this till's.

    Tills that head office does not know count as one: else an agent that lies names a new one for each look.
    """
    of_store = col(table.store_id) == who.store
    if session.get(Till, (who.store, who.till)) is not None:
        return of_store & (col(table.till) == who.till)
    known = select(Till.id).where(col(Till.store_id) == who.store)
    return of_store & col(table.till).not_in(known)
