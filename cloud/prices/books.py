"""Price books of any store at any version, for the audit: read in bulk, by lineage, withdrawn versions included."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from sqlmodel import Session

from cloud.prices.item_histories import ItemHistories
from cloud.prices.models import StoreManifest
from cloud.prices.placing import BodyKey
from cloud.prices.rows import Lineage, body_tree, effective_rows, rows_of
from cloud.prices.starting import bodies_of
from shared.body import BodyKind
from shared.pricing import NO_PROMOTIONS, Item, Price, PromotionIndex
from shared.pricing.promotion_rows import index_rows

V = TypeVar("V")

MAX_ROWS = 300_000
"""Rows kept in memory: a few hundred bytes each."""
MAX_BOOKS = 10_000
MAX_PROMOTION_SETS = 64
_PRICED = (BodyKind.ITEMS, BodyKind.PRICES, BodyKind.OVERRIDES)
_item = msgspec.json.Decoder(Item)
_price = msgspec.json.Decoder(Price)


@dataclass(slots=True)
class _BodyRows:
    """Rows of one body, as far as they were asked for; None where the body has none."""

    line: Lineage
    rows: dict[str, Item | Price | None] = field(default_factory=dict)

    def load(self, session: Session, keys: Sequence[str]) -> int:
        """Read the rows not read yet, in one query; return how many."""
        wanted = [key for key in keys if key not in self.rows]
        if wanted:
            found = rows_of(session, self.line, wanted)
            decoder: msgspec.json.Decoder[Item] | msgspec.json.Decoder[Price]
            decoder = _item if self.line.kind is BodyKind.ITEMS else _price
            self.rows |= {key: decoder.decode(found[key]) if key in found else None for key in wanted}
        return len(wanted)


@dataclass(frozen=True, slots=True)
class _Version:
    """What a version means in a store: its manifest's hash and its bodies by kind."""

    hash: str
    bodies: dict[BodyKind, tuple[BodyKey, str]]
    promotions: tuple[BodyKey, str] | None = None


class StoreBook:
    """One version of one store's prices, as long as its session lasts; implements `shared.pricing.PriceBook`."""

    def __init__(self, books: StoreBooks, session: Session, version: int, known: _Version) -> None:
        self.version = version
        self.hash = known.hash
        """SHA-256 of the manifest, in hex."""
        self._books = books
        self._session = session
        self._known = known

    def prefetch(self, items: Iterable[str]) -> None:
        """Read items and their prices in bulk, so that the questions after it ask no database."""
        keys = list(dict.fromkeys(items))
        for kind in self._known.bodies:
            self._rows(kind, keys)

    def items(self, items: Iterable[str]) -> dict[str, Item]:
        """Return those of the items that the book knows, read in bulk, without their prices."""
        return self._books.items_of(self._session, self._known, list(dict.fromkeys(items)))

    def item(self, item: str) -> Item | None:
        """Return the item, or None when the book does not know it."""
        return self._row(BodyKind.ITEMS, item, Item)

    def price(self, item: str) -> Price | None:
        """Return the item's price in this store, its own before its zone's, or None: a missing price is never 0."""
        return self.own_price(item) or self.zone_price(item)

    def own_price(self, item: str) -> Price | None:
        """Return the price that the store itself has for an item, or None."""
        return self._row(BodyKind.OVERRIDES, item, Price)

    def zone_price(self, item: str) -> Price | None:
        """Return the price of the store's zone for an item, or None."""
        return self._row(BodyKind.PRICES, item, Price)

    def promotions(self) -> PromotionIndex:
        """Return the version's promotions, indexed once for all stores that share the set."""
        return self._books.promotions(self._session, self._known.promotions)

    def _row(self, kind: BodyKind, key: str, expected: type[V]) -> V | None:
        row = self._rows(kind, [key]).get(key) if kind in self._known.bodies else None
        return row if isinstance(row, expected) else None

    def _rows(self, kind: BodyKind, keys: Sequence[str]) -> dict[str, Item | Price | None]:
        return self._books.rows(self._session, *self._known.bodies[kind], keys)


