"""Promotions at a till: priced with every change, and recorded so that the sale prices to the same lines again."""

from __future__ import annotations

from pathlib import Path

from edge_agent.till.results import Paid
from shared.pricing import BasketLine, PromotionUse, context_of, price_basket
from shared.pricing.kinds import BuyXGetY, ExtraPoints, PercentOff, SpendAndGet
from shared.pricing.kinds.spend_and_get import Step
from shared.pricing.promotion import Where
from shared.pricing.scope import Scope
from shared.wire.events import SaleCompleted, TenderKind, decode_event
from tests.edge.tills import APPLES, CARD, MILK, MemoryBooks, MemoryTillBook, opened_store
from tests.factories import STANDARD_ITEMS, STANDARD_PRICES, STORE

RULES = [
    BuyXGetY(promotion="three-for-two", buy=2, scope=Scope(items=["1001"])),
    PercentOff(promotion="here", off_bp=1_000, scope=Scope(items=["1002"]), where=Where(stores=[STORE])),
    PercentOff(promotion="self", off_bp=5_000, where=Where(till_kinds=["self_checkout"])),
    SpendAndGet(promotion="spend", steps=[Step(at_minor=2_000, off_minor=100)]),
    ExtraPoints(promotion="extra", points=7),
]


async def test_p4_a_sale_under_promotions_records_all_that_is_needed_to_find_its_price_again(tmp_path: Path) -> None:
    book = MemoryTillBook(1, STANDARD_ITEMS, STANDARD_PRICES, RULES)
    async with opened_store(tmp_path, books=MemoryBooks(book)) as store:
        till = store.till()
        for code in (APPLES, MILK, APPLES, APPLES):
            await till.scan(code)
        await till.scan(CARD)
        paid = await till.tender(TenderKind.CASH, None)
        assert isinstance(paid, Paid)
        rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
        sale = next(
            event for event in map(decode_event, (row[0] for row in reversed(rows))) if isinstance(event, SaleCompleted)
        )
    # A member: three apples at 4.50, two paid; milk at 12.99 less 10 %: 20.69, less 1.00 from 20.00.
    assert paid.total_minor == sale.total_minor == 900 + 1_169 - 100
    assert sale.promotions == [PromotionUse("extra", points=7)]
    assert sale.member is not None
    context = context_of(
        sale.pricing,
        at_ms=sale.priced_ms,
        time_zone=sale.book.zone,
        store=sale.store,
        till_kind=sale.till_kind,
        tier=sale.member.tier or "",
    )
    lines = [BasketLine(n=line.n, item=line.item, quantity=line.quantity, code=line.code) for line in sale.lines]
    assert price_basket(lines, book, context).lines == sale.lines
