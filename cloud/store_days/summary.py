"""Store days added up for people: takings, shifts, missing cash, and what cashiers did besides selling."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, exists, func, select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from cloud.org.models import Store
from cloud.sales.models import DrawerOpening, Sale, SaleReturn, SaleVoid, StoreDay
from cloud.store_days.models import (
    BasketVoid,
    CashMovement,
    GoodsReturn,
    ReceiptCopy,
    SaleAdjustment,
    ShiftReport,
    TillShift,
)
from cloud.web.tables import Query
from shared.wire.drawer_events import DrawerReason
from shared.wire.till_events import CashMove

BY_HAND = DrawerReason.BY_HAND.value
NO_SALE = CashMove.NO_SALE.value
Key = tuple[str, date]


@dataclass(kw_only=True)
class DayRow:
    """A store's business day. Money is in minor units of the store's currency."""

    store: str
    name: str
    day: date
    sales: int
    total_minor: int
    returns: int
    """Everything that came back, `voids` among it."""
    refund_minor: int
    voids: int
    """Sales undone right after they were paid."""
    void_minor: int
    exponent: int
    currency: str
    shifts: int = 0
    closed: int = 0
    difference_minor: int = 0
    """Counted less what should be there, over the newest Z report of each closed shift."""
    off: int = 0
    """How many of them differ at all."""
    reissued: int = 0
    no_sales: int = 0
    by_hand: int = 0

    @property
    def open_shifts(self) -> int:
        """Shifts without a Z report yet."""
        return self.shifts - self.closed

    @property
    def brought_back(self) -> int:
        """Returns that customers came with."""
        return self.returns - self.voids

    @property
    def brought_back_minor(self) -> int:
        """What those came to."""
        return self.refund_minor - self.void_minor

    @property
    def net_minor(self) -> int:
        """Sales less what came back."""
        return self.total_minor - self.refund_minor


@dataclass(kw_only=True)
class CashierRow:
    """What one cashier did on a store's day besides plain selling."""

    cashier: str
    sales: int = 0
    total_minor: int = 0
    overrides: int = 0
    overrides_minor: int = 0
    voids: int = 0
    undone: int = 0
    """Whole sales given back right after they were paid: no returns, though goods and money went the same way."""
    baskets_given_up: int = 0
    returns: int = 0
    without_receipt: int = 0
    no_sales: int = 0
    by_hand: int = 0
    copies: int = 0
    approved: int = 0
    """How often they approved what somebody else did."""
    approvals: Counter[str] = field(default_factory=Counter)
    """Who approved what they did, and how often."""


def with_shifts(session: Session, rows: Sequence[DayRow]) -> list[DayRow]:
    """Fill in what shifts and drawers of these days come to."""
    if not rows:
        return []
    by_key = {(row.store, row.day): row for row in rows}
    for found in _grouped(session, by_key, _shifts()):
        by_key[found[0], found[1]].shifts = int(found[2])
    for found in _grouped(session, by_key, _reports()):
        row = by_key[found[0], found[1]]
        row.closed, row.reissued = int(found[2]), int(found[3])
        row.difference_minor, row.off = int(found[4]), int(found[5])
    for found in _grouped(session, by_key, _counted(CashMovement, col(CashMovement.move) == NO_SALE)):
        by_key[found[0], found[1]].no_sales = int(found[2])
    for found in _grouped(session, by_key, _counted(DrawerOpening, col(DrawerOpening.reason) == BY_HAND)):
        by_key[found[0], found[1]].by_hand = int(found[2])
    return list(rows)


def day_row(session: Session, store: Store, day: date) -> DayRow:
    """Return one store's day, empty where nothing was sold."""
    return with_shifts(session, [sums_of(session, store, day)])[0]


def sums_of(session: Session, store: Store, day: date) -> DayRow:
    """Return what one store's day comes to, without its shifts and drawers."""
    nothing = StoreDay(
        store_id=store.id, business_date=day, sales=0, lines=0, total_minor=0, returns=0, refund_minor=0, voids=0,
        void_minor=0,
    )  # fmt: skip
    return as_row(session.get(StoreDay, (store.id, day)) or nothing, store)


def as_row(sums: StoreDay, store: Store) -> DayRow:
    """Return a day's sums as a row, its shifts not looked at yet."""
    return DayRow(
        store=store.id,
        name=store.name,
        day=sums.business_date,
        sales=sums.sales,
        total_minor=sums.total_minor,
        returns=sums.returns,
        refund_minor=sums.refund_minor,
        voids=sums.voids,
        void_minor=sums.void_minor,
        exponent=store.exponent,
        currency=store.currency,
    )


