"""The store's price books: look-ups in the rows this agent holds, at one version, without loading a catalogue."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

import msgspec

from edge_agent.prices.timeline import version_in_force
from shared.body import BodyKind
from shared.clock import BusinessClock
from shared.codes import spellings
from shared.pricing import Item, Price, PromotionIndex
from shared.pricing.promotion_rows import index_rows
from shared.wire.desired import Manifest

V = TypeVar("V")

_ITEMS_KEPT = 2_000
_CODES_KEPT = 2_000
"""What a store sells most; an article asked for seldom costs a look-up of some microseconds."""
_VERSIONS_KEPT = 3

_item = msgspec.json.Decoder(Item)
_price = msgspec.json.Decoder(Price)
_manifest = msgspec.json.Decoder(Manifest)


class UnknownVersion(LookupError):
    """A price-book version that this agent does not hold ready."""

    def __init__(self, version: int) -> None:
        super().__init__(f"price book {version} is not ready on this agent")
        self.version = version


@dataclass(frozen=True, slots=True)
class FoundItem:
    """An item found by a code, and how many pieces one scan of that code means."""

    item: Item
    pieces: int


class _Recent(Generic[V]):
    """The answers used last, at most `limit` of them; None is an answer too."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._answers: OrderedDict[str, V] = OrderedDict()
        self._lock = Lock()  # the database's writer and reader threads both look things up

    def get(self, key: str, find: Callable[[str], V]) -> V:
        with self._lock:
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        answer = find(key)
        with self._lock:
            self._answers[key] = answer
            if len(self._answers) > self._limit:
                self._answers.popitem(last=False)
        return answer


@dataclass(slots=True)
class _Version:
    """What is kept in memory of one version: where its bodies are, and the rows used last."""

    hash: str
    engine: int
    scopes: dict[str, list[str]]
    items: _Recent[Item | None] = field(default_factory=lambda: _Recent(_ITEMS_KEPT))
    prices: _Recent[Price | None] = field(default_factory=lambda: _Recent(_ITEMS_KEPT))
    codes: _Recent[FoundItem | None] = field(default_factory=lambda: _Recent(_CODES_KEPT))
    promotions: PromotionIndex | None = None
    """Built when a basket is first priced by this version."""


class StorePriceBook:
    """One version of this store's prices, read through a connection; implements `shared.pricing.PriceBook`."""

    def __init__(self, db: sqlite3.Connection, version: int, kept: _Version) -> None:
        self.version = version
        self._db = db
        self._kept = kept

    @property
    def hash(self) -> str:
        """SHA-256 of the version's manifest, in hex, as sales name it."""
        return self._kept.hash

    @property
    def engine(self) -> int:
        """The engine level this version needs."""
        return self._kept.engine

    def item(self, item: str) -> Item | None:
        """Return the item, or None when the book does not know it."""
        return self._kept.items.get(item, self._find_item)

    def price(self, item: str) -> Price | None:
        """Return the item's price: the store's own if it has one, else its zone's, else None."""
        return self._kept.prices.get(item, self._find_price)

    def by_code(self, code: str) -> FoundItem | None:
        """Return the item sold under a code: a barcode in any of its spellings, or the item's own number."""
        return self._kept.codes.get(code, self._find_code)

    def promotions(self) -> PromotionIndex:
        """Return the version's promotions, indexed once. Raise PromotionUnreadable for a row that cannot price."""
        if self._kept.promotions is None:
            self._kept.promotions = index_rows(promotion_rows(self._db, self._kept.scopes, self.version))
        return self._kept.promotions

    def _find_item(self, item: str) -> Item | None:
        row = self._row(BodyKind.ITEMS, item)
        return None if row is None else _item.decode(row)

    def _find_price(self, item: str) -> Price | None:
        row = self._row(BodyKind.OVERRIDES, item) or self._row(BodyKind.PRICES, item)
        return None if row is None else _price.decode(row)

    def _find_code(self, code: str) -> FoundItem | None:
        spelt = spellings(code)
        marks = ",".join("?" * len(spelt))
        # The table of barcodes covers all versions; only the item's row says what this version sells under a code.
        candidates = self._db.execute(
            f"SELECT DISTINCT item FROM barcode WHERE code IN ({marks}) ORDER BY item",  # noqa: S608 - only marks
            spelt,
        ).fetchall()
        for (number,) in candidates:
            item = self.item(number)
            for barcode in item.barcodes if item else []:
                if item and barcode.code in spelt:
                    return FoundItem(item, barcode.pieces)
        item = self.item(code)
        return None if item is None else FoundItem(item, 1)

    def _row(self, kind: BodyKind, key: str) -> bytes | None:
        for scope in self._kept.scopes.get(kind, []):
            found = self._db.execute(
                "SELECT row FROM body_row WHERE kind = ? AND scope = ? AND key = ? AND version <= ?"
                " ORDER BY version DESC LIMIT 1",
                (kind, scope, key, self.version),
            ).fetchone()
            if found is not None and found[0] is not None:
                return bytes(found[0])
        return None


