"""Shifts and cash of a store's day, as head office reads them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlmodel import Session, col, select

from cloud.errors import NotFound
from cloud.store_days.models import CashMovement, ShiftReport, TillShift


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
