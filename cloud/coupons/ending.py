"""The coupons of a member who leaves: every open one ends, whoever lets them leave."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud.coupons import batches
from cloud.coupons.models import ISSUED, RESERVED, Coupon
from cloud.database.rowset import table_of
from shared.ids import UuidMint


def end_all(session: Session, mint: UuidMint, commit_no: int, member: UUID, *, actor: str, now_ms: int) -> int:
    """Take every open coupon of a member out of use. Return how many.

    Raise Refused (`not_open`) while a till has one set aside.
    """
    row = table_of(Coupon)
    query = select(row.c.code).where(row.c.member_id == member, row.c.state.in_((ISSUED, RESERVED)))
    codes = session.execute(query.order_by(row.c.code)).scalars().all()
    for code in codes:
        batches.void(session, commit_no, code, cause=mint(), actor=actor, at_ms=now_ms, reason="member has left")
    return len(codes)
