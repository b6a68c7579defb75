"""Coupons that nobody used: after their last day and some weeks for late sales, the books count them as ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlmodel import Session

from cloud.coupons.batches import end
from cloud.coupons.models import EXPIRED, ISSUED, PUBLIC, Coupon, CouponBatch
from cloud.database.rowset import table_of

LATE_DAYS = 40
"""A store may have been without a network for weeks: a sale that used a coupon in time still finds it open."""
_AT_ONCE = 2_000


def is_due(session: Session, today: date) -> bool:
    """Tell whether there is a coupon to end."""
    row = table_of(Coupon)
    return session.execute(select(row.c.code).where(*_ended(today)).limit(1)).first() is not None


def expire_ended(session: Session, commit_no: int, today: date, *, cause: Callable[[], UUID], at_ms: int) -> int:
    """End open coupons whose last day is long over, some at a time. Return how many; 0 when there are none left."""
    row = table_of(Coupon)
    some = select(row.c.code).where(*_ended(today)).order_by(row.c.code).limit(_AT_ONCE)
    gone = session.execute(
        # Said again: a batch that is made to last longer at this moment keeps its coupons.
        update(row).where(row.c.code.in_(some), *_ended(today)).values(state=EXPIRED).returning(row.c.batch)
    ).scalars()
    counts = Counter(gone)
    for name, count in sorted(counts.items()):
        end(session, commit_no, name, count, cause=cause(), at_ms=at_ms)
    session.expire_all()
    return counts.total()


def _ended(today: date) -> tuple[ColumnElement[bool], ...]:
    row, batch = table_of(Coupon), table_of(CouponBatch)
    public = select(batch.c.id).where(batch.c.kind == PUBLIC)
    return row.c.state == ISSUED, row.c.ends < today - timedelta(days=LATE_DAYS), row.c.batch.not_in(public)
