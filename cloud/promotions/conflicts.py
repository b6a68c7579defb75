"""What a planned promotion runs into: others at work on the same goods, prices below cost, floors that hold back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

from sqlmodel import Session

from cloud.org.models import Store
from cloud.prices.books import StoreBook, StoreBooks
from cloud.prices.starting import bodies_of
from cloud.prices.targets import CHAIN
from cloud.prices.timeline import live_entries, manifests
from cloud.promotions.trying import OverlayBook, always_on, book_now, items_in_scope, with_promotion
from shared.body import BodyKind
from shared.pricing import BasketLine, Item, MemberFacts, PricedLine, PricingContext, PromotionIndex, price_basket
from shared.pricing.promotion import Audience, Layer, Promotion, Stacking
from shared.pricing.scope import Scope, below

_ITEMS_PRICED = 300
"""Items that are priced one by one; a larger scope is a sample, and the page says so."""
_PIECES = 4
PROMOTIONS = (BodyKind.PROMOTIONS, CHAIN)


class Clash(StrEnum):
    """How two promotions get on."""

    COMPETES = "competes"
    """Same group: the customer gets the better one."""
    EXCLUDES = "excludes"
    """Same group, and only one of all may apply."""
    STACKS = "stacks"
    """Both come off, one after the other."""
    SHUTS_OUT = "shuts_out"
    """A price after which nothing else may come off."""
    SAME_CODE = "same_code"
    """Two coupons of one public code: tills take one of them, and never the other."""
    SAME_ID = "same_id"
    """The planned one takes its place."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Another promotion on goods of this one at the same time for the same customers."""

    other: Promotion
    clash: Clash
    versions: Sequence[int]


@dataclass(frozen=True, slots=True)
class LowPrice:
    """An item that would go below what it cost, or that its floor holds back."""

    item: Item
    store: str
    pays_minor: int
    """For all pieces of the try."""
    cost_minor: int | None
    withheld_minor: int
    together: bool = False
    """It goes that low only with what else is on now, not by itself."""


@dataclass(frozen=True, slots=True)
class Conflicts:
    """Everything found; `sampled` when there were more items than were priced."""

    overlaps: Sequence[Overlap]
    below_cost: Sequence[LowPrice]
    held_back: Sequence[LowPrice]
    priced: int
    sampled: bool


def check(session: Session, books: StoreBooks, stores: Sequence[Store], promotion: Promotion, now_ms: int) -> Conflicts:
    """Look at what the stores sell by, now and staged. One store of each price zone is priced."""
    overlaps = _overlaps(session, books, stores, promotion, now_ms)
    zones = list({store.price_zone: store for store in reversed(stores)}.values())
    low: list[LowPrice] = []
    priced, sampled = 0, False
    for store in zones[:_PIECES]:
        book = book_now(session, books, store.id, now_ms)
        if book is None:
            continue
        scopes, whole = items_in_scope(session, store.id, book, promotion, most=_ITEMS_PRICED)
        sampled |= not whole
        items = list({item.item: item for found in scopes for item in found}.values())
        priced = max(priced, len(items))
        low += _low(book, store, items, promotion, now_ms)
    return Conflicts(
        overlaps,
        [one for one in low if one.cost_minor is not None and one.pays_minor < one.cost_minor],
        [one for one in low if one.withheld_minor],
        priced,
        sampled,
    )


def _overlaps(
    session: Session, books: StoreBooks, stores: Sequence[Store], promotion: Promotion, now_ms: int
) -> list[Overlap]:
    timelines = live_entries(session, [store.id for store in stores], now_ms)
    places = {(store, entry.version) for store, entries in timelines.items() for entry in entries}
    known = manifests(session, places)
    # Stores of one version may have different promotions: each list is looked at once, in one of its stores.
    pairs = {
        (version, bodies_of(known[store, version]).hashes.get(PROMOTIONS)): store for store, version in sorted(known)
    }
    found: dict[str, tuple[Promotion, list[int]]] = {}
    for (version, _), store in sorted(pairs.items(), key=lambda pair: (pair[0][0], pair[1])):
        book = books.book(session, store, version)
        for listed in book.promotions().listed if book else ():
            other = listed.promotion
            if other.promotion == promotion.promotion or (book and _meet_in(book, promotion, other)):
                versions = found.setdefault(other.promotion, (other, []))[1]
                versions += [version] if version not in versions else []
    return [Overlap(other, clash_of(promotion, other), versions) for other, versions in found.values()]


def _meet_in(book: StoreBook, one: Promotion, other: Promotion) -> bool:
    """Tell whether two promotions meet by what the book says of the items they list; most fail without asking it."""
    if _one_code(one, other) and _same_time(one, other):
        return True
    if not meet(one, other):
        return False
    listed = {item for scope in (*one.scopes(), *other.scopes()) for item in scope.items}
    return meet(one, other, book.items(sorted(listed)))


def meet(one: Promotion, other: Promotion, known: Mapping[str, Item] = MappingProxyType({})) -> bool:
    """Tell whether two promotions may meet in a basket: goods, days, weekdays, hours, customers and tills in common.

    It errs on the side of yes: two categories and a brand may turn out to share nothing, and a listed item that is
    not `known` may be anything.
    """
    if not any(_share(mine, theirs, known) for mine in one.scopes() for theirs in other.scopes()):
        return False
    return _same_time(one, other) and _same_people(one, other)


