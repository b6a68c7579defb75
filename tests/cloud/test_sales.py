"""Sales in the books: the till's figures as they are, on their own day, under receipt numbers without a gap."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from cloud.database import Database
from cloud.database.commits import IngestCommit
from cloud.ingest.models import ParkedEvent
from cloud.org.models import LegalEntity, StoreOwnership
from cloud.receipt_series import gaps
from cloud.sales.models import (
    ReceiptNumber,
    ReceiptSeries,
    Sale,
    SaleCoupon,
    SaleDiscount,
    SaleLine,
    SaleReturn,
    SaleReturnLine,
    SaleTender,
)
from shared.hashchain import GENESIS, link
from shared.pricing import Item, PaperCoupon
from shared.pricing.model import Payer
from shared.wire.events import Event, MemberOnSale, TenderKind, encode_event
from tests.cloud.ingesting import NobodyShops, Outbox, count, of_kind, open_store, take_in
from tests.factories import START_MS, make_return, make_sale, make_series, make_void

DAY_MS = 24 * 3600 * 1000


def receipts_chained(*events: Event, start: bytes = GENESIS) -> list[Event]:
    """Give events the link to the receipt before them, as a till does."""
    chained: list[Event] = []
    head = start
    for event in events:
        receipt = msgspec.structs.replace(event.receipt, previous=head[:16])  # type: ignore[attr-defined]
        chained.append(msgspec.structs.replace(event, receipt=receipt))
        head = link(head, encode_event(chained[-1]))
    return chained


def test_a_sale_is_kept_as_the_till_charged_it(database: Database) -> None:
    open_store(database)
    coupon = PaperCoupon(code="c7", line=2, supplier_minor=300, chain_minor=2000)
    sale = make_sale(
        [("1001", 3), ("1002", 1), ("1003", 1236)],
        coupons=[coupon],
        member=MemberOnSale(tier="gold", sealed_card=b"x"),
        method=TenderKind.WECHAT,
    )
    take_in(database, Outbox().add(sale).batch())
    with database.session() as session:
        row = session.exec(of_kind(Sale)).one()
        lines = session.exec(of_kind(SaleLine).order_by("n")).all()
        discounts = session.exec(of_kind(SaleDiscount).order_by("line_n", "n")).all()
        tender = session.exec(of_kind(SaleTender)).one()
        assert session.exec(of_kind(SaleCoupon)).one().chain_minor == 2000
    assert (row.id, row.store_id, row.till_id, row.cashier) == (sale.id, "s001", "t1", "c1")
    assert (row.total_minor, row.saved_minor, row.line_count) == (sale.total_minor, sale.saved_minor, 3)
    assert (row.currency, row.exponent, row.tax_mode, row.member_tier) == ("CNY", 2, "inclusive", "gold")
    assert (row.business_date, row.time_zone, row.legal_entity_id) == (date(2026, 1, 1), "Asia/Shanghai", "e1")
    assert row.tax_minor == sum(line.tax_minor for line in sale.lines)
    assert [(line.item, line.quantity, line.unit, line.net_minor) for line in lines] == [
        (line.item, line.quantity, line.unit, line.net_minor) for line in sale.lines
    ]
    assert [(line.price_minor, line.price_basis) for line in lines] == [(500, 1), (1299, 1), (3998, 1000)]
    assert [(one.line_n, one.reason, one.chain_minor, one.supplier_minor) for one in discounts] == [
        (1, "member_price", 150, 0),
        (2, "paper_coupon", 0, 300),
        (2, "coupon_match", 999, 0),
        (3, "member_price", sale.lines[2].gross_minor - sale.lines[2].net_minor, 0),
    ]
    assert (tender.method, tender.minor) == ("wechat", sale.total_minor)


def test_a_discount_borne_by_several_is_split_exactly(database: Database) -> None:
    open_store(database)
    sale = make_sale([("1001", 1)], member=MemberOnSale())
    (line,) = sale.lines
    shared = msgspec.structs.replace(line.discounts[0], payers={Payer.SUPPLIER: 3333, Payer.STORE: 6667})
    sale = msgspec.structs.replace(sale, lines=[msgspec.structs.replace(line, discounts=[shared])])
    take_in(database, Outbox().add(sale).batch())
    with database.session() as session:
        row = session.exec(of_kind(SaleDiscount)).one()
    assert (row.chain_minor, row.store_minor, row.supplier_minor) == (0, 33, 17)
    assert row.minor == 50


def test_a_late_sale_posts_to_its_own_day(database: Database) -> None:
    """A month later, after the store changed hands: the receipt was the former owner's."""
    open_store(database)
    with database.session() as session:
        session.add(LegalEntity(id="e2", name="Franchisee"))
        session.flush()
        session.add(StoreOwnership(store_id="s001", from_date=date(2026, 1, 5), legal_entity_id="e2"))
    late = make_sale(number=1, at_ms=START_MS)
    sold_after = make_sale(number=2, at_ms=START_MS + 10 * DAY_MS)
    outbox = Outbox().add(sold_after)
    take_in(database, outbox.batch())
    take_in(database, outbox.add(late).batch(2))
    with database.session() as session:
        rows = {row.id: (row.business_date, row.legal_entity_id) for row in session.exec(of_kind(Sale))}
        assert len(session.exec(of_kind(IngestCommit)).all()) == 2
    assert rows == {late.id: (date(2026, 1, 1), "e1"), sold_after.id: (date(2026, 1, 11), "e2")}


