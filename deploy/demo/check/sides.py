"""What both sides have written down, read by plain SQL: the cloud's database and every agent's disk."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

_COUPON = "coupon"
"""The reason of a discount that a coupon promotion took off."""
Row = tuple[Any, ...]
Tenders = tuple[tuple[str, int], ...]
"""Name and amount: of each tender, in the order given."""


@dataclass(frozen=True, slots=True)
class WrittenSale:
    """A sale as one side has it. `lines` are (item, quantity, net) in the order rung.

    `coupons` is what each campaign's coupon took off, by promotion; `points` what its receipt promises, None where it
    promises nothing.
    """

    id: str
    store: str
    till: str
    series: str
    number: int
    at_ms: int
    book_version: int
    total_minor: int
    lines: tuple[tuple[str, int, int], ...]
    tenders: Tenders
    coupons: Tenders = ()
    points: int | None = None


@dataclass(slots=True)
class EdgeSide:
    """One agent's disk."""

    store: str
    sales: dict[str, WrittenSale] = field(default_factory=dict)
    receipts: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """Numbers taken, by till and series."""
    unacked: int = 0
    version_in_force: int = 0
    open_baskets: int = 0


def read_edge(store: str, path: Path) -> EdgeSide:
    """Read an agent's database, which nobody writes any more."""
    side = EdgeSide(store)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
        for till, series, number in db.execute("SELECT till, series, number FROM receipt ORDER BY 1, 2, 3"):
            numbers[till, series].append(number)
        side.receipts = dict(numbers)
        for (content,) in db.execute("SELECT content FROM event WHERE kind = 'sale'"):
            sale = _edge_sale(json.loads(content))
            side.sales[sale.id] = sale
        side.unacked = _one(
            # Event n is number n - base of the epoch it was numbered in last.
            db.execute(
                "SELECT count(*) FROM event e, agent a JOIN epoch p USING (epoch) WHERE e.n - p.base > a.acked_seq"
            )
        )
        side.version_in_force = _one(
            db.execute("SELECT coalesce(max(version), 0) FROM timeline WHERE latched_ms IS NOT NULL")
        )
        side.open_baskets = _one(db.execute("SELECT count(*) FROM basket"))
    return side


def _edge_sale(event: dict[str, Any]) -> WrittenSale:
    return WrittenSale(
        id=str(UUID(event["id"])),
        store=event["store"],
        till=event["till"],
        series=event["receipt"]["series"],
        number=event["receipt"]["number"],
        at_ms=event["at_ms"],
        book_version=event["book"]["version"],
        total_minor=event["total_minor"],
        lines=tuple(_edge_line(*line) for line in event["lines"]),
        tenders=tuple((tender["method"], tender["minor"]) for tender in event["tenders"]),
        coupons=_by_name(
            (discount[2], discount[1])
            for line in event["lines"]
            for discount in (line[3] if len(line) > 3 else ())
            if discount[0] == _COUPON
        ),
        points=event.get("points_promised"),
    )


def _by_name(parts: Iterable[tuple[str, int]]) -> Tenders:
    """Return amounts added up by name, in order."""
    found: defaultdict[str, int] = defaultdict(int)
    for name, minor in parts:
        found[name] += minor
    return tuple(sorted(found.items()))


def _edge_line(
    item: str,
    quantity: int,
    price: int | list[int],
    discounts: Sequence[Sequence[Any]] = (),
    extras: dict[str, Any] | None = None,
) -> tuple[str, int, int]:
    """Return a line's item, quantity and net, which is written only where it is not what price and discounts give.

    A price is for one unit, or `[price, units]`; half a minor unit is rounded up. A discount is `[reason, minor, ...]`.
    """
    if extras and "net_minor" in extras:
        return item, quantity, extras["net_minor"]
    minor, basis = price if isinstance(price, list) else (price, 1)
    gross = (2 * minor * quantity + basis) // (2 * basis)
    return item, quantity, gross - sum(discount[1] for discount in discounts)


def _one(rows: Iterable[Row]) -> int:
    return int(next(iter(rows))[0])


class CloudSide:
    """The cloud's database, SQLite or PostgreSQL, behind the same plain queries."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def rows(self, query: str) -> Iterator[Row]:
        """Run a query and yield its rows; ids come as text in one form on both databases."""
        cursor = self._connection.cursor()
        cursor.execute(query)
        for row in cursor:
            yield tuple(str(value) if isinstance(value, UUID) else value for value in row)

    def one(self, query: str) -> int:
        """Run a query that answers with one number."""
        return _one(self.rows(query))

    def sales(self) -> Iterator[WrittenSale]:
        """Yield every sale."""
        lines: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
        for sale, item, quantity, net in self.rows(
            "SELECT sale_id, item, quantity, net_minor FROM sale_line ORDER BY sale_id, n"
        ):
            lines[sale].append((item, quantity, net))
        tenders: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for sale, method, minor in self.rows("SELECT sale_id, method, minor FROM sale_tender ORDER BY sale_id, n"):
            tenders[sale].append((method, minor))
        coupons: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for sale, source, minor in self.rows(
            f"SELECT sale_id, source, sum(minor) FROM sale_discount WHERE reason = '{_COUPON}' GROUP BY sale_id, source"  # noqa: S608
        ):
            coupons[sale].append((source, int(minor)))
        for id_, store, till, series, number, at_ms, book_version, total_minor, points in self.rows(
            "SELECT id, store_id, till_id, receipt_series, receipt_number, at_ms, book_version, total_minor,"
            " points_promised FROM sale"
        ):
            yield WrittenSale(
                id=canonical(id_),
                store=store,
                till=till,
                series=series,
                number=number,
                at_ms=at_ms,
                book_version=book_version,
                total_minor=total_minor,
                lines=tuple(lines[id_]),
                tenders=tuple(tenders[id_]),
                coupons=tuple(sorted(coupons[id_])),
                points=points,
            )

    def buyers(self) -> Iterator[tuple[str, str | None]]:
        """Yield every sale's id with the member who owns the card shown, as known by now."""
        for sale, member in self.rows(
            "SELECT s.id, coalesce(s.member_id, c.member_id) FROM sale s LEFT JOIN card c ON c.id = s.card_id"
        ):
            yield canonical(sale), None if member is None else canonical(member)


def canonical(id_: str) -> str:
    """Return an id in the form with hyphens; SQLite keeps it without."""
    return str(UUID(id_))


@contextmanager
def open_cloud(url: str) -> Iterator[CloudSide]:
    """Open the cloud's database by its SQLAlchemy URL, for reading."""
    if url.startswith("sqlite:///"):
        connection: Any = sqlite3.connect(f"file:{url.removeprefix('sqlite:///')}?mode=ro", uri=True)
    else:
        import psycopg  # noqa: PLC0415 - only where the run used PostgreSQL

        connection = psycopg.connect(url.replace("postgresql+psycopg://", "postgresql://", 1))
    with closing(connection):
        yield CloudSide(connection)
