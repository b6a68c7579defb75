"""Baskets of the past priced by their own books and by planned prices on top of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from cloud.org.models import Store
from cloud.prices.books import StoreBook
from cloud.prices.drafts import DraftChanges
from cloud.prices.targets import CHAIN, scopes_of
from cloud.pricing_audit.records import SaleRecord
from cloud.promotions.replaying import ITEMS_NAMED, BasketReplay
from shared.body import BodyKind
from shared.pricing import BasketLine, Item, Price, PriceBook, PricedBasket, PromotionIndex, Unit, price_basket
from shared.pricing.promotion_rows import read_promotion

_item, _price = msgspec.json.Decoder(Item), msgspec.json.Decoder(Price)
Rows = Mapping[str, bytes | None]
_NO_ROWS: Rows = {}


class PlannedBook:
    """A store's book with the rows of a draft in place of its own; None takes a row away."""

    def __init__(self, book: StoreBook, rows: Mapping[BodyKind, Rows], promotions: PromotionIndex) -> None:
        self.version = book.version
        self._book = book
        self._items = rows.get(BodyKind.ITEMS, _NO_ROWS)
        self._own = rows.get(BodyKind.OVERRIDES, _NO_ROWS)
        self._zone = rows.get(BodyKind.PRICES, _NO_ROWS)
        self._promotions = promotions

    def item(self, item: str) -> Item | None:
        """Return the item, or None when neither knows it; one that a draft drops was sold then, and stays."""
        row = self._items.get(item)
        return self._book.item(item) if row is None else _item.decode(row)

    def price(self, item: str) -> Price | None:
        """Return the item's price in this store, or None: its own before its zone's, as tills read them."""
        own = _laid(self._own, item) if item in self._own else self._book.own_price(item)
        if own is not None:
            return own
        return _laid(self._zone, item) if item in self._zone else self._book.zone_price(item)

    def promotions(self) -> PromotionIndex:
        """Return the promotions."""
        return self._promotions


class PriceReplay(BasketReplay):
    """A price change against many baskets of its stores."""

    def __init__(self, changes: DraftChanges, stores: Sequence[Store]) -> None:
        super().__init__()
        self._rows = {
            store.id: {
                kind: changes[kind, scope] for kind, scope in scopes_of(store).items() if (kind, scope) in changes
            }
            for store in stores
        }
        self._planned = changes.get((BodyKind.PROMOTIONS, CHAIN), {})
        self._indexes: dict[int, tuple[PromotionIndex, PromotionIndex]] = {}
        """A book's promotions and the planned ones, by the identity of the former, which is kept alive here."""

    def priced(self, sale: SaleRecord, book: StoreBook) -> tuple[PricedBasket, PricedBasket]:
        """Return a basket by its own book and by the planned one."""
        planned, lines = self._book(sale, book), sale.basket(book)
        before = price_basket(lines, book, sale.context, sale.coupons)
        anew = [_without_label(line, book, planned) for line in lines]
        return before, price_basket(anew, planned, sale.context, sale.coupons)

    def count(self, sale: SaleRecord, book: StoreBook, before: PricedBasket, after: PricedBasket) -> None:
        """Count what the new prices did to a basket."""
        pairs = zip(before.lines, after.lines, strict=True)
        touched = any((was.gross_minor, was.net_minor) != (now.gross_minor, now.net_minor) for was, now in pairs)
        planned = self._book(sale, book)
        self.tally.touched += touched
        self.margins(planned, before, after, touched=touched)
        if touched:
            self._floors(planned, book, after)
            self._held_back(before, after)
            self.displace(before, after)
            self.example(sale, planned, before, after)

    def _floors(self, planned: PriceBook, book: StoreBook, after: PricedBasket) -> None:
        tally = self.tally
        for line in after.lines:
            price, was = planned.price(line.item), book.price(line.item)
            if price is None or price == was:
                continue
            lowest = price.floor_minor or (was.floor_minor if was is not None and was.basis == price.basis else None)
            if price.regular_minor >= (lowest or 0):
                continue
            tally.below_floor += 1
            if line.item in tally.below_floor_items or len(tally.below_floor_items) < ITEMS_NAMED:
                tally.below_floor_items[line.item] = tally.below_floor_items.get(line.item, 0) + 1
                item = planned.item(line.item)
                tally.item_names[line.item] = dict(item.names) if item else {}

    def _held_back(self, before: PricedBasket, after: PricedBasket) -> None:
        """Count what lowest prices hold back of promotions more than they did."""
        more = sum(one.withheld_minor for one in after.outcomes) - sum(one.withheld_minor for one in before.outcomes)
        self.tally.held_back += more > 0
        self.tally.held_back_minor += max(more, 0)

    def _book(self, sale: SaleRecord, book: StoreBook) -> PlannedBook:
        own = book.promotions()
        found = self._indexes.get(id(own))
        if found is None:
            rest = [listed.promotion for listed in own.listed if listed.id not in self._planned]
            added = [read_promotion(row) for row in self._planned.values() if row is not None]
            found = self._indexes[id(own)] = (own, PromotionIndex([*rest, *added]) if self._planned else own)
        return PlannedBook(book, self._rows.get(sale.store, {}), found[1])


def _laid(rows: Rows, item: str) -> Price | None:
    row = rows[item]
    return None if row is None else _price.decode(row)


def _without_label(line: BasketLine, book: PriceBook, planned: PriceBook) -> BasketLine:
    """Return a weighed line as a scale would print its label by a new price: by weight, not by the old amount."""
    item = book.item(line.item)
    weighed = line.label_minor is not None and item is not None and item.unit is not Unit.EACH
    if not weighed or (item is not None and item.open_price is not None):
        return line
    if planned.price(line.item) == book.price(line.item):
        return line
    return msgspec.structs.replace(line, label_minor=None)