def clash_of(one: Promotion, other: Promotion) -> Clash:
    """Return how two promotions that meet get on, as the engine settles it."""
    if one.promotion == other.promotion:
        return Clash.SAME_ID
    if _one_code(one, other):
        return Clash.SAME_CODE
    if getattr(one, "exclusive", False) or getattr(other, "exclusive", False):
        return Clash.SHUTS_OUT
    same_layer = one.layer is other.layer
    if same_layer and (one.layer is Layer.PRICE or _group(one) == _group(other)):
        if Stacking.EXCLUSIVE in {one.stacking, other.stacking}:
            return Clash.EXCLUDES
        both = {one.stacking, other.stacking} == {Stacking.STACK_ALL}
        return Clash.STACKS if both and one.layer is not Layer.PRICE else Clash.COMPETES
    return Clash.STACKS


def _one_code(one: Promotion, other: Promotion) -> bool:
    """Tell whether both are coupons that everybody uses by the same code."""
    mine = getattr(one, "code", "")
    return bool(mine) and mine == getattr(other, "code", "")


def _group(promotion: Promotion) -> tuple[str, str]:
    return promotion.group, "" if promotion.group else promotion.family


def _share(one: Scope, other: Scope, known: Mapping[str, Item]) -> bool:
    """Tell whether two scopes may have an item in common."""
    if one.everything or other.everything or set(one.items) & set(other.items):
        return True
    by_what_they_are = (
        one.by_property
        and other.by_property
        and _fit(one.categories, other.categories, lambda a, b: below(a, b) or below(b, a))
        and _fit(one.brands, other.brands, _equal)
        and _fit(one.suppliers, other.suppliers, _equal)
    )
    return by_what_they_are or _reaches(one, other, known) or _reaches(other, one, known)


def _reaches(one: Scope, other: Scope, known: Mapping[str, Item]) -> bool:
    """Tell whether a scope takes in, by what items are, one that the other lists."""
    return one.by_property and any(item not in known or one.covers(known[item]) for item in other.items)


def _equal(one: str, other: str) -> bool:
    return one == other


def _fit(ones: Sequence[str], others: Sequence[str], fits: Callable[[str, str], bool]) -> bool:
    if not ones or not others:
        return True
    return any(fits(one, other) for one in ones for other in others)


def _same_time(one: Promotion, other: Promotion) -> bool:
    mine, theirs = one.when, other.when
    first = max(mine.first or date.min, theirs.first or date.min)
    last = min(mine.last or date.max, theirs.last or date.max)
    return (
        first <= last
        and (not mine.weekdays or not theirs.weekdays or bool({*mine.weekdays} & {*theirs.weekdays}))
        and (not mine.days or not theirs.days or bool({*mine.days} & {*theirs.days}))
    )


def _same_people(one: Promotion, other: Promotion) -> bool:
    mine, theirs = one.who, other.who
    if {mine.audience, theirs.audience} == {Audience.MEMBERS, Audience.NON_MEMBERS}:
        return False
    return (
        (not mine.tiers or not theirs.tiers or bool({*mine.tiers} & {*theirs.tiers}))
        and (not one.where.stores or not other.where.stores or bool({*one.where.stores} & {*other.where.stores}))
        and (
            not one.where.till_kinds
            or not other.where.till_kinds
            or bool({*one.where.till_kinds} & {*other.where.till_kinds})
        )
    )


def _low(book: StoreBook, store: Store, items: Sequence[Item], promotion: Promotion, now_ms: int) -> Iterator[LowPrice]:
    """Price each item in turn, some pieces of it at once, with the promotion as if it were on."""
    planned = always_on(promotion)
    only = OverlayBook(book, PromotionIndex([planned]))
    every = OverlayBook(book, with_promotion(book.promotions(), planned))
    tiers = promotion.who.tiers or sorted(getattr(promotion, "tier_minor", {}))
    member = MemberFacts(tier=tiers[0] if tiers else "")
    context = PricingContext(
        at_ms=now_ms, time_zone=store.time_zone, store=store.id, till_kind="staffed",
        member=member if promotion.members_only else None,
    )  # fmt: skip
    book.prefetch([item.item for item in items])
    for item in items:
        price = book.price(item.item)
        quantity = _PIECES * (price.basis if price else 1)
        basket = [BasketLine(n=1, item=item.item, quantity=quantity)]
        priced = price_basket(basket, only, context)
        withheld = sum(outcome.withheld_minor for outcome in priced.outcomes)
        line = priced.lines[0]
        if not line.discounts and not withheld:
            continue
        cost = cost_of(item, line)
        if cost is not None and line.net_minor >= cost:
            net_minor = price_basket(basket, every, context).lines[0].net_minor
            if net_minor < cost:
                yield LowPrice(item, store.id, net_minor, cost, withheld, together=True)
                continue
        yield LowPrice(item, store.id, line.net_minor, cost, withheld)


def cost_of(item: Item, line: PricedLine) -> int | None:
    """Return what a line's goods cost the chain, None where nobody knows. An item's cost is for its price's basis."""
    return None if item.cost_minor is None else item.cost_minor * line.quantity // line.price.basis