def test_a_return_is_kept_with_its_original(database: Database) -> None:
    open_store(database)
    sale = make_sale([("1001", 3), ("1002", 1)])
    back = make_return(sale, [(1, 2)])
    take_in(database, Outbox().add(sale, back).batch())
    with database.session() as session:
        row = session.exec(of_kind(SaleReturn)).one()
        line = session.exec(of_kind(SaleReturnLine)).one()
    assert (row.original_sale_id, row.total_minor, row.approved_by) == (sale.id, 1000, "c9")
    assert (line.of_line, line.item, line.quantity, line.refund_minor) == (1, "1001", 2, 1000)


def test_p9_numbers_are_linked_and_counted(database: Database) -> None:
    open_store(database)
    sale = make_sale(number=1)
    events = receipts_chained(sale, make_void(number=2), make_return(sale, number=3))
    outbox = Outbox().add(make_series("t1-1"), *events)
    take_in(database, outbox.batch(1, 2))
    take_in(database, outbox.batch(3, 4))
    head = GENESIS
    for event in events:
        head = link(head, encode_event(event))
    with database.session() as session:
        series = session.exec(of_kind(ReceiptSeries)).one()
        assert session.exec(of_kind(ReceiptNumber, number=3)).one().head == head
        assert (series.reason, series.complete_to, series.highest) == ("first", 3, 3)
        assert gaps.missing(session) == []
        assert gaps.broken_links(session, store_id="s001") == []


def test_p9_hq_names_what_is_missing_and_since_when(database: Database) -> None:
    open_store(database)
    outbox = Outbox().add(*(make_sale(number=n) for n in (1, 2, 5, 6, 9)))
    take_in(database, outbox.batch())
    with database.session() as session:
        commit = session.exec(of_kind(IngestCommit)).one()
        found = [(one.till_id, one.series, one.first, one.last, one.since_ms) for one in gaps.missing(session)]
        assert found == [("t1", "t1-1", 3, 4, commit.at_ms), ("t1", "t1-1", 7, 8, commit.at_ms)]
        assert gaps.missing(session, store_id="s002") == []
        assert len(gaps.missing(session, limit=1)) == 1
    take_in(database, outbox.add(make_sale(number=4), make_sale(number=3)).batch(6))
    with database.session() as session:
        assert [(one.first, one.last) for one in gaps.missing(session)] == [(7, 8)]
        assert session.exec(of_kind(ReceiptSeries)).one().complete_to == 6
    take_in(database, outbox.add(make_void(number=8), make_sale(number=7)).batch(8))
    with database.session() as session:
        assert gaps.missing(session) == []
        assert session.exec(of_kind(ReceiptSeries)).one().complete_to == 9


def test_p9_a_receipt_that_contradicts_the_one_before_is_named(database: Database) -> None:
    open_store(database)
    first, second = receipts_chained(make_sale(number=1), make_sale(number=2))
    wrong = msgspec.structs.replace(second, receipt=msgspec.structs.replace(second.receipt, previous=bytes(16)))  # type: ignore[attr-defined]
    take_in(database, Outbox().add(first, wrong).batch())
    with database.session() as session:
        assert [one.number for one in gaps.broken_links(session, store_id="s001")] == [2]
    assert count(database, Sale) == 2


@pytest.mark.parametrize(("after", "broken"), [(1, False), (2, True), (3, False)])
def test_p9_a_series_that_contradicts_the_one_it_follows_is_named(database: Database, after: int, broken: bool) -> None:
    """It names number 1 with its head, number 2 with the head of 1, and number 3, which HQ does not have yet."""
    open_store(database)
    first, second = receipts_chained(make_sale(number=1), make_sale(number=2))
    opened = msgspec.structs.replace(
        make_series("t1-2"),
        reason="new_disk",
        previous_series="t1-1",
        previous_number=after,
        previous_head=link(GENESIS, encode_event(first)),
    )
    take_in(database, Outbox().add(make_series("t1-1"), first, second, opened).batch())
    with database.session() as session:
        found = [(one.series, one.number) for one in gaps.broken_links(session, store_id="s001")]
        assert found == ([("t1-2", 0)] if broken else [])


def test_p9_a_receipt_number_belongs_to_one_sale(database: Database) -> None:
    open_store(database)
    first, second, third = make_sale(number=1), make_sale(number=1), make_sale(number=1)
    take_in(database, Outbox().add(first, second).batch())
    take_in(database, Outbox().add(third).batch())
    with database.session() as session:
        parked = session.exec(of_kind(ParkedEvent)).all()
        assert session.exec(of_kind(Sale)).one().id == first.id
    assert {one.event_id: one.code for one in parked} == {second.id: "receipt_conflict", third.id: "receipt_conflict"}


def test_the_book_names_category_and_cost(database: Database) -> None:
    """What the till leaves to HQ is looked up in the version the sale was priced with."""
    open_store(database)
    facts = {
        "1001": Item(item="1001", names={"en": "Pears"}, receipt_name="Pears", category="food/fruit", cost_minor=310)
    }
    take_in(database, Outbox().add(make_sale()).batch(), downstream=NobodyShops(facts))
    with database.session() as session:
        lines = session.exec(of_kind(SaleLine).order_by("n")).all()
    assert [(line.category, line.cost_minor) for line in lines] == [("food/fruit", 310), ("", None)]
