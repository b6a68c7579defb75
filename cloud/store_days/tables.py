"""The tables of store days: days of the chain, and the shifts of one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased
from sqlmodel import col

from cloud.org.models import Store
from cloud.sales.models import StoreDay
from cloud.store_days.models import ShiftReport, TillShift
from cloud.store_days.summary import DayRow, as_row, with_shifts
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource, as_day
from shared.web.words import marked

Reasons = Mapping[str, str]
"""What the store's reasons are called, by code, in the reader's language."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OneDay:
    """Whose day a table is of, and how its reader says what stores decided."""

    store: Store
    day: date
    reasons: Reasons

    def money(self, minor: int, tone: str = "") -> Cell:
        """Return an amount as a cell."""
        return Cell(value=minor, exponent=self.store.exponent, tone=tone)

    def reason(self, code: str) -> str | None:
        """Return what a reason is called."""
        return self.reasons.get(code, code) or None

    def at(self, ms: int) -> Cell:
        """Return a moment by the store's clock."""
        return Cell(value=ms, zone=self.store.time_zone)


def _difference(row: DayRow) -> Cell:
    if not row.closed:
        return Cell(value=None)
    tone = "bad" if row.difference_minor < 0 else "warn" if row.difference_minor else ""
    return Cell(value=row.difference_minor, exponent=row.exponent, tone=tone)


def _some(count: int, tone: str = "warn") -> Cell:
    return Cell(value=count, tone=tone if count else "")


def _day_columns() -> Sequence[Column[DayRow]]:
    return (
        Column(
            key="day",
            title=marked("Business day"),
            order=col(StoreDay.business_date),
            cell=lambda row: Cell(value=row.day.isoformat(), href=f"/stores/{row.store}/days/{row.day}"),
        ),
        Column(
            key="store",
            title=marked("Store"),
            kind=Kind.WRAP,
            order=col(StoreDay.store_id),
            cell=lambda row: Cell(value=row.name, href=f"/stores/{row.store}", note=row.store),
        ),
        Column(
            key="sales",
            title=marked("Number of sales"),
            kind=Kind.NUMBER,
            order=col(StoreDay.sales),
            cell=lambda row: row.sales,
        ),
        Column(
            key="takings",
            title=marked("Takings"),
            kind=Kind.MONEY,
            order=col(StoreDay.total_minor) - col(StoreDay.refund_minor),
            cell=lambda row: Cell(value=row.net_minor, exponent=row.exponent),
        ),
        Column(key="currency", title=marked("Currency"), cell=lambda row: row.currency),
        Column(key="shifts", title=marked("Shifts"), kind=Kind.NUMBER, cell=lambda row: row.shifts),
        Column(key="open", title=marked("still open"), kind=Kind.NUMBER, cell=lambda row: _some(row.open_shifts)),
        Column(key="difference", title=marked("Cash difference"), kind=Kind.MONEY, cell=_difference),
        Column(key="late", title=marked("Z re-issued"), kind=Kind.NUMBER, cell=lambda row: _some(row.reissued)),
        Column(key="no_sales", title=marked("No-sales"), kind=Kind.NUMBER, cell=lambda row: row.no_sales),
        Column(
            key="by_hand",
            title=marked("Drawer by hand"),
            kind=Kind.NUMBER,
            cell=lambda row: _some(row.by_hand, "bad"),
        ),
    )


def _days(asked: Asked) -> Query:
    query: Query = select(StoreDay, Store).join(Store, col(Store.id) == col(StoreDay.store_id))
    if asked.get("store"):
        query = query.where(col(StoreDay.store_id) == asked.get("store"))
    if day := as_day(asked.get("from")):
        query = query.where(col(StoreDay.business_date) >= day)
    if day := as_day(asked.get("to")):
        query = query.where(col(StoreDay.business_date) <= day)
    return query


def _as_row(found: Any) -> DayRow:
    return as_row(found.StoreDay, found.Store)


