"""Coupons that a sale took off although they were not its to use: the sale stands, and a person decides what of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, select

from cloud import audit
from cloud.coupons.models import Coupon, CouponBatch, CouponConflict
from cloud.errors import Conflict, Invalid, NotFound
from cloud.sales.models import Sale, SaleDiscount

STANDS = "stands"
MISUSE = "misuse"
DECISIONS = (STANDS, MISUSE)


@dataclass(frozen=True, slots=True)
class Told:
    """A conflict with what is known around it: the sale that took the coupon, the one it belonged to, what it cost."""

    row: CouponConflict
    sale: Sale | None
    coupon: Coupon | None
    first: Sale | None
    """The sale that used it before, where there was one."""
    cost_minor: int
    """What the coupon's promotions took off this sale."""


def waiting(session: Session) -> int:
    """Return how many conflicts nobody has looked at."""
    return session.exec(select(func.count()).select_from(CouponConflict).where(CouponConflict.decision == "")).one()


def find(session: Session, sale: UUID, code: str) -> Told:
    """Return one with what is around it. Raise NotFound."""
    row = session.get(CouponConflict, (sale, code))
    if row is None:
        raise NotFound(f"sale {sale} has no conflict about coupon {code}")
    coupon = session.get(Coupon, code)
    first = session.get(Sale, coupon.used_sale) if coupon is not None and coupon.used_sale is not None else None
    return Told(row, session.get(Sale, sale), coupon, first, _cost(session, sale, coupon))


def decide(
    session: Session, sale: UUID, code: str, *, decision: str, by: str, note: str, now_ms: int
) -> CouponConflict:
    """Close a conflict, once: it `stands` (the chain bears it), or it was `misuse`.

    Raise NotFound, Invalid without a note or for another decision, Conflict where somebody decided before.
    """
    if decision not in DECISIONS:
        raise Invalid(f"decision: one of {', '.join(DECISIONS)}")
    if not note.strip():
        raise Invalid("note: say what you found")
    row = session.get(CouponConflict, (sale, code), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"sale {sale} has no conflict about coupon {code}")
    if row.decision:
        if (row.decision, row.decided_by) == (decision, by):
            return row
        raise Conflict(f"{row.decided_by} decided about coupon {code} before")
    row.decision, row.decided_by, row.decided_ms, row.note = decision, by, now_ms, note.strip()
    session.add(row)
    session.flush()
    audit.record(
        session, at_ms=now_ms, actor=by, action="coupons.conflict", subject=f"sale {sale}", reason=row.note,
        detail=f"coupon {code}: {decision}",
    )  # fmt: skip
    return row


def _cost(session: Session, sale: UUID, coupon: Coupon | None) -> int:
    """Return what the promotion that the coupon stands for took off the sale."""
    if coupon is None:
        return 0
    promotion = session.get_one(CouponBatch, coupon.batch).promotion
    taken = select(func.coalesce(func.sum(SaleDiscount.minor), 0))
    return int(session.exec(taken.where(SaleDiscount.sale_id == sale, SaleDiscount.source == promotion)).one())
