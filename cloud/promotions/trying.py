"""A promotion tried: books that hold it as well, and a small basket that shows what the receipt would say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel import Session

from cloud.org.models import Store
from cloud.prices.books import StoreBook, StoreBooks
from cloud.prices.models import StoreManifest
from cloud.prices.rows import body_tree, effective_rows
from cloud.prices.starting import bodies_of
from cloud.prices.targets import CHAIN
from cloud.prices.timeline import in_force, live_entries
from shared.body import BodyKind
from shared.calendar import local_time, resolve_local
from shared.pricing import (
    BasketLine,
    Coupon,
    Item,
    MemberFacts,
    Outcome,
    PointsOffer,
    Price,
    PriceBook,
    PricedBasket,
    PricingContext,
    PromotionIndex,
    Status,
    Unit,
    price_basket,
)
from shared.pricing.promotion import Need, Promotion, Where, Who
from shared.pricing.window import Hours, Moment, When, Window

_MOST_LOOKED_AT = 20_000
_AT_ONCE = 500
"""Items whose prices are read together."""
_DAYS_AHEAD = 400
_QUANTITIES = (1, 2, 3, 5, 10, 20, 50, 100)
_MANY_POINTS = 100_000
_GRAMS = 1000

_ALWAYS = When(hours=[Hours("00:00", "24:00")])

_item = msgspec.json.Decoder(Item)


class OverlayBook:
    """A price book with other promotions than its own."""

    def __init__(self, book: PriceBook, promotions: PromotionIndex) -> None:
        self.version = book.version
        self._book = book
        self._promotions = promotions

    def item(self, item: str) -> Item | None:
        """Return the item, or None when the book does not know it."""
        return self._book.item(item)

    def price(self, item: str) -> Price | None:
        """Return the item's price in this store, or None."""
        return self._book.price(item)

    def promotions(self) -> PromotionIndex:
        """Return the other promotions."""
        return self._promotions


def with_promotion(index: PromotionIndex, promotion: Promotion) -> PromotionIndex:
    """Return promotions with one more, which takes the place of one with its id."""
    others = [listed.promotion for listed in index.listed if listed.id != promotion.promotion]
    return PromotionIndex([*others, promotion])


def as_if_on(promotion: Promotion) -> Promotion:
    """Return a promotion without its first and last day, for baskets of the past; hours and weekdays stay."""
    when = msgspec.structs.replace(promotion.when, first=None, last=None)
    return msgspec.structs.replace(promotion, when=_ALWAYS if when == When() else when)


def always_on(promotion: Promotion) -> Promotion:
    """Return a promotion that is on at any time, from the first piece on and without limits, to see its prices."""
    return msgspec.structs.replace(promotion, when=_ALWAYS, need=Need(), limits=[], who=Who(), where=Where())


def book_now(session: Session, books: StoreBooks, store: str, now_ms: int) -> StoreBook | None:
    """Return what a store sells by now, None where it has nothing."""
    entry = in_force(live_entries(session, [store], now_ms)[store], now_ms)
    return None if entry is None else books.book(session, store, entry.version)


def items_in_scope(
    session: Session, store: str, book: StoreBook, promotion: Promotion, most: int
) -> tuple[list[list[Item]], bool]:
    """Return up to `most` sellable, priced items of each scope of a promotion, and whether all items were looked at."""
    scopes = promotion.scopes()
    named = list(dict.fromkeys(item for scope in scopes for item in scope.items))
    found: list[dict[str, Item]] = [{} for _ in scopes]
    looked = 0
    candidates = _candidates(session, store, book, named)
    while chunk := list(islice(candidates, _AT_ONCE)):
        looked += len(chunk)
        fitting = [item for item in chunk if item.sellable and any(scope.covers(item) for scope in scopes)]
        book.prefetch([item.item for item in fitting])
        priced = [item for item in fitting if book.price(item.item) is not None]
        for here, scope in zip(found, scopes, strict=True):
            _fill(here, (item for item in priced if scope.covers(item)), most)
        if looked >= _MOST_LOOKED_AT or all(len(here) >= most for here in found):
            return [list(here.values()) for here in found], False
    return [list(here.values()) for here in found], True