def promotion_rows(db: sqlite3.Connection, scopes: Mapping[str, Sequence[str]], version: int) -> list[bytes]:
    """Return the promotion rows of a version; of two sets that name the same promotion, the one listed first counts."""
    found: dict[str, bytes] = {}
    for scope in scopes.get(BodyKind.PROMOTIONS, []):
        rows = db.execute(
            "SELECT key, row FROM body_row AS r WHERE kind = ? AND scope = ? AND version = (SELECT max(version)"
            " FROM body_row WHERE kind = r.kind AND scope = r.scope AND key = r.key AND version <= ?)",
            (BodyKind.PROMOTIONS, scope, version),
        )
        for key, row in rows:
            if row is not None:
                found.setdefault(key, bytes(row))
    return list(found.values())


def unreadable_promotion(db: sqlite3.Connection, manifest: Manifest) -> str:
    """Return why this program cannot price by a version's promotions, '' when it can."""
    try:
        index_rows(promotion_rows(db, _scopes(manifest), manifest.version))
    except ValueError as error:
        return str(error)
    return ""


class PriceBooks:
    """Every version this agent holds ready. Keeps the rows used last, for the few versions in use."""

    def __init__(self, clock: BusinessClock) -> None:
        self._clock = clock
        self._versions: OrderedDict[int, _Version] = OrderedDict()
        self._lock = Lock()

    def in_force(self, db: sqlite3.Connection) -> int | None:
        """Return the version that prices new baskets now, None when the store has none yet.

        A version whose moment has come is latched in the caller's transaction.
        """
        return version_in_force(db, self._clock.now_ms())

    def at(self, db: sqlite3.Connection, version: int) -> StorePriceBook:
        """Return a version to look things up in through `db`. Raise UnknownVersion when it is not ready."""
        found = db.execute("SELECT manifest, hash FROM timeline WHERE version = ? AND ready = 1", (version,)).fetchone()
        if found is None:
            raise UnknownVersion(version)
        with self._lock:
            kept = self._versions.get(version)
            if kept is None or kept.hash != found[1]:
                kept = self._versions[version] = _open_version(found[0], found[1])
            self._versions.move_to_end(version)
            while len(self._versions) > _VERSIONS_KEPT:
                self._versions.popitem(last=False)
        return StorePriceBook(db, version, kept)


def _open_version(manifest: bytes, manifest_hash: str) -> _Version:
    read = _manifest.decode(manifest)
    return _Version(hash=manifest_hash, engine=read.engine, scopes=_scopes(read))


def _scopes(manifest: Manifest) -> dict[str, list[str]]:
    """Return the scopes of a version's bodies by kind."""
    scopes: dict[str, list[str]] = {}
    for body in manifest.bodies:
        scopes.setdefault(body.kind, []).append(body.scope)
    return scopes