def cashiers(session: Session, store: str, day: date) -> list[CashierRow]:
    """Return what each cashier did, those with most exceptions first."""
    rows: defaultdict[str, CashierRow] = defaultdict(lambda: CashierRow(cashier=""))
    _sold(session, store, day, rows)
    _overridden(session, store, day, rows)
    plain = (
        (SaleVoid, "voids", ""),
        (BasketVoid, "baskets_given_up", "approved_by"),
        (GoodsReturn, "without_receipt", "approved_by"),
        (ReceiptCopy, "copies", ""),
    )
    for model, name, approved in plain:
        table = cast("Any", model)
        _count(session, select(table).where(table.store_id == store, table.business_date == day), rows, name, approved)
    back = select(SaleReturn).where(col(SaleReturn.store_id) == store, col(SaleReturn.business_date) == day)
    _count(session, back.where(col(SaleReturn.void)), rows, "undone", "approved_by")
    _count(session, back.where(~col(SaleReturn.void)), rows, "returns", "approved_by")
    moves = select(CashMovement).where(
        col(CashMovement.store_id) == store,
        col(CashMovement.business_date) == day,
        col(CashMovement.move) == NO_SALE,
    )
    _count(session, moves, rows, "no_sales", "approved_by")
    drawers = select(DrawerOpening).where(
        col(DrawerOpening.store_id) == store,
        col(DrawerOpening.business_date) == day,
        col(DrawerOpening.reason) == BY_HAND,
    )
    _count(session, drawers, rows, "by_hand", "")
    for row in list(rows.values()):
        for who, times in row.approvals.items():
            rows[who].approved += times
    for name, row in rows.items():
        row.cashier = name
    return sorted(rows.values(), key=lambda row: (-_exceptions(row), row.cashier))


def _exceptions(row: CashierRow) -> int:
    given_up = row.voids + row.undone + row.baskets_given_up
    return row.overrides + given_up + row.without_receipt + row.no_sales + row.by_hand + row.copies


def _sold(session: Session, store: str, day: date, rows: defaultdict[str, CashierRow]) -> None:
    query = (
        select(col(Sale.cashier), func.count(), func.sum(col(Sale.total_minor)))
        .where(col(Sale.store_id) == store, col(Sale.business_date) == day)
        .group_by(col(Sale.cashier))
    )
    for cashier, sales, minor in session.execute(query):
        rows[cashier].sales, rows[cashier].total_minor = int(sales), int(minor)


def _overridden(session: Session, store: str, day: date, rows: defaultdict[str, CashierRow]) -> None:
    query = (
        select(col(SaleAdjustment.decided_by), col(SaleAdjustment.approved_by), col(SaleAdjustment.minor))
        .join(Sale, col(Sale.id) == col(SaleAdjustment.sale_id))
        .where(col(Sale.store_id) == store, col(Sale.business_date) == day, col(SaleAdjustment.decided_by) != "")
    )
    for who, approved, minor in session.execute(query):
        rows[who].overrides += 1
        rows[who].overrides_minor += int(minor)
        if approved:
            rows[who].approvals[approved] += 1


def _count(session: Session, query: Query, rows: defaultdict[str, CashierRow], name: str, approved: str) -> None:
    for one in session.scalars(query):
        row = rows[one.cashier]
        setattr(row, name, getattr(row, name) + 1)
        by = getattr(one, approved) if approved else ""
        if by:
            row.approvals[by] += 1


def _shifts() -> Query:
    return select(col(TillShift.store_id), col(TillShift.business_date), func.count())


def is_newest_report() -> ColumnElement[bool]:
    """Tell a shift's newest Z report from those before it, by looking at that shift alone: there are many shifts."""
    later = aliased(ShiftReport)
    of_it = (col(later.shift_id) == col(ShiftReport.shift_id), col(later.version) > col(ShiftReport.version))
    return ~exists().where(*of_it)


def _reports() -> Query:
    difference = col(ShiftReport.counted_minor) - col(ShiftReport.cash_expected_minor)
    return select(
        col(ShiftReport.store_id),
        col(ShiftReport.business_date),
        func.count(),
        func.count().filter(col(ShiftReport.version) > 1),
        func.coalesce(func.sum(difference), 0),
        func.count().filter(difference != 0),
    ).where(is_newest_report())


def _counted(model: Any, which: Any) -> Query:
    return select(model.store_id, model.business_date, func.count()).where(which)


def _grouped(session: Session, keys: dict[Key, DayRow], query: Query) -> list[tuple[Any, ...]]:
    """Run a sum by store and day for these days only."""
    store, day = list(query.selected_columns)[:2]
    stores, days = {key[0] for key in keys}, {key[1] for key in keys}
    found = session.execute(query.where(store.in_(stores), day.in_(days)).group_by(store, day))
    return [tuple(row) for row in found if (row[0], row[1]) in keys]
