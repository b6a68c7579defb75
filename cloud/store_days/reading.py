"""Shifts and cash of a store's day, as head office reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, func, select

from cloud.errors import NotFound
from cloud.sales.models import Sale, SaleReturn, SaleTender
from cloud.store_days.models import CashMovement, ShiftReport, TillShift


@dataclass(frozen=True, kw_only=True)
class SoFar:
    """What head office has heard of an open shift: no X report, which only the till can make. Money in minor units."""

    sales: int
    sales_minor: int
    returns: int
    returns_minor: int
    last_ms: int | None
    """When the last of it was sold."""
    tenders: dict[str, int] = field(default_factory=dict)
    """What was taken for sales by each way to pay, change taken off."""


class Undone(NamedTuple):
    """Whole sales given back right after they were paid. X and Z reports count them among the returns."""

    sales: int
    minor: int


def undone(session: Session, shift: TillShift) -> Undone:
    """Add up what was undone at a till after payment from the opening of a shift until the next was opened there."""
    later = select(func.min(TillShift.opened_ms)).where(
        TillShift.store_id == shift.store_id,
        TillShift.till_id == shift.till_id,
        TillShift.business_date == shift.business_date,
        TillShift.opened_ms > shift.opened_ms,
    )
    query = select(func.count(), func.coalesce(func.sum(SaleReturn.total_minor), 0)).where(
        SaleReturn.store_id == shift.store_id,
        SaleReturn.business_date == shift.business_date,
        SaleReturn.till_id == shift.till_id,
        SaleReturn.at_ms >= shift.opened_ms,
        col(SaleReturn.void),
    )
    until = session.exec(later).one()
    found = session.execute(query if until is None else query.where(col(SaleReturn.at_ms) < until)).one()
    return Undone(int(found[0]), int(found[1]))


def so_far(session: Session, shift: TillShift) -> SoFar:
    """Add up what came of a till's day since a shift was opened there."""
    sold = (
        col(Sale.store_id) == shift.store_id,
        col(Sale.business_date) == shift.business_date,
        col(Sale.till_id) == shift.till_id,
        col(Sale.at_ms) >= shift.opened_ms,
    )
    back = (
        col(SaleReturn.store_id) == shift.store_id,
        col(SaleReturn.business_date) == shift.business_date,
        col(SaleReturn.till_id) == shift.till_id,
        col(SaleReturn.at_ms) >= shift.opened_ms,
    )
    sales = session.execute(
        select(func.count(), func.coalesce(func.sum(Sale.total_minor), 0), func.max(Sale.at_ms)).where(*sold)
    ).one()
    returns = session.execute(
        select(func.count(), func.coalesce(func.sum(SaleReturn.total_minor), 0)).where(*back)
    ).one()
    paid = session.execute(
        select(col(SaleTender.method), func.sum(col(SaleTender.minor) - col(SaleTender.change_minor)))
        .join(Sale, col(Sale.id) == col(SaleTender.sale_id))
        .where(*sold)
        .group_by(col(SaleTender.method))
        .order_by(col(SaleTender.method))
    )
    return SoFar(
        sales=int(sales[0]),
        sales_minor=int(sales[1]),
        last_ms=sales[2],
        returns=int(returns[0]),
        returns_minor=int(returns[1]),
        tenders={method: int(minor) for method, minor in paid},
    )


def shifts_of(session: Session, store: str, day: date) -> Sequence[TillShift]:
    """Return the shifts of a store's business date, by till and time."""
    query = select(TillShift).where(TillShift.store_id == store, TillShift.business_date == day)
    return session.exec(query.order_by(col(TillShift.till_id), col(TillShift.opened_ms))).all()


def reports_of(session: Session, shift: UUID) -> Sequence[ShiftReport]:
    """Return every version of a shift's Z report, the newest first. Raise NotFound for a shift HQ never heard of."""
    found = session.exec(
        select(ShiftReport).where(ShiftReport.shift_id == shift).order_by(col(ShiftReport.version).desc())
    ).all()
    if not found and session.get(TillShift, shift) is None:
        raise NotFound(f"there is no shift {shift}")
    return found


def newest_reports(session: Session, store: str, day: date) -> list[ShiftReport]:
    """Return the newest Z report of each shift of a store's business date."""
    rows = session.exec(
        select(ShiftReport)
        .where(ShiftReport.store_id == store, ShiftReport.business_date == day)
        .order_by(col(ShiftReport.shift_id), col(ShiftReport.version))
    ).all()
    return list({row.shift_id: row for row in rows}.values())


def cash_of(session: Session, store: str, day: date) -> Sequence[CashMovement]:
    """Return the cash movements of a store's business date."""
    query = select(CashMovement).where(CashMovement.store_id == store, CashMovement.business_date == day)
    return session.exec(query.order_by(col(CashMovement.at_ms), col(CashMovement.id))).all()
