"""The table of sales and returns: what was sold, and what came back of it as a negative amount, by the store's time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, select, union_all
from sqlmodel import Session, col

from cloud.org.models import Store
from cloud.org.stores import called
from cloud.sales.lateness import Words, arrivals, late_by, late_words
from cloud.sales.models import Sale, SaleReturn
from cloud.sales.naming import receipt_name
from cloud.store_days.models import GoodsReturn
from cloud.web.tables import MOST_COUNTED, PAGE_ROWS, Asked, Cell, Column, Cut, Filter, Kind, Listing, Query, as_day
from shared.web.words import marked

SALE, RETURN, VOID, WITHOUT = "sale", "return", "void", "without"
_MODELS: dict[str, type[Any]] = {SALE: Sale, RETURN: SaleReturn, VOID: SaleReturn, WITHOUT: GoodsReturn}
_KINDS = {"sales": (SALE,), "returns": (RETURN, WITHOUT), "voids": (VOID,)}
_UNDONE = cast("ColumnElement[bool]", col(SaleReturn.void))
_ONLY: dict[str, ColumnElement[bool]] = {RETURN: ~_UNDONE, VOID: _UNDONE}
SAID = {
    SALE: (marked("sale"), ""),
    RETURN: (marked("return"), "warn"),
    VOID: (marked("undone after payment"), "bad"),
    WITHOUT: (marked("return without receipt"), "warn"),
}
"""What each kind is called, and how remarkable it is."""


@dataclass(frozen=True, kw_only=True)
class Slip:
    """A receipt of whatever kind. What came back is negative; what a return has none of is None."""

    kind: str
    at_ms: int
    zone: str
    store: str
    store_name: str
    till: str
    receipt: str
    href: str
    total_minor: int
    exponent: int
    currency: str
    day: date
    late_ms: int
    lines: int | None
    saved_minor: int | None
    book: int | None


@dataclass(frozen=True)
class _Slips:
    """Sales and returns in one order. Each table is read by its own index and only as far as the page needs."""

    def cut(self, session: Session, asked: Asked) -> Cut[Slip]:
        """Return one page of rows, and how many there are."""
        count = 0
        for kind in _kinds(asked):
            some = _keys(kind, asked).limit(MOST_COUNTED).subquery()
            count += int(session.execute(select(func.count()).select_from(some)).scalar_one())
        count = min(count, MOST_COUNTED)
        page = min(asked.page, max(1, -(-count // PAGE_ROWS)))
        return Cut(count, page, self.rows(session, asked, offset=(page - 1) * PAGE_ROWS, limit=PAGE_ROWS))

    def rows(self, session: Session, asked: Asked, *, offset: int, limit: int) -> list[Slip]:
        """Return a stretch of them in the order asked for."""
        arms = []
        for kind in _kinds(asked):
            table = _MODELS[kind]
            order = [one.desc() if asked.descending else one.asc() for one in (col(table.at_ms), col(table.id))]
            first = _keys(kind, asked).order_by(*order).limit(offset + limit).subquery()
            arms.append(select(first))
        every = union_all(*arms).subquery()
        order = [one.desc() if asked.descending else one.asc() for one in (every.c.at_ms, every.c.id)]
        found = session.execute(select(every.c.kind, every.c.id).order_by(*order).offset(offset).limit(limit))
        return _read(session, [(kind, key) for kind, key in found])


def _kinds(asked: Asked) -> Sequence[str]:
    return _KINDS.get(asked.get("kind"), tuple(_MODELS))


def _keys(kind: str, asked: Asked) -> Query:
    table = _MODELS[kind]
    query: Query = select(literal(kind).label("kind"), col(table.id).label("id"), col(table.at_ms).label("at_ms"))
    if kind in _ONLY:
        query = query.where(_ONLY[kind])
    if asked.get("store"):
        query = query.where(col(table.store_id).in_(called(asked.get("store"))))
    if day := as_day(asked.get("day")):
        query = query.where(col(table.business_date) == day)
    return query


def _read(session: Session, keys: Sequence[tuple[str, UUID]]) -> list[Slip]:
    """Read whole what these keys stand for, in their order."""
    rows: dict[UUID, Any] = {}
    for table in dict.fromkeys(_MODELS.values()):
        ids = [key for which, key in keys if _MODELS[which] is table]
        if ids:
            rows.update({row.id: row for row in session.scalars(select(table).where(col(table.id).in_(ids)))})
    names = {row.store_id for row in rows.values()}
    stores = {one.id: one for one in session.scalars(select(Store).where(col(Store.id).in_(names)))}
    arrived = arrivals(session, {row.commit_no for row in rows.values()})
    slips = ((kind, rows[key]) for kind, key in keys)
    return [_slip(kind, row, stores.get(row.store_id), arrived.get(row.commit_no, 0)) for kind, row in slips]


def _slip(kind: str, row: Any, store: Store | None, arrived_ms: int) -> Slip:
    sale = cast("Sale", row) if kind == SALE else None
    return Slip(
        kind=kind,
        at_ms=row.at_ms,
        zone=sale.time_zone if sale else store.time_zone if store else "",
        store=row.store_id,
        store_name=store.name if store else row.store_id,
        till=row.till_id,
        receipt=receipt_name(row),
        href=place_of(row),
        total_minor=row.total_minor if sale else -row.total_minor,
        exponent=row.exponent,
        currency=row.currency,
        day=row.business_date,
        late_ms=0 if isinstance(row, GoodsReturn) else late_by(row, arrived_ms),
        lines=sale.line_count if sale else None,
        saved_minor=sale.saved_minor if sale else None,
        book=sale.book_version if sale else None,
    )


def place_of(row: Sale | SaleReturn | GoodsReturn) -> str:
    """Return the page that shows a slip: a return's is its sale's, one without a receipt is on its store's day."""
    if isinstance(row, GoodsReturn):
        return f"/stores/{row.store_id}/days/{row.business_date}"
    return f"/sales/{row.original_sale_id if isinstance(row, SaleReturn) else row.id}"


