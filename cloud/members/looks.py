"""How often a till may look people up: counted over its last minute and hour, and a look too many is on record."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from cloud import audit
from cloud.members.care_models import PhoneLook, WalletLook
from cloud.members.rules import PhoneLooks, WalletLooks

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
    for window_ms, most in ((_MINUTE_MS, rule.in_a_minute), (_HOUR_MS, rule.in_an_hour)):
        looks = (
            select(func.count())
            .select_from(table)
            .where(col(table.store_id) == who.store, col(table.till) == who.till, col(table.at_ms) > now_ms - window_ms)
        )
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
