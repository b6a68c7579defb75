"""Tables of any length: sorted, filtered and paged by the address, so that a link is a saved view.

A feature describes its table once, as a `Listing`; page, filter form, sorting and export follow from that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from sqlalchemy import Select, SQLColumnExpression, func, select
from sqlmodel import Session

from shared.web.words import marked

R = TypeVar("R")
Scalar = str | int | date | None
Query = Select[*tuple[Any, ...]]
"""A query of whatever columns."""
PAGE_ROWS = 50
MOST_COUNTED = 10_000
"""Beyond this a table says "or more": counting millions of rows would take longer than reading a page of them."""


class Kind(StrEnum):
    """How a column is shown and exported."""

    TEXT = "text"
    WRAP = "wrap"
    CODE = "code"
    NUMBER = "number"
    MONEY = "money"
    MOMENT = "moment"
    PICTURE = "picture"
    """The value is a picture's address; what it shows is said in another column."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One value, and what is said with it. Without more, a plain value does as a cell."""

    value: Scalar
    href: str = ""
    tone: str = ""
    """`good`, `warn`, `bad` or `quiet` shows the value as a state."""
    say: bool = False
    """The value is a marked text, to be said in the reader's language."""
    values: Mapping[str, object] = field(default_factory=dict)
    """What stands in the braces of such a text."""
    note: str = ""
    """Small, after the value."""
    mark: str = ""
    """A marked text that warns, after the value; `values` fills its braces."""
    exponent: int = 2
    """Digits after the point, of money."""
    zone: str = ""
    """The zone of a moment; the house's where empty."""


@dataclass(frozen=True, kw_only=True)
class Column(Generic[R]):
    """A column: what a row shows in it, and what it is sorted by where it can be.

    `order` is an SQL expression for rows from the database, a function of the row for rows from memory.
    """

    key: str
    title: str
    cell: Callable[[R], Cell | Scalar]
    kind: Kind = Kind.TEXT
    order: SQLColumnExpression[Any] | Callable[[R], Any] | None = None
    filed: bool = False
    """It stands in files only: the page says it otherwise, or has no room for what few look for."""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """A choice among values, for the filter form; without options, a field to type into."""

    key: str
    title: str
    options: Callable[[Session], Sequence[tuple[str, str]]] | None = None
    """(value, text) of each choice."""
    say: bool = False
    """The texts are marked, to be said in the reader's language."""
    otherwise: str = marked("all")
    """What the choice is called that sets nothing (marked)."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the address asks of a table."""

    sort: str = ""
    descending: bool = False
    page: int = 1
    after: str = ""
    """The key behind which the page begins, in tables that are cut so; `before` is the key before which it ends."""
    before: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)

    def get(self, key: str) -> str:
        """Return what a filter is set to, empty for not at all."""
        return self.filters.get(key, "")


@dataclass(frozen=True, slots=True)
class Cut(Generic[R]):
    """One page of a table."""

    count: int
    """How many rows fit, MOST_COUNTED for that many or more."""
    page: int
    rows: list[R]
    steps: tuple[str, str] | None = None
    """Of a page that is cut by keys: before which key the one before ends, behind which the next begins."""


class Source(Protocol[R]):
    """Where rows come from."""

    def cut(self, session: Session, asked: Asked) -> Cut[R]:
        """Return one page of rows, and how many there are."""
        ...

    def rows(self, session: Session, asked: Asked, *, offset: int, limit: int) -> list[R]:
        """Return a stretch of them in the order asked for."""
        ...


