"""The audit on both databases: what a till charged, priced again from the sale's own record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select, text, update
from sqlmodel import Session

from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.pricing_audit import AuditBook, Audited, BookSource, Waiting, audit_pending, records, waiting
from cloud.pricing_audit.auditing import SALES_AT_ONCE
from cloud.pricing_audit.models import PriceAudit, PriceAuditDay
from cloud.sales.models import Sale
from shared.pricing import ENGINE_LEVEL, PaperCoupon, Price
from shared.pricing.kinds.percent_off import PercentOff
from shared.pricing.window import Hours, When
from shared.wire.events import BookReference, MemberOnSale
from tests.cloud.members_data import CARD, join, open_chain, shown, take
from tests.factories import (
    MANIFEST,
    STANDARD_PRICES,
    START_MS,
    MemoryPriceBook,
    make_price_book,
    make_return,
    make_sale,
)


class Book(MemoryPriceBook):
    """A price book whose manifest is known."""

    def __init__(self, book: MemoryPriceBook) -> None:
        super().__init__(book.version, book.items.values(), book.prices.values())
        self.index = book.index
        self.hash = (MANIFEST + bytes(16)).hex()
        self.prefetched: set[str] = set()

    def prefetch(self, items: Iterable[str]) -> None:
        self.prefetched |= set(items)


class Books:
    """The books HQ gave out; the same in every store."""

    def __init__(self, *books: MemoryPriceBook) -> None:
        self.known = {book.version: Book(book) for book in books}

    def book(self, session: Session, store: str, version: int) -> AuditBook | None:
        return self.known.get(version)


@pytest.fixture(autouse=True)
def _chain(database: Database) -> None:
    open_chain(database)


def audit_all(database: Database, books: BookSource, most_sales: int = SALES_AT_ONCE) -> Audited:
    total = Audited()
    while (turn := audit_pending(database, books, 1, limit=2, most_sales=most_sales)).commits:
        total = Audited(*(sum(pair) for pair in zip(total, turn, strict=True)))
    return total


def findings(database: Database) -> dict[UUID, tuple[str, list[dict[str, object]], int | None]]:
    with database.snapshot() as session:
        rows = session.execute(select(table_of(PriceAudit)))
        return {row.sale_id: (row.verdict, json.loads(row.difference), row.expected_minor) for row in rows}


def counts(database: Database) -> dict[str, int]:
    with database.snapshot() as session:
        return {row.verdict: row.sales for row in session.execute(select(table_of(PriceAuditDay)))}


def test_p4_what_the_till_priced_right_is_only_counted(database: Database) -> None:
    ann = join(database, [CARD])
    plain = make_sale([("1003", 1236), ("1001", 2)])
    coupon = PaperCoupon(code="c50", line=1, supplier_minor=50, chain_minor=30)
    take(database, [plain, make_sale(member=MemberOnSale(member=ann, tier="gold"), coupons=[coupon], number=2)])
    take(database, [make_sale(member=shown("8810000000000009"), number=3), make_return(plain, number=4)])
    take(database, [])
    books = Books(make_price_book())
    assert audit_all(database, books) == (3, 3, 0)
    assert audit_all(database, books) == (0, 0, 0)
    assert books.known[1].prefetched == {"1001", "1002", "1003"}
    assert (findings(database), counts(database)) == ({}, {"same": 3})


def test_p4_a_wrong_price_is_named_figure_by_figure_and_stays_charged(database: Database) -> None:
    dear = [Price(item="1001", regular_minor=520, member_minor=450), *STANDARD_PRICES[1:]]
    sale = make_sale([("1002", 1), ("1001", 2)], book=make_price_book(prices=dear))
    take(database, [sale])
    assert audit_all(database, Books(make_price_book())) == (1, 1, 1)
    verdict, difference, expected = findings(database)[sale.id]
    assert (verdict, expected, sale.total_minor) == ("differs", 2_299, 2_339)
    assert {"line": 2, "field": "price", "till": [520, 1], "hq": [500, 1]} in difference
    assert {"line": 2, "field": "net_minor", "till": 1_040, "hq": 1_000} in difference
    assert {one["line"] for one in difference} == {2}


def test_a_discount_of_another_name_is_a_difference_even_for_the_same_money(database: Database) -> None:
    sale = make_sale([("1001", 1)], member=shown(CARD))
    line = sale.lines[0]
    renamed = msgspec.structs.replace(line.discounts[0], source="goodwill")
    take(database, [msgspec.structs.replace(sale, lines=[msgspec.structs.replace(line, discounts=[renamed])])])
    audit_all(database, Books(make_price_book()))
    verdict, difference, expected = findings(database)[sale.id]
    assert (verdict, [one["field"] for one in difference], expected) == ("differs", ["discounts"], 450)


def test_what_cannot_be_priced_again_says_why(database: Database) -> None:
    unknown = make_sale(book=make_price_book(version=9))
    forged = make_sale(manifest=bytes(16), number=2)
    book = BookReference(version=1, manifest=MANIFEST, engine=ENGINE_LEVEL + 1, zone="Asia/Shanghai")
    newer = msgspec.structs.replace(make_sale(number=3), book=book)
    missing = make_sale([("1001", 1), ("1004", 1)], number=4)
    take(database, [unknown, forged, newer, missing])
    audit_all(database, Books(make_price_book(prices=STANDARD_PRICES[:3])))
    assert {sale: found[0] for sale, found in findings(database).items()} == {
        unknown.id: "book_unknown",
        forged.id: "book_unknown",
        newer.id: "engine_newer",
        missing.id: "price_missing",
    }
    assert counts(database) == {"book_unknown": 2, "engine_newer": 1, "price_missing": 1}


def test_figures_that_do_not_add_up_are_found(database: Database) -> None:
    sale = make_sale()
    take(database, [sale])
    with database.session() as session:
        session.execute(text("UPDATE sale_line SET net_minor = net_minor - 1 WHERE n = 1"))
    audit_all(database, Books(make_price_book()))
    verdict, difference, _ = findings(database)[sale.id]
    assert verdict == "arithmetic"
    assert [(one["line"], one["field"]) for one in difference] == [
        (1, "net_minor"),
        (0, "total_minor"),
        (0, "saved_minor"),
    ]


WINDOWED = [PercentOff(promotion="noon", off_bp=1000, when=When(hours=[Hours("11:00", "14:00")]))]


@pytest.mark.parametrize("poison", [{"time_zone": ""}, {"time_zone": "../../etc/passwd"}, {"priced_ms": 10**18}])
def test_p4_a_sale_that_cannot_be_priced_again_is_named_and_stops_no_other(
    database: Database, poison: dict[str, object]
) -> None:
    """As an agent could once send it, before head office refused such sales at the door."""
    book = make_price_book(promotions=WINDOWED)
    sick, well = make_sale(number=1, book=book), make_sale(number=2, book=book)
    take(database, [sick])
    with database.session() as session:
        session.execute(update(table_of(Sale)).values(poison))
    take(database, [well])
    assert audit_all(database, Books(book)) == (2, 2, 1)
    verdict, (difference,), expected = findings(database)[sick.id]
    assert (verdict, difference["field"], expected) == ("failed", "engine", None)
    assert counts(database) == {"failed": 1, "same": 1}


def test_p4_a_book_that_cannot_be_read_stops_no_other(database: Database) -> None:
    class Torn(Books):
        def book(self, session: Session, store: str, version: int) -> AuditBook | None:
            if store == "s002":
                raise ValueError("a row of it is no JSON")
            return super().book(session, store, version)

    bad, good = make_sale(number=1, store="s002"), make_sale(number=1)
    take(database, [bad, good])
    assert audit_all(database, Torn(make_price_book())) == (1, 2, 1)
    assert findings(database)[bad.id][0] == "failed"
    assert counts(database) == {"failed": 1, "same": 1}


def test_the_audit_says_how_far_it_is_behind(database: Database) -> None:
    with database.snapshot() as session:
        assert waiting(session) == Waiting()
    take(database, [make_sale(number=1), make_sale(number=2)])
    take(database, [make_sale(number=3)])
    with database.snapshot() as session:
        assert waiting(session) == Waiting(sales=3, since_ms=START_MS)
    audit_all(database, Books(make_price_book()))
    with database.snapshot() as session:
        assert waiting(session) == Waiting()


def test_a_turn_takes_no_further_commit_after_so_many_sales(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a backlog drains one commit holds thousands: read in parts, and never several of them at once."""
    monkeypatch.setattr(records.sales_of, "__defaults__", (2,))
    for first in (1, 6, 11):
        take(database, [make_sale([("1001", n)], number=n) for n in range(first, first + 5)])
    books = Books(make_price_book())
    assert audit_pending(database, books, 1, most_sales=5) == (1, 5, 0)
    assert audit_pending(database, books, 1, most_sales=6) == (2, 10, 0)
    assert counts(database) == {"same": 15}