def _fill(here: dict[str, Item], items: Iterable[Item], most: int) -> None:
    """Add items until there are so many; one that comes twice counts once."""
    for item in items:
        if len(here) >= most:
            return
        here[item.item] = item


def _candidates(session: Session, store: str, book: StoreBook, named: Sequence[str]) -> Iterator[Item]:
    yield from book.items(named).values()
    manifest = session.get(StoreManifest, (book.version, store))
    hash_ = bodies_of(manifest).hashes.get((BodyKind.ITEMS, CHAIN)) if manifest is not None else None
    if hash_ is None:
        return
    tree = body_tree(session, BodyKind.ITEMS, CHAIN)
    for _, _, row in effective_rows(session, tree.lineage(tree.version_of(hash_))):
        yield _item.decode(row)


@dataclass(frozen=True, slots=True)
class Sample:
    """A basket that shows a promotion at work."""

    items: dict[str, Item]
    priced: PricedBasket
    outcome: Outcome


def sample(session: Session, books: StoreBooks, store: Store, promotion: Promotion, now_ms: int) -> Sample | None:
    """Return the smallest basket tried that the promotion alone applies to, None when none was found."""
    book = book_now(session, books, store.id, now_ms)
    if book is None:
        return None
    scopes, _ = items_in_scope(session, store.id, book, promotion, most=2)
    items = {item.item: item for found in scopes for item in found}
    if not items:
        return None
    book.prefetch(items)
    only = OverlayBook(book, PromotionIndex([promotion]))
    context = _context(promotion, store, now_ms)
    for quantity in _QUANTITIES:
        priced = price_basket(_basket(items.values(), quantity), only, context)
        for outcome in priced.outcomes:
            if outcome.promotion == promotion.promotion and outcome.status is Status.APPLIED:
                return Sample(items, priced, outcome)
    return None


def _basket(items: Iterable[Item], quantity: int) -> list[BasketLine]:
    return [
        BasketLine(n=n, item=item.item, quantity=quantity * (1 if item.unit is Unit.EACH else _GRAMS))
        for n, item in enumerate(items, start=1)
    ]


def _context(promotion: Promotion, store: Store, now_ms: int) -> PricingContext:
    at_ms = _open_moment(promotion, store.time_zone, now_ms)
    who = promotion.who
    tiers = who.tiers or sorted(getattr(promotion, "tier_minor", {}))
    member = MemberFacts(
        tier=tiers[0] if tiers else "",
        segments=who.segments,
        birthday_month=local_time(at_ms, ZoneInfo(store.time_zone)).month,
        purchases=min(who.purchases) - 1 if who.purchases else 0,
    )
    code = getattr(promotion, "code", "") or "EXAMPLE"
    return PricingContext(
        at_ms=at_ms,
        time_zone=store.time_zone,
        member=member if promotion.members_only else None,
        store=promotion.where.stores[0] if promotion.where.stores else store.id,
        till_kind=promotion.where.till_kinds[0] if promotion.where.till_kinds else "staffed",
        coupons=[Coupon(code, promotion.promotion)] if promotion.__struct_config__.tag == "coupon" else [],
        points=PointsOffer(_MANY_POINTS, _MANY_POINTS),
    )


def _open_moment(promotion: Promotion, time_zone: str, now_ms: int) -> int:
    """Return a moment from today on at which the promotion is on; now, when there is none soon."""
    window, zone = Window(promotion.when), ZoneInfo(time_zone)
    today = local_time(now_ms, zone).replace(tzinfo=None, hour=12, minute=0, second=0, microsecond=0)
    first = promotion.when.first
    if first is not None and first > today.date():
        today = datetime.combine(first, today.time())
    starts = [hours.start for hours in promotion.when.hours] or ["12:00"]
    for ahead in range(_DAYS_AHEAD):
        for start in starts:
            hour, minute = (int(part) for part in start.split(":")[:2])
            at_ms = resolve_local((today + timedelta(days=ahead)).replace(hour=hour, minute=minute), zone)
            moment = Moment(at_ms, time_zone)
            if window.open_at(moment, moment.today.month):
                return at_ms
    return now_ms