DAYS: Listing[DayRow] = Listing(
    name="store-days",
    title=marked("Store days"),
    columns=_day_columns(),
    source=SqlSource(_days, _as_row, _day_columns, (col(StoreDay.store_id),), enrich=with_shifts),
    order="-day",
    filters=(
        Filter(key="store", title=marked("Store")),
        Filter(key="from", title=marked("From (2026-01-31)")),
        Filter(key="to", title=marked("To (2026-01-31)")),
    ),
    empty=marked("A store's first sale opens its first day."),
)


def shifts(of: OneDay) -> Listing[Any]:
    """Return the table of a day's shifts, each with its newest Z report; open ones too."""

    def columns() -> Sequence[Column[Any]]:
        return (
            Column(
                key="till",
                title=marked("Till"),
                order=col(TillShift.till_id),
                cell=lambda row: Cell(value=row.TillShift.till_id, href=f"/shifts/{row.TillShift.id}"),
            ),
            Column(
                key="cashier",
                title=marked("Cashier"),
                order=col(TillShift.staff_code),
                cell=lambda row: row.TillShift.staff_code,
            ),
            Column(
                key="opened",
                title=marked("Opened"),
                kind=Kind.MOMENT,
                order=col(TillShift.opened_ms),
                cell=lambda row: of.at(row.TillShift.opened_ms),
            ),
            Column(
                key="closed",
                title=marked("Closed"),
                kind=Kind.MOMENT,
                cell=lambda row: of.at(row.ShiftReport.closed_ms) if row.ShiftReport else None,
            ),
            Column(
                key="sales",
                title=marked("Number of sales"),
                kind=Kind.NUMBER,
                cell=lambda row: row.ShiftReport.sales if row.ShiftReport else None,
            ),
            Column(key="takings", title=marked("Sales"), kind=Kind.MONEY, cell=_of_report(of, "sales_minor")),
            Column(
                key="expected",
                title=marked("Cash expected"),
                kind=Kind.MONEY,
                cell=_of_report(of, "cash_expected_minor"),
            ),
            Column(key="counted", title=marked("Counted"), kind=Kind.MONEY, cell=_of_report(of, "counted_minor")),
            Column(key="difference", title=marked("Difference"), kind=Kind.MONEY, cell=_shift_difference(of)),
            Column(key="z", title=marked("Z report"), cell=_z),
        )

    def query(_asked: Asked) -> Query:
        every = aliased(ShiftReport)
        versions = select(func.max(col(every.version))).where(col(every.shift_id) == col(TillShift.id))
        newest = versions.correlate(TillShift).scalar_subquery()
        return (
            select(TillShift, ShiftReport)
            .join(
                ShiftReport,
                (col(ShiftReport.shift_id) == col(TillShift.id)) & (col(ShiftReport.version) == newest),
                isouter=True,
            )
            .where(col(TillShift.store_id) == of.store.id, col(TillShift.business_date) == of.day)
        )

    return Listing(
        name="shifts",
        title=marked("Shifts"),
        columns=columns(),
        source=SqlSource(query, lambda row: row, columns, (col(TillShift.id),)),
        order="till",
        empty=marked("No shift was opened on this day."),
    )


def _of_report(of: OneDay, name: str) -> Callable[[Any], Cell]:
    return lambda row: of.money(getattr(row.ShiftReport, name)) if row.ShiftReport else Cell(value=None)


def _shift_difference(of: OneDay) -> Callable[[Any], Cell]:
    def cell(row: Any) -> Cell:
        if row.ShiftReport is None:
            return Cell(value=None)
        minor = row.ShiftReport.counted_minor - row.ShiftReport.cash_expected_minor
        return of.money(minor, "bad" if minor < 0 else "warn" if minor else "")

    return cell


def _z(row: Any) -> Cell:
    if row.ShiftReport is None:
        return Cell(value=marked("still open"), say=True, tone="quiet")
    if row.ShiftReport.version > 1:
        version = {"version": row.ShiftReport.version}
        return Cell(value=marked("re-issued: version {version}"), say=True, values=version, tone="warn")
    return Cell(value=marked("version 1"), say=True)