@dataclass(frozen=True, kw_only=True)
class Listing(Generic[R]):
    """A table: its name in the address, its columns, its filters, its order until somebody chooses."""

    name: str
    title: str
    columns: Sequence[Column[R]]
    source: Source[R]
    order: str
    """A column's key, with a minus sign for descending."""
    filters: Sequence[Filter] = ()
    empty: str = ""
    """What is said where there is no row (marked)."""

    def asked(self, query: Mapping[str, str], prefix: str = "") -> Asked:
        """Read the address. What it asks for and is not there is left out, so that an old link still opens."""
        order = query.get(f"{prefix}sort", self.order)
        known = {column.key for column in self.columns if column.order is not None}
        if order.lstrip("-") not in known:
            order = self.order
        page = query.get(f"{prefix}page", "1")
        return Asked(
            sort=order.lstrip("-"),
            descending=order.startswith("-"),
            page=max(1, int(page)) if page.isdecimal() and len(page) < 9 else 1,
            after=_key(query.get(f"{prefix}after", "")),
            before=_key(query.get(f"{prefix}before", "")),
            filters={one.key: found for one in self.filters if (found := query.get(f"{prefix}{one.key}", "").strip())},
        )

    def cells(self, row: R) -> list[Cell]:
        """Return a row's cells, one for each column."""
        return [as_cell(column.cell(row)) for column in self.columns]

    @property
    def shown(self) -> list[Column[R]]:
        """Return the columns that a page shows."""
        return [column for column in self.columns if not column.filed]


def _key(text: str) -> str:
    return text if text.isprintable() else ""


def as_cell(value: Cell | Scalar) -> Cell:
    """Return a plain value as a cell."""
    return value if isinstance(value, Cell) else Cell(value=value)


@dataclass(frozen=True)
class SqlSource(Generic[R]):
    """Rows from the database, page by page. `last` makes the order the same every time."""

    query: Callable[[Asked], Query]
    row: Callable[[Any], R]
    columns: Callable[[], Sequence[Column[R]]]
    last: Sequence[SQLColumnExpression[Any]]
    enrich: Callable[[Session, list[R]], list[R]] | None = None
    counted: Callable[[Asked], Query] | None = None
    """The same rows without what is only shown of them, where counting those costs less."""

    def cut(self, session: Session, asked: Asked) -> Cut[R]:
        """Return one page of rows, and how many there are."""
        count = self.count(session, asked)
        page = _page(asked, count)
        return Cut(count, page, self.rows(session, asked, offset=(page - 1) * PAGE_ROWS, limit=PAGE_ROWS))

    def count(self, session: Session, asked: Asked) -> int:
        """Return how many rows fit, as far as they are counted."""
        some = (self.counted or self.query)(asked).order_by(None).limit(MOST_COUNTED).subquery()
        return int(session.execute(select(func.count()).select_from(some)).scalar_one())

    def rows(self, session: Session, asked: Asked, *, offset: int, limit: int) -> list[R]:
        """Return a stretch of them in the order asked for."""
        query = self.query(asked)
        for column in self.columns():
            if column.key == asked.sort and isinstance(column.order, SQLColumnExpression):
                query = query.order_by(column.order.desc() if asked.descending else column.order.asc())
        query = query.order_by(*self.last).offset(offset).limit(limit)
        found = [self.row(row) for row in session.execute(query)]
        return self.enrich(session, found) if self.enrich else found


@dataclass(frozen=True)
class ListSource(Generic[R]):
    """Rows that are few and computed: read whole, sorted in memory; `read` applies the filters."""

    read: Callable[[Session, Asked], list[R]]
    columns: Callable[[], Sequence[Column[R]]]

    def cut(self, session: Session, asked: Asked) -> Cut[R]:
        """Return one page of rows, and how many there are."""
        found = self._ordered(session, asked)
        page = _page(asked, len(found))
        return Cut(len(found), page, found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS])

    def rows(self, session: Session, asked: Asked, *, offset: int, limit: int) -> list[R]:
        """Return a stretch of them in the order asked for."""
        return self._ordered(session, asked)[offset : offset + limit]

    def _ordered(self, session: Session, asked: Asked) -> list[R]:
        found = self.read(session, asked)
        for column in self.columns():
            if column.key == asked.sort and callable(column.order):
                found = sorted(found, key=column.order, reverse=asked.descending)
        return found