def _kind(row: Slip) -> Cell:
    text, tone = SAID[row.kind]
    return Cell(value=text, tone=tone, say=True)


def _at(row: Slip) -> Cell:
    late = late_words(row.late_ms) or Words("", {})
    return Cell(value=row.at_ms, zone=row.zone, mark=late.text, values=late.values)


def _total(row: Slip) -> Cell:
    return Cell(value=row.total_minor, exponent=row.exponent, note=row.currency)


def _money(row: Slip, minor: int | None) -> Cell:
    return Cell(value=minor, exponent=row.exponent)


def _columns() -> Sequence[Column[Slip]]:
    return (
        Column(
            key="at",
            title=marked("Sold (store time)"),
            kind=Kind.MOMENT,
            order=lambda row: row.at_ms,
            cell=_at,
        ),
        Column(key="receipt", title=marked("Receipt"), cell=lambda row: Cell(value=row.receipt, href=row.href)),
        Column(key="total", title=marked("Total"), kind=Kind.MONEY, cell=_total),
        Column(key="what", title=marked("Kind"), cell=_kind),
        Column(key="lines", title=marked("Lines"), kind=Kind.NUMBER, cell=lambda row: row.lines),
        Column(key="saved", title=marked("Saved"), kind=Kind.MONEY, cell=lambda row: _money(row, row.saved_minor)),
        Column(
            key="store",
            title=marked("Store"),
            kind=Kind.WRAP,
            cell=lambda row: Cell(value=row.store_name, href=f"/stores/{row.store}", note=row.store),
        ),
        Column(key="currency", title=marked("Currency"), cell=lambda row: row.currency, filed=True),
        Column(key="book", title=marked("Price book"), kind=Kind.NUMBER, cell=lambda row: row.book, filed=True),
        Column(key="day", title=marked("Business day"), cell=lambda row: row.day, filed=True),
        Column(key="till", title=marked("Till"), cell=lambda row: row.till, filed=True),
    )


SALES: Listing[Slip] = Listing(
    name="sales",
    title=marked("Sales"),
    columns=_columns(),
    source=_Slips(),
    order="-at",
    filters=(
        Filter(key="store", title=marked("Store")),
        Filter(key="day", title=marked("Business day (2026-01-31)")),
        Filter(
            key="kind",
            title=marked("Kind"),
            options=lambda _session: [
                ("sales", marked("Sales")),
                ("returns", marked("Returns")),
                ("voids", marked("Undone after payment")),
            ],
            say=True,
            otherwise=marked("sales and returns"),
        ),
    ),
    empty=marked("The first sale of a till appears here within seconds."),
)
