"""Real baskets as finished sales: the demo's data, priced by the engine, numbered and chained like a till does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from deploy.demo import catalogue
from deploy.demo.baskets import lines_of, sale_id
from deploy.demo.dataset import Dataset, SourceBasket, load
from deploy.demo.schedule import ZONE, ZONE_NAME
from deploy.demo.weekly_prices import BookRow, Changes, book_row, weekly_changes
from shared.calendar import business_date
from shared.hashchain import GENESIS, link
from shared.ids import uuid7
from shared.pricing import (
    ENGINE_LEVEL,
    NO_PROMOTIONS,
    BasketLine,
    Item,
    MemberFacts,
    PaperCoupon,
    Price,
    PricingContext,
    PromotionIndex,
    Unit,
    price_basket,
)
from shared.wire.events import (
    MANIFEST_BYTES,
    RECEIPT_LINK_BYTES,
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
_PAYING_MS = 7_000
"""From the last scan to the money: this long at least, and up to twice as long."""
_SALES_OF_BUSIEST = ((5, 15_700), (10, 28_100), (20, 49_900), (30, 67_600), (50, 97_600), (60, 112_000), (100, 148_900))
"""How many baskets the busiest stores had together, nearly."""


@dataclass
class _Book:
    """A store's prices in one week, in memory."""

    fuel: frozenset[int]
    version: int = 0
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

    def promotions(self) -> PromotionIndex:
        """Return none: the data set's offers are prices."""
        return NO_PROMOTIONS


@dataclass(frozen=True)
class StoreSale:
    """One finished sale and the store it happened in."""

    store: str
    sale: SaleCompleted


def member_id(household: int) -> UUID:
    """Return the member a household stands for in benchmarks."""
    return uuid7(1_480_000_000_000 + household, household)


Publish = Callable[[int, Changes], Callable[[str], BookReference]]
"""Takes a week's price changes and returns how sales of that week name their book, by store."""


def real_sales(stores: int = 10, baskets: int = 0, *, seed: int = 1) -> Iterator[StoreSale]:
    """Yield the year's sales of the busiest stores in order of time, each with a valid receipt chain per store."""
    return sales_of(load(stores, baskets, seed), seed=seed)


def enough_stores(sales: int) -> int:
    """Return how many of the busiest stores are sure to have had so many sales."""
    return next((stores for stores, had in _SALES_OF_BUSIEST if had >= sales * 1.03), 0)


def sales_of(dataset: Dataset, publish: Publish | None = None, *, seed: int = 1) -> Iterator[StoreSale]:
    """Yield the data set's sales in order of time. `publish` is told each week's prices before that week's sales."""
    by_week: dict[int, list[SourceBasket]] = defaultdict(list)
    for basket in dataset.rung:
        by_week[basket.week].append(basket)
    books = {store: _Book(dataset.fuel) for store in dataset.stores}
    heads: dict[int, tuple[int, bytes]] = defaultdict(lambda: (1, GENESIS))
    for week, changes in weekly_changes(dataset):
        for (store, product), quote in changes.items():
            books[store].rows[catalogue.item_code(product)] = book_row(quote)
        reference_of = _unpublished(week) if publish is None else publish(week, changes)
        for basket in by_week[week]:
            number, head = heads[basket.store]
            reference = reference_of(f"s{basket.store}")
            sale = _sale(basket, dataset, books[basket.store], reference=reference, place=(number, head), seed=seed)
            if sale is not None:
                heads[basket.store] = (number + 1, link(head, encode_event(sale)))
                yield StoreSale(f"s{basket.store}", sale)


def _unpublished(week: int) -> Callable[[str], BookReference]:
    manifest = link(GENESIS, week.to_bytes(4, "big"))[:MANIFEST_BYTES]
    reference = BookReference(version=week, manifest=manifest, engine=ENGINE_LEVEL, zone=ZONE_NAME)
    return lambda _store: reference


def _sale(
    basket: SourceBasket,
    dataset: Dataset,
    book: _Book,
    *,
    reference: BookReference,
    place: tuple[int, bytes],
    seed: int,
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
    paying_ms = _PAYING_MS + basket.id % _PAYING_MS
    context = PricingContext(at_ms=basket.at_ms - paying_ms, time_zone=ZONE_NAME, member=MemberFacts())
    priced = price_basket(lines, book, context, coupons)
    return SaleCompleted(
        id=sale_id(basket.at_ms, basket.id, seed),
        store=f"s{basket.store}",
        at_ms=basket.at_ms,
        business_date=business_date(basket.at_ms, ZONE, CUTOFF_MINUTES).isoformat(),
        device=DeviceTime(wall_ms=basket.at_ms + 61, quality=TimeQuality.SYNCED),
        till="t1",
        cashier="c1",
        receipt=Receipt(series="bench", number=place[0], previous=place[1][:RECEIPT_LINK_BYTES]),
        opened_ms=basket.at_ms - paying_ms - 3_000 * len(lines),
        priced_ms=basket.at_ms - paying_ms,
        book=reference,
        currency="USD",
        member=MemberOnSale(member=member_id(basket.household), tier=""),
        lines=priced.lines,
        coupons=coupons,
        tenders=[Tender(method=TenderKind.BANK_CARD, minor=priced.total_minor)],
        total_minor=priced.total_minor,
    )