def _page(asked: Asked, count: int) -> int:
    """Return the page asked for, or the last there is."""
    return min(asked.page, max(1, -(-count // PAGE_ROWS)))


@dataclass(frozen=True, kw_only=True)
class Head:
    """A column's head: its title, and the address that sorts by it."""

    title: str
    kind: Kind
    href: str
    sorted: str
    """`ascending`, `descending` or empty, as `aria-sort` says it."""


@dataclass(frozen=True, kw_only=True)
class TableView:
    """One page of a table, ready to be shown."""

    listing: Listing[Any]
    heads: list[Head]
    rows: list[list[Cell]]
    count: int
    first: int
    """The number of the first row shown, counted from 1; 0 where pages begin behind a key."""
    previous: str
    next: str
    asked: Asked
    options: dict[str, Sequence[tuple[str, str]]]
    prefix: str
    kept: list[tuple[str, str]]
    """Whatever else the address says, for the filter form to keep."""
    exports: list[tuple[str, str]]
    """(format, address) of each download."""


def table(listing: Listing[R], session: Session, query: Mapping[str, str], prefix: str = "") -> TableView:
    """Read one page of a table as the address asks for it. `prefix` tells two tables on one page apart."""
    asked = listing.asked(query, prefix)
    cut = listing.source.cut(session, asked)
    address = _Address(query, prefix)
    previous, following = _steps(cut, address)
    return TableView(
        listing=listing,
        heads=[_head(column, asked, address) for column in listing.shown],
        rows=[[as_cell(column.cell(row)) for column in listing.shown] for row in cut.rows],
        count=cut.count,
        first=(cut.page - 1) * PAGE_ROWS + 1 if cut.steps is None else 0,
        previous=previous,
        next=following,
        asked=asked,
        options={one.key: one.options(session) for one in listing.filters if one.options is not None},
        prefix=prefix,
        kept=address.kept({one.key for one in listing.filters} | _PLACE.keys()),
        exports=[(kind, address.export(listing.name, kind)) for kind in ("csv", "xlsx")],
    )


_PLACE = {"page": 1, "after": "", "before": ""}
"""What says which page of a table it is: of the first page, nothing."""


def _steps(cut: Cut[Any], address: _Address) -> tuple[str, str]:
    """Return the addresses of the page before and of the next, empty where there is none."""
    if cut.steps is not None:
        before, after = cut.steps
        return (
            address.with_(**_PLACE | {"before": before}) if before else "",
            address.with_(**_PLACE | {"after": after}) if after else "",
        )
    return (
        address.with_(**_PLACE | {"page": cut.page - 1}) if cut.page > 1 else "",
        address.with_(**_PLACE | {"page": cut.page + 1}) if cut.page * PAGE_ROWS < cut.count else "",
    )


def _head(column: Column[Any], asked: Asked, address: _Address) -> Head:
    if column.order is None:
        return Head(title=column.title, kind=column.kind, href="", sorted="")
    here = asked.sort == column.key
    turned = f"{'' if not here or asked.descending else '-'}{column.key}"
    said = ("descending" if asked.descending else "ascending") if here else ""
    return Head(title=column.title, kind=column.kind, href=address.with_(sort=turned, **_PLACE), sorted=said)


@dataclass(frozen=True)
class _Address:
    """The address of a page, changed in a few of this table's words and kept in the rest."""

    query: Mapping[str, str]
    prefix: str

    def with_(self, **changed: object) -> str:
        ours = {f"{self.prefix}{key}": str(value) for key, value in changed.items()}
        kept = {key: value for key, value in self.query.items() if key not in ours and key != "language"}
        return "?" + urlencode({**kept, **{key: value for key, value in ours.items() if not _says_nothing(key, value)}})

    def export(self, name: str, kind: str) -> str:
        kept = {key: value for key, value in self.query.items() if key != "language"}
        return "?" + urlencode({**kept, "export": kind, "table": name})

    def kept(self, dropped: set[str]) -> list[tuple[str, str]]:
        names = {f"{self.prefix}{key}" for key in dropped} | {"language"}
        return [(key, value) for key, value in self.query.items() if key not in names and value]


def _says_nothing(key: str, value: str) -> bool:
    return (key.endswith("page") and value == "1") or (key.endswith(("after", "before")) and not value)


def toned(pair: tuple[str, str]) -> Cell:
    """Return a code's name and tone as a cell."""
    return Cell(value=pair[0], tone=pair[1], say=True)


def as_day(text: str) -> date | None:
    """Read a day as people type it into a filter; None for what is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
