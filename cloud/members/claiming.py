"""Points claimed after the sale: by the receipt's code, once, for one member, within some days."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import Refused
from cloud.ledger.reading import points_of
from cloud.loyalty.late_credit import credit_sale
from cloud.members import blocks, changing, rules
from cloud.members.care_models import ReceiptClaim
from cloud.sales.models import Sale

_DAY_MS = 24 * 3600 * 1000


class Claimed(NamedTuple):
    """The points a receipt brought, and what the member has now."""

    earned: int
    points: int


def claim(
    session: Session, member: UUID, sale_id: UUID, *, store: str, cashier: str, commit_no: int, business_ms: int
) -> Claimed:
    """Credit a sale on which no card was shown.

    `store` and `cashier` are where the claim is made, `business_ms` is when, as sales have it.
    Raise NotFound or Refused: `points_blocked`, `receipt_not_here` (the till may still be without a network),
    `receipt_has_member` (a card was shown, or somebody has claimed it), `receipt_too_old`.
    """
    _check(session, member, sale_id, business_ms)
    return join_by(session, member, sale_id, store=store, cashier=cashier, commit_no=commit_no, business_ms=business_ms)


def _check(session: Session, member: UUID, sale_id: UUID, business_ms: int) -> None:
    changing.active(session, member)
    if blocks.POINTS in blocks.standing(session, [member]).get(member, ()):
        raise Refused("points_blocked", "this member collects no points for now")
    sale = table_of(Sale)
    oldest_ms = business_ms - rules.newest(session, rules.Watch).claim_days * _DAY_MS
    free = sale.c.member_id.is_(None) & sale.c.card_id.is_(None)
    if session.execute(select(sale.c.id).where(sale.c.id == sale_id, sale.c.at_ms < oldest_ms, free)).first():
        raise Refused("receipt_too_old", "the days in which its points can be claimed are over")


def join_by(
    session: Session, member: UUID, sale_id: UUID, *, store: str, cashier: str, commit_no: int, business_ms: int
) -> Claimed:
    """Give a member the receipt by which they join, however old: nobody else joins by it.

    Raise Refused: `receipt_not_here`, `receipt_has_member`.
    """
    sale = table_of(Sale)
    row = session.execute(
        select(sale.c.member_id, sale.c.card_id).where(sale.c.id == sale_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise Refused("receipt_not_here", "head office does not have this receipt yet: try again later")
    if row.member_id is not None or row.card_id is not None:
        raise Refused("receipt_has_member", "a member was named on this receipt before")
    session.execute(update(sale).where(sale.c.id == sale_id).values(member_id=member))
    session.add(
        ReceiptClaim(sale_id=sale_id, member_id=member, store_id=store, cashier=cashier, claimed_ms=business_ms)
    )
    session.flush()
    earned = credit_sale(session, commit_no, sale_id, member)
    return Claimed(earned, points_of(session, [member])[member])