class StoreBooks:
    """Books by store and version. Keep one per worker: what a version holds never changes, so rows stay cached.

    Stores that share a body share its rows; the bodies used longest ago make room.
    """

    def __init__(self, *, max_rows: int = MAX_ROWS) -> None:
        self._max_rows = max_rows
        self._kept = 0
        self._bodies: OrderedDict[tuple[BodyKey, str], _BodyRows] = OrderedDict()
        self._versions: OrderedDict[tuple[str, int], _Version] = OrderedDict()
        self._promotions: OrderedDict[tuple[BodyKey, str], PromotionIndex] = OrderedDict()
        self._histories = ItemHistories()

    def items(
        self, session: Session, wanted: Mapping[tuple[str, int], Collection[str]]
    ) -> dict[tuple[str, int], Mapping[str, Item]]:
        """Return what books, by store and version, know of items, without their prices; read in bulk.

        A book may tell more than it was asked for: what it holds never changes, so its answers are kept. A book that
        HQ never gave a store knows nothing.
        """
        lines: dict[tuple[str, int], Lineage] = {}
        for store, version in wanted:
            known = self._versions.get((store, version)) or self._find(session, store, version)
            line = None if known is None else self._items_line(session, known)
            if line is not None:
                lines[store, version] = line
        self._histories.make_room()
        asked: defaultdict[Lineage, set[str]] = defaultdict(set)
        for book, line in lines.items():
            asked[line].update(wanted[book])
        found = self._histories.known(session, asked)
        return {book: found[line] for book, line in lines.items()}

    def items_of(self, session: Session, known: _Version, items: Collection[str]) -> dict[str, Item]:
        """Return what one version knows of items."""
        line = self._items_line(session, known)
        self._histories.make_room()
        if line is None:
            return {}
        self._histories.prefetch(session, [(line, items)])
        return self._histories.items(line, items)

    def _items_line(self, session: Session, known: _Version) -> Lineage | None:
        if BodyKind.ITEMS not in known.bodies:
            return None
        return self._body(session, *known.bodies[BodyKind.ITEMS]).line

    def book(self, session: Session, store: str, version: int) -> StoreBook | None:
        """Return a store's book, withdrawn or not, or None when HQ never gave this store that version."""
        known = self._versions.get((store, version)) or self._find(session, store, version)
        return None if known is None else StoreBook(self, session, version, known)

    def rows(self, session: Session, body: BodyKey, hash_: str, keys: Sequence[str]) -> dict[str, Item | Price | None]:
        """Return the rows kept of a body, with those of `keys` among them."""
        found = self._body(session, body, hash_)
        self._kept += found.load(session, keys)
        while self._kept > self._max_rows and len(self._bodies) > 1:
            _, dropped = self._bodies.popitem(last=False)
            self._kept -= len(dropped.rows)
        return found.rows

    def _body(self, session: Session, body: BodyKey, hash_: str) -> _BodyRows:
        found = self._bodies.get((body, hash_))
        if found is None:
            tree = body_tree(session, *body)
            found = self._bodies[body, hash_] = _BodyRows(tree.lineage(tree.version_of(hash_)))
        self._bodies.move_to_end((body, hash_))
        return found

    def promotions(self, session: Session, body: tuple[BodyKey, str] | None) -> PromotionIndex:
        """Return the index of a set of promotions; the sets used longest ago make room."""
        if body is None:
            return NO_PROMOTIONS
        found = self._promotions.get(body)
        if found is None:
            tree = body_tree(session, *body[0])
            rows = effective_rows(session, tree.lineage(tree.version_of(body[1])))
            found = self._promotions[body] = index_rows(row for _, _, row in rows)
        self._promotions.move_to_end(body)
        if len(self._promotions) > MAX_PROMOTION_SETS:
            self._promotions.popitem(last=False)
        return found

    def _find(self, session: Session, store: str, version: int) -> _Version | None:
        manifest = session.get(StoreManifest, (version, store))
        if manifest is None:
            return None
        hashes = bodies_of(manifest).hashes
        known = _Version(
            manifest.hash,
            {key[0]: (key, hash_) for key, hash_ in hashes.items() if key[0] in _PRICED},
            next(((key, hash_) for key, hash_ in hashes.items() if key[0] is BodyKind.PROMOTIONS), None),
        )
        self._versions[store, version] = known
        if len(self._versions) > MAX_BOOKS:
            self._versions.popitem(last=False)
        return known
