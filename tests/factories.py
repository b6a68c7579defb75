"""Things that tests need by the dozen: items, books, priced sales whose figures add up, events, clocks and ids.

Everything is the same in every run. Give only what the test is about; the rest is filled in sensibly.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.calendar import business_date
from shared.ids import UuidMint
from shared.loyalty import share_returned
from shared.pricing import (
    ENGINE_LEVEL,
    AnyPromotion,
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
from shared.pricing.price_list import Barcode
from shared.wire.events import (
    MANIFEST_BYTES,
    BookReference,
    DeviceTime,
    EpochOpened,
    Event,
    GapDeclared,
    MemberOnSale,
    MemberSwiped,
    Receipt,
    ReturnedLine,
    SaleCompleted,
    SaleReturned,
    SaleVoided,
    SeriesOpened,
    Tender,
    TenderKind,
    TimeQuality,
)

E = TypeVar("E", bound=Event)

START_MS = 1_767_225_600_000
"""2026-01-01 00:00 UTC, 08:00 in Shanghai: where driven clocks start."""
ZONE = "Asia/Shanghai"
STORE = "s001"
AGENT = "s001-a"
TILL = "t1"
CASHIER = "c1"
MANIFEST = bytes(range(MANIFEST_BYTES))


class DrivenMachineClock:
    """A machine clock that moves only when told. Wall and monotonic time move together unless the wall is set."""

    def __init__(self, wall_ms: int = START_MS) -> None:
        self._wall_ms = wall_ms
        self._monotonic_ms = 1_000

    def wall_ms(self) -> int:
        """Milliseconds since 1970 UTC as the machine believes."""
        return self._wall_ms

    def monotonic(self) -> float:
        """Seconds that only rise."""
        return self._monotonic_ms / 1000

    def advance(self, ms: int) -> None:
        """Let time pass."""
        if ms < 0:
            raise ValueError("time passes forwards; set_wall() sets a clock back")
        self._wall_ms += ms
        self._monotonic_ms += ms

    def set_wall(self, wall_ms: int) -> None:
        """Set the wall clock, as NTP or a person does; the monotonic clock does not notice."""
        self._wall_ms = wall_ms


def make_mint(wall_ms: Callable[[], int] = lambda: START_MS, seed: int = 1) -> UuidMint:
    """Return a mint of rising ids with seeded randomness."""
    return UuidMint(wall_ms, random.Random(seed).randbytes)


_mint = make_mint()


def new_id() -> UUID:
    """Return an id that no other call of this process has returned."""
    return _mint()


def make_item(
    item: str = "1001",
    *,
    name: str = "Apples",
    zh: str = "苹果",
    barcodes: Sequence[str | Barcode] = (),
    category: str = "food/fruit",
    unit: Unit = Unit.EACH,
    tax_rate_bp: int = 900,
    cost_minor: int | None = None,
    sellable: bool = True,
) -> Item:
    """Return a catalogue item; plain texts among the barcodes mean one piece a scan."""
    return Item(
        item=item,
        names={"en": name, "zh": zh},
        receipt_name=name[:20],
        barcodes=[code if isinstance(code, Barcode) else Barcode(code) for code in barcodes],
        category=category,
        unit=unit,
        tax_rate_bp=tax_rate_bp,
        cost_minor=cost_minor,
        sellable=sellable,
    )


class MemoryPriceBook:
    """A price book in memory, for the engine and for whoever needs one."""

    def __init__(
        self, version: int, items: Iterable[Item], prices: Iterable[Price], promotions: Iterable[AnyPromotion] = ()
    ) -> None:
        self.version = version
        self.index = PromotionIndex(promotions)
        self.items = {item.item: item for item in items}
        self.prices = {price.item: price for price in prices}

    def item(self, item: str) -> Item | None:
        """Return the item, or None when the book does not know it."""
        return self.items.get(item)

    def price(self, item: str) -> Price | None:
        """Return the item's price, or None."""
        return self.prices.get(item)

    def promotions(self) -> PromotionIndex:
        """Return the promotions, indexed."""
        return self.index


STANDARD_ITEMS = (
    make_item("1001", name="Apples", zh="苹果", barcodes=["6901234567892"]),
    make_item("1002", name="Milk 1 l", zh="牛奶", barcodes=["6920546800053"], category="food/dairy"),
    make_item("1003", name="Pork belly", zh="五花肉", category="food/meat", unit=Unit.GRAM),
    make_item("1004", name="Gift card", zh="礼品卡", category="services/gift-cards", tax_rate_bp=0),
)
STANDARD_PRICES = (
    Price(item="1001", regular_minor=500, member_minor=450),
    Price(item="1002", regular_minor=1299),
    Price(item="1003", regular_minor=3998, member_minor=3598, basis=1000),
    Price(item="1004", regular_minor=10_000),
)


def make_price_book(
    version: int = 1,
    items: Iterable[Item] = STANDARD_ITEMS,
    prices: Iterable[Price] = STANDARD_PRICES,
    promotions: Iterable[AnyPromotion] = (),
) -> MemoryPriceBook:
    """Return a price book; by default four items: by piece with a member price, plain, by weight, untaxed."""
    return MemoryPriceBook(version, items, prices, promotions)


def make_device_time(wall_ms: int = START_MS) -> DeviceTime:
    """Return the time of a device that is in step with HQ."""
    return DeviceTime(wall_ms=wall_ms, quality=TimeQuality.SYNCED)


