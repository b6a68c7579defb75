"""Baskets of the past priced with and without what is planned, by the engine that tills sell by."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from sqlmodel import Session

from cloud.prices.books import StoreBook, StoreBooks
from cloud.pricing_audit.comparing import reason_of
from cloud.pricing_audit.records import SaleRecord
from cloud.promotions.conflicts import cost_of
from cloud.promotions.trying import OverlayBook, as_if_on, with_promotion
from shared.pricing import (
    ENGINE_LEVEL,
    Counter,
    Outcome,
    Per,
    PriceBook,
    PricedBasket,
    PriceMissing,
    PromotionIndex,
    Status,
    price_basket,
)
from shared.pricing.promotion import Promotion

EXAMPLES = 6
ITEMS_NAMED = 20
_DEEP_BP = 5_000
"""A line that two promotions together bring below half its price surprises people."""
_TEN_THOUSAND = 10_000


class ExampleLine(msgspec.Struct, frozen=True):
    """A line of an example, before and after."""

    item: str
    names: dict[str, str]
    quantity: int
    unit: str
    gross_minor: int
    before_minor: int
    after_minor: int
    reasons: list[tuple[str, str, int]]
    """(reason, promotion, amount) of what comes off after."""

    @property
    def is_changed(self) -> bool:
        """Whether it costs something else after."""
        return self.before_minor != self.after_minor


class Example(msgspec.Struct, frozen=True):
    """A receipt as it was, and as it would have been."""

    sale: str
    store: str
    before_minor: int
    after_minor: int
    lines: list[ExampleLine]


class Failure(msgspec.Struct, frozen=True):
    """A sale on which the engine fails, and why."""

    sale: str
    store: str
    reason: str


class Displaced(msgspec.Struct):
    """What the planned promotion does to another: baskets in which it gives less than before, and how much less."""

    baskets: int = 0
    minor: int = 0


class Tally(msgspec.Struct):
    """What a try found. Amounts are of the whole time looked at, in minor units."""

    baskets: int = 0
    touched: int = 0
    near: int = 0
    """Baskets that a little more would have brought it."""
    beaten: int = 0
    """Baskets in which another promotion of its group saved more."""
    unpriced: int = 0
    """Baskets that cannot be priced again here: another book or a newer engine."""
    failed: int = 0
    """Baskets on which the engine fails."""
    failures: list[Failure] = []
    """The first of them, by name."""
    before_minor: int = 0
    after_minor: int = 0
    costed_before_minor: int = 0
    costed_after_minor: int = 0
    """Of lines whose cost is known."""
    cost_minor: int = 0
    lines: int = 0
    costed_lines: int = 0
    """Of all lines, those whose cost is known."""
    given_minor: int = 0
    uses: int = 0
    points: int = 0
    below_cost: int = 0
    """Lines that it brings below cost."""
    below_cost_items: dict[str, int] = {}
    item_names: dict[str, dict[str, str]] = {}
    """What these items are called, by language."""
    held_back: int = 0
    held_back_minor: int = 0
    below_floor: int = 0
    """Lines whose new price is below the lowest price set for the item."""
    below_floor_items: dict[str, int] = {}
    deep: int = 0
    """Lines that it and another bring below half price."""
    displaced: dict[str, Displaced] = {}
    examples: list[Example] = []

    @property
    def promotions(self) -> set[str]:
        """The ids of the promotions that it speaks of."""
        reasons = (reason for one in self.examples for line in one.lines for reason in line.reasons)
        return {*self.displaced, *(source for _, source, _ in reasons)}

    @property
    def places(self) -> set[str]:
        """The stores of the sales that it names, as targets of publications name them."""
        stores = {one.store for one in self.examples} | {one.store for one in self.failures}
        return {f"store:{store}" for store in stores}

    @property
    def margin_before_minor(self) -> int:
        """What was earned on goods whose cost is known."""
        return self.costed_before_minor - self.cost_minor

    @property
    def margin_after_minor(self) -> int:
        """What would have been earned on them."""
        return self.costed_after_minor - self.cost_minor


class BasketReplay(ABC):
    """Something against many baskets; give it sales, then read `tally`. Subclasses say what a basket costs with it."""

    def __init__(self) -> None:
        self.tally = Tally()

    def add(self, session: Session, books: StoreBooks, sales: Sequence[SaleRecord]) -> None:
        """Price some sales again, book by book."""
        groups: dict[tuple[str, int], list[SaleRecord]] = {}
        for sale in sales:
            groups.setdefault((sale.store, sale.book_version), []).append(sale)
        for (store, version), theirs in groups.items():
            try:
                book = books.book(session, store, version)
                if book is not None:
                    book.prefetch({line.item for sale in theirs for line in sale.lines} | self.offered())
            except Exception as error:  # a book that cannot be read harms only what was sold by it
                for sale in theirs:
                    self._failed(sale, error)
                continue
            for sale in theirs:
                self._one(sale, book)

    def _one(self, sale: SaleRecord, book: StoreBook | None) -> None:
        """Price one sale again; one on which the engine fails is counted and named, and the next is looked at."""
        if book is None or sale.engine > ENGINE_LEVEL:
            self.tally.unpriced += 1
            return
        try:
            before, after = self.priced(sale, book)
            self.count(sale, book, before, after)
        except PriceMissing:
            self.tally.unpriced += 1
        except Exception as error:
            self._failed(sale, error)
        else:
            self.tally.baskets += 1
            self.tally.before_minor += before.total_minor
            self.tally.after_minor += after.total_minor

    def _failed(self, sale: SaleRecord, error: Exception) -> None:
        self.tally.failed += 1
        reason = reason_of(sale, error)
        if len(self.tally.failures) < EXAMPLES:
            self.tally.failures.append(Failure(str(sale.sale), sale.store, reason))

    def offered(self) -> set[str]:
        """Return items that are looked at beside those of the baskets."""
        return set()

    @abstractmethod
    def priced(self, sale: SaleRecord, book: StoreBook) -> tuple[PricedBasket, PricedBasket]:
        """Return a basket without and with it. Raise PriceMissing where it cannot be priced."""

    @abstractmethod
    def count(self, sale: SaleRecord, book: StoreBook, before: PricedBasket, after: PricedBasket) -> None:
        """Count what it did to one basket."""

    def displace(self, before: PricedBasket, after: PricedBasket) -> None:
        """Note what promotions lose by it."""
        was, now = _given(before), _given(after)
        lost = {other: minor - now.get(other, 0) for other, minor in was.items() if minor > now.get(other, 0)}
        for other, minor in lost.items():
            entry = self.tally.displaced.setdefault(other, Displaced())
            entry.baskets += 1
            entry.minor += minor

    def margins(self, book: PriceBook, before: PricedBasket, after: PricedBasket, *, touched: bool) -> None:
        """Count what was and would be earned on goods whose cost is known, and lines that it brings below cost."""
        tally = self.tally
        for was, now in zip(before.lines, after.lines, strict=True):
            item = book.item(now.item)
            cost = cost_of(item, now) if item else None
            tally.lines += 1
            if cost is None:
                continue
            tally.costed_lines += 1
            tally.costed_before_minor += was.net_minor
            tally.costed_after_minor += now.net_minor
            tally.cost_minor += cost
            if touched and now.net_minor < cost <= was.net_minor:
                tally.below_cost += 1
                if now.item in tally.below_cost_items or len(tally.below_cost_items) < ITEMS_NAMED:
                    tally.below_cost_items[now.item] = tally.below_cost_items.get(now.item, 0) + 1
                    tally.item_names[now.item] = dict(item.names) if item else {}

    def example(self, sale: SaleRecord, book: PriceBook, before: PricedBasket, after: PricedBasket) -> None:
        """Keep the receipts that change most."""
        kept = self.tally.examples
        moved = abs(before.total_minor - after.total_minor)
        if len(kept) >= EXAMPLES and moved <= abs(kept[-1].before_minor - kept[-1].after_minor):
            return
        kept.append(_shown(sale.sale, sale.store, book, before, after))
        kept.sort(key=lambda one: (-abs(one.before_minor - one.after_minor), one.sale))
        del kept[EXAMPLES:]


class Replay(BasketReplay):
    """One promotion against many baskets."""

    def __init__(self, promotion: Promotion) -> None:
        super().__init__()
        self._promotion = as_if_on(promotion)
        self._id = promotion.promotion
        self._indexes: dict[int, tuple[PromotionIndex, PromotionIndex]] = {}
        self._used: dict[tuple[Per, str], tuple[int, int]] = {}

    def offered(self) -> set[str]:
        """Return the items that its scopes name."""
        return {item for scope in self._promotion.scopes() for item in scope.items}

    def priced(self, sale: SaleRecord, book: StoreBook) -> tuple[PricedBasket, PricedBasket]:
        """Return a basket by its book's other promotions, and with this one as well."""
        lines = sale.basket(book)
        counted = msgspec.structs.replace(sale.context, counters=[*sale.context.counters, *self._counters(sale)])
        before = price_basket(lines, OverlayBook(book, self._without(book)), sale.context, sale.coupons)
        return before, price_basket(lines, OverlayBook(book, self._with(book)), counted, sale.coupons)

    def _without(self, book: StoreBook) -> PromotionIndex:
        return self._both(book)[0]

    def _with(self, book: StoreBook) -> PromotionIndex:
        return self._both(book)[1]

    def _both(self, book: StoreBook) -> tuple[PromotionIndex, PromotionIndex]:
        """Return the book's promotions without and with the planned one, indexed once."""
        own = book.promotions()
        found = self._indexes.get(id(own))
        if found is None:
            others = [listed.promotion for listed in own.listed if listed.id != self._id]
            found = self._indexes[id(own)] = (PromotionIndex(others), with_promotion(own, self._promotion))
        return found

    def _counters(self, sale: SaleRecord) -> list[Counter]:
        """Return what of its budgets earlier baskets of the replay used, as far as it is counted over places."""
        found = []
        for limit in self._promotion.limits:
            if (key := _place(limit.per, sale)) is not None and key in self._used:
                uses, minor = self._used[key]
                found.append(Counter(self._id, limit.per, uses, minor))
        return found

    def count(self, sale: SaleRecord, book: StoreBook, before: PricedBasket, after: PricedBasket) -> None:
        """Count what the promotion gave, displaced and brought below cost."""
        tally = self.tally
        mine = [outcome for outcome in after.outcomes if outcome.promotion == self._id]
        applied = [outcome for outcome in mine if outcome.status is Status.APPLIED]
        tally.near += any(outcome.status is Status.NEAR for outcome in mine)
        tally.beaten += any(outcome.reason == "beaten" for outcome in mine)
        tally.touched += bool(applied)
        for outcome in applied:
            self._applied(sale, outcome)
        self.margins(book, before, after, touched=bool(applied))
        if applied:
            self.displace(before, after)
            self._deepen(after)
            self.example(sale, book, before, after)

    def _applied(self, sale: SaleRecord, outcome: Outcome) -> None:
        tally = self.tally
        tally.given_minor += outcome.minor
        tally.uses += outcome.uses
        tally.points += outcome.points
        tally.held_back += bool(outcome.withheld_minor)
        tally.held_back_minor += outcome.withheld_minor
        for limit in self._promotion.limits:
            if (key := _place(limit.per, sale)) is not None:
                uses, minor = self._used.get(key, (0, 0))
                self._used[key] = (uses + outcome.uses, minor + outcome.minor)

    def _deepen(self, after: PricedBasket) -> None:
        """Count lines that it and another bring down far."""
        for line in after.lines:
            sources = {discount.source for discount in line.discounts}
            gross = line.gross_minor
            if self._id in sources and len(sources) > 1 and line.net_minor * _TEN_THOUSAND < gross * _DEEP_BP:
                self.tally.deep += 1


def _place(per: Per, sale: SaleRecord) -> tuple[Per, str] | None:
    """Return what a budget is counted over in a sale, None for what a replay cannot tell: who the member was."""
    places = {Per.CHAIN: "", Per.STORE: sale.store, Per.DAY: f"{sale.store} {sale.business_date}"}
    return (per, places[per]) if per in places else None


def _given(priced: PricedBasket) -> dict[str, int]:
    return {outcome.promotion: outcome.minor for outcome in priced.outcomes if outcome.minor}


def _shown(sale: UUID, store: str, book: PriceBook, before: PricedBasket, after: PricedBasket) -> Example:
    return Example(str(sale), store, before.total_minor, after.total_minor, list(_lines(book, before, after)))


def _lines(book: PriceBook, before: PricedBasket, after: PricedBasket) -> Iterable[ExampleLine]:
    for was, now in zip(before.lines, after.lines, strict=True):
        item = book.item(now.item)
        yield ExampleLine(
            item=now.item,
            names=item.names if item else {},
            quantity=now.quantity,
            unit=str(now.unit),
            gross_minor=now.gross_minor,
            before_minor=was.net_minor,
            after_minor=now.net_minor,
            reasons=[(one.reason, one.source, one.minor) for one in now.discounts],
        )
