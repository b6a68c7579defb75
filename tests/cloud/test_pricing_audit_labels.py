"""A line sold by a scale's label is audited by what the label says, and any other line by the book."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
import pytest

from cloud.pricing_audit.comparing import audit
from cloud.pricing_audit.models import Verdict
from cloud.pricing_audit.records import LineRecord, SaleRecord
from shared.money import UnitPrice
from shared.pricing import ENGINE_LEVEL, BasketLine, PricingContext, price_basket
from shared.pricing.price_list import OpenPrice
from shared.wire.events import MANIFEST_BYTES
from tests.edge.tills import APPLES, PORK, MemoryTillBook, till_book
from tests.factories import START_MS, ZONE

BOOK = till_book()  # pork is 39.98 a kilogram
CONTEXT = PricingContext(at_ms=START_MS, time_zone=ZONE)
APPLE_ITEM = next(item.item for item in BOOK.items.values() if APPLES in {one.code for one in item.barcodes})


def sold(*lines: BasketLine, price: UnitPrice | None = None, book: MemoryTillBook = BOOK) -> SaleRecord:
    """Return the record of a sale as the engine priced it, or with another price on its lines."""
    priced = price_basket(lines, book, CONTEXT)
    records = [
        LineRecord(
            n=line.n,
            item=line.item,
            code=line.code,
            quantity=line.quantity,
            unit=line.unit,
            price=price or line.price,
            gross_minor=(price or line.price).amount(line.quantity),
            net_minor=(price or line.price).amount(line.quantity),
            tax_code=line.tax_code,
            tax_rate_bp=line.tax_rate_bp,
            tax_minor=line.tax_minor,
            discounts=(),
        )
        for line in priced.lines
    ]
    total = sum(record.net_minor for record in records)
    return SaleRecord(
        sale=UUID(int=1),
        commit_no=1,
        store="s001",
        business_date=date(2026, 1, 1),
        book_version=BOOK.version,
        manifest=bytes.fromhex(BOOK.hash)[:MANIFEST_BYTES],
        engine=ENGINE_LEVEL,
        total_minor=total,
        saved_minor=0,
        tendered_minor=total,
        context=CONTEXT,
        lines=records,
        coupons=(),
    )


@pytest.mark.parametrize("label_minor", [1251, 1255, 1259])
def test_a_label_s_amount_is_a_fact(label_minor: int) -> None:
    line = BasketLine(n=1, item=PORK, quantity=314, label_minor=label_minor)
    record = sold(line, BasketLine(n=2, item=APPLE_ITEM, quantity=2))
    assert record.lines[0].price == UnitPrice(label_minor, 314)
    assert record.lines[0].net_minor == label_minor
    assert audit(record, BOOK).verdict is Verdict.SAME


@pytest.mark.parametrize("quantity", [314, 1000])
def test_another_price_of_a_weighed_line_is_still_found(quantity: int) -> None:
    record = sold(BasketLine(n=1, item=PORK, quantity=quantity), price=UnitPrice(3000, 1000))
    assert audit(record, BOOK).verdict is Verdict.DIFFERS


@pytest.mark.parametrize(("asked", "quantity"), [(700, 1), (700, 3), (1, 9)])
def test_an_open_price_is_a_fact(asked: int, quantity: int) -> None:
    apples = msgspec.structs.replace(BOOK.items[APPLE_ITEM], open_price=OpenPrice(100, 1_000))
    book = till_book(items={APPLE_ITEM: apples})
    lines = [BasketLine(n=1, item=APPLE_ITEM, quantity=quantity, label_minor=asked * quantity)]
    record = sold(*lines, book=book)
    assert (record.lines[0].price, record.lines[0].net_minor) == (UnitPrice(asked), asked * quantity)
    assert audit(record, book).verdict is Verdict.SAME


def test_a_line_by_piece_is_never_a_label() -> None:
    record = sold(BasketLine(n=1, item=APPLE_ITEM, quantity=3), price=UnitPrice(100, 3))
    assert audit(record, BOOK).verdict is Verdict.DIFFERS
