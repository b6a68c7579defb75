"""Real baskets as finished sales: the demo's data, priced by the engine, numbered and chained like a till does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from deploy.demo import catalogue
from deploy.demo.baskets import lines_of, sale_id
from deploy.demo.dataset import Dataset, SourceBasket, load
from deploy.demo.schedule import ZONE, ZONE_NAME
from deploy.demo.weekly_prices import BookRow, book_row, weekly_changes
from shared.calendar import business_date
from shared.hashchain import GENESIS, link
from shared.ids import uuid7
from shared.pricing import (
    BasketLine,
    Item,
    MemberFacts,
    PaperCoupon,
    Price,
    PricingContext,
    Unit,
    price_basket,
)
from shared.wire.events import (
    BookReference,
    DeviceTime,
    MemberOnSale,
    Receipt,
    SaleCompleted,
    Tender,
    TenderKind,
    TimeQuality,
    encode_event,
)

CUTOFF_MINUTES = 0


@dataclass
class _Book:
    """A store's prices in one week, in memory."""

    version: int
    fuel: frozenset[int]
    rows: dict[str, BookRow] = field(default_factory=dict)

    def item(self, item: str) -> Item | None:
        if item not in self.rows:
            return None
        unit = Unit.MILLILITRE if int(item[1:]) in self.fuel else Unit.EACH
        return Item(item=item, names={"en": item}, receipt_name=item, unit=unit)

    def price(self, item: str) -> Price | None:
        row = self.rows.get(item)
        if row is None:
            return None
        return Price(item=item, regular_minor=row.regular_minor, member_minor=row.member_minor, basis=row.basis)


@dataclass(frozen=True)
class StoreSale:
    """One finished sale and the store it happened in."""

    store: str
    sale: SaleCompleted


def member_id(household: int) -> UUID:
    """Return the member a household stands for in benchmarks."""
    return uuid7(1_480_000_000_000 + household, household)


def real_sales(stores: int = 10, baskets: int = 0, *, seed: int = 1) -> Iterator[StoreSale]:
    """Yield the year's sales of the busiest stores in order of time, each with a valid receipt chain per store."""
    dataset = load(stores, baskets, seed)
    by_week: dict[int, list[SourceBasket]] = defaultdict(list)
    for basket in dataset.rung:
        by_week[basket.week].append(basket)
    books = {store: _Book(0, dataset.fuel) for store in dataset.stores}
    heads: dict[int, tuple[int, bytes]] = defaultdict(lambda: (1, GENESIS))
    for week, changes in weekly_changes(dataset):
        for (store, product), quote in changes.items():
            books[store].version = week
            books[store].rows[catalogue.item_code(product)] = book_row(quote)
        for basket in by_week[week]:
            number, head = heads[basket.store]
            sale = _sale(basket, dataset, books[basket.store], (number, head), seed)
            if sale is not None:
                heads[basket.store] = (number + 1, link(head, encode_event(sale)))
                yield StoreSale(f"s{basket.store}", sale)


def _sale(
    basket: SourceBasket, dataset: Dataset, book: _Book, place: tuple[int, bytes], seed: int
) -> SaleCompleted | None:
    rung = lines_of(basket, dataset)
    if not rung:
        return None
    lines = [
        BasketLine(n=n, item=catalogue.item_code(line.row.product), quantity=line.quantity)
        for n, line in enumerate(rung, start=1)
    ]
    coupons = [
        PaperCoupon(code=one.code, line=n, supplier_minor=one.supplier_minor, chain_minor=one.chain_minor)
        for n, line in enumerate(rung, start=1)
        for one in line.coupons
    ]
    context = PricingContext(at_ms=basket.at_ms, time_zone=ZONE_NAME, member=MemberFacts())
    priced = price_basket(lines, book, context, coupons)
    manifest = link(GENESIS, book.version.to_bytes(4, "big"))[:16]
    reference = BookReference(version=book.version, manifest=manifest, engine=1, zone=ZONE_NAME)
    return SaleCompleted(
        id=sale_id(basket.at_ms, basket.id, seed),
        store=f"s{basket.store}",
        at_ms=basket.at_ms,
        business_date=business_date(basket.at_ms, ZONE, CUTOFF_MINUTES).isoformat(),
        device=DeviceTime(wall_ms=basket.at_ms + 61, quality=TimeQuality.SYNCED),
        till="t1",
        cashier="c1",
        receipt=Receipt(series="bench", number=place[0], previous=place[1][:16]),
        opened_ms=basket.at_ms - 1000 * (40 + 3 * len(lines)),
        priced_ms=basket.at_ms,
        book=reference,
        currency="USD",
        member=MemberOnSale(member=member_id(basket.household), tier=""),
        lines=priced.lines,
        coupons=coupons,
        tenders=[Tender(method=TenderKind.BANK_CARD, minor=priced.total_minor)],
        total_minor=priced.total_minor,
    )