def make_sale(
    lines: Sequence[tuple[str, int]] = (("1001", 2), ("1002", 1)),
    *,
    id: UUID | None = None,  # noqa: A002 - named as the field it fills
    book: MemoryPriceBook | None = None,
    number: int = 1,
    series: str = "t1-1",
    previous: bytes = bytes(16),
    store: str = STORE,
    till: str = TILL,
    at_ms: int = START_MS,
    cutoff_minutes: int = 0,
    zone: str = ZONE,
    currency: str = "CNY",
    member: MemberOnSale | None = None,
    coupons: Sequence[PaperCoupon] = (),
    method: TenderKind = TenderKind.CASH,
    manifest: bytes = MANIFEST,
) -> SaleCompleted:
    """Return a paid sale of (item, quantity) lines, priced by the engine so that every figure agrees."""
    book = book or make_price_book()
    facts = None if member is None else MemberFacts(tier=member.tier or "")
    priced = price_basket(
        [BasketLine(n=n, item=item, quantity=quantity) for n, (item, quantity) in enumerate(lines, start=1)],
        book,
        PricingContext(at_ms=at_ms, time_zone=zone, member=facts),
        coupons,
    )
    return SaleCompleted(
        id=id or new_id(),
        store=store,
        till=till,
        cashier=CASHIER,
        at_ms=at_ms,
        business_date=_day(at_ms, zone, cutoff_minutes),
        device=make_device_time(at_ms),
        receipt=Receipt(series=series, number=number, previous=previous),
        opened_ms=at_ms - 60_000,
        priced_ms=at_ms,
        book=BookReference(version=book.version, manifest=manifest, engine=ENGINE_LEVEL, zone=zone),
        currency=currency,
        member=member,
        lines=priced.lines,
        coupons=list(coupons),
        tenders=[Tender(method=method, minor=priced.total_minor)],
        total_minor=priced.total_minor,
    )


def make_return(
    sale: SaleCompleted,
    lines: Sequence[tuple[int, int]] | None = None,
    *,
    id: UUID | None = None,  # noqa: A002
    number: int = 2,
    series: str = "t1-1",
    previous: bytes = bytes(16),
    at_ms: int | None = None,
) -> SaleReturned:
    """Return goods of a sale as (line, quantity), all of them by default, each for its share of what was paid."""
    at_ms = sale.at_ms + 3_600_000 if at_ms is None else at_ms
    sold = {line.n: line for line in sale.lines}
    wanted = [(line.n, line.quantity) for line in sale.lines] if lines is None else lines
    returned = [
        ReturnedLine(
            of_line=n,
            quantity=quantity,
            refund_minor=share_returned(sold[n].net_minor, quantity, sold[n].quantity, 0),
            tax_minor=share_returned(sold[n].tax_minor, quantity, sold[n].quantity, 0),
            reason="changed_mind",
        )
        for n, quantity in wanted
    ]
    total = sum(line.refund_minor for line in returned)
    return SaleReturned(
        id=id or new_id(),
        store=sale.store,
        till=sale.till,
        cashier=CASHIER,
        at_ms=at_ms,
        business_date=_day(at_ms, sale.book.zone, 0),
        device=make_device_time(at_ms),
        receipt=Receipt(series=series, number=number, previous=previous),
        original=sale.id,
        lines=returned,
        tenders=[Tender(method=TenderKind.CASH, minor=total)],
        currency=sale.currency,
        total_minor=total,
        approved_by="c9",
    )


def make_void(*, number: int = 1, series: str = "t1-1", previous: bytes = bytes(16), **fields: Any) -> SaleVoided:
    """Return a taken receipt number behind which no sale happened."""
    return _event(
        SaleVoided,
        receipt=Receipt(series=series, number=number, previous=previous),
        **{"reason": "printer_test", **fields},
    )


def make_swipe(member: MemberOnSale | None = None, **fields: Any) -> MemberSwiped:
    """Return a card shown at a till."""
    return _event(MemberSwiped, member=member or MemberOnSale(sealed_card=bytes(64)), **fields)


def make_series(series: str = "t1-1", **fields: Any) -> SeriesOpened:
    """Return the opening of a till's receipt series."""
    return _event(SeriesOpened, series=series, **{"reason": "first", **fields})


def make_epoch(**fields: Any) -> EpochOpened:
    """Return the opening of an epoch."""
    return _event(EpochOpened, **{"reason": "first", "till": "", "cashier": "", **fields})


def make_gap(epoch: UUID, first: int, last: int, **fields: Any) -> GapDeclared:
    """Return the statement that numbers of an epoch can never be supplied."""
    return _event(
        GapDeclared, epoch=epoch, first=first, last=last, **{"reason": "pruned", "till": "", "cashier": "", **fields}
    )


def make_event(kind: type[E], **fields: Any) -> E:
    """Return an event of any kind, at the standard till, time and cashier."""
    return _event(kind, **fields)


def _event(kind: type[E], **fields: Any) -> E:
    at_ms: int = fields.get("at_ms", START_MS)
    given: dict[str, Any] = {
        "id": new_id(),
        "store": STORE,
        "till": TILL,
        "cashier": CASHIER,
        "at_ms": at_ms,
        "business_date": _day(at_ms, ZONE, 0),
        "device": make_device_time(at_ms),
    }
    return kind(**{**given, **fields})


def _day(at_ms: int, zone: str, cutoff_minutes: int) -> str:
    day: date = business_date(at_ms, ZoneInfo(zone), cutoff_minutes)
    return day.isoformat()
