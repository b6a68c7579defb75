"""The store's price books: look-ups in the rows this agent holds, at one version, without loading a catalogue."""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

import msgspec

from edge_agent.prices import timeline
from edge_agent.prices.indexing import lasting_index
from shared.body import BodyKind
from shared.clock import BusinessClock
from shared.codes import spellings
from shared.pricing import Item, Price, PromotionIndex
from shared.pricing.promotion_rows import PromotionUnreadable
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
    promotion_sets: tuple[tuple[str, str], ...]
    """Scope and hash of its promotions' bodies: versions that agree in them have the same index."""
    items: _Recent[Item | None] = field(default_factory=lambda: _Recent(_ITEMS_KEPT))
    prices: _Recent[Price | None] = field(default_factory=lambda: _Recent(_ITEMS_KEPT))
    codes: _Recent[FoundItem | None] = field(default_factory=lambda: _Recent(_CODES_KEPT))
    promotions: PromotionIndex | None = None
    indexing: Lock = field(default_factory=Lock)
    """Held while the promotions are indexed: a till that needs them just then waits for that, and starts no other."""


class StorePriceBook:
    """One version of this store's prices, read through a connection; implements `shared.pricing.PriceBook`."""

    def __init__(
        self, db: sqlite3.Connection, version: int, kept: _Version, beside: Callable[[], Sequence[_Version]]
    ) -> None:
        self.version = version
        self._db = db
        self._kept = kept
        self._beside = beside

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
        kept = self._kept
        if kept.promotions is None:
            with kept.indexing:
                if kept.promotions is None:
                    found = self._same_elsewhere()
                    if found is None:
                        found = lasting_index(promotion_rows(self._db, kept.scopes, self.version))
                    kept.promotions = found
        return kept.promotions

    def _same_elsewhere(self) -> PromotionIndex | None:
        """Return the index of another version with the same promotions: most versions change prices alone."""
        sets = self._kept.promotion_sets
        same = (one.promotions for one in self._beside() if one.promotion_sets == sets)
        return next((index for index in same if index is not None), None)

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
        return timeline.version_in_force(db, self._clock.now_ms())

    def at(self, db: sqlite3.Connection, version: int) -> StorePriceBook:
        """Return a version to look things up in through `db`. Raise UnknownVersion when it is not ready."""
        found = db.execute("SELECT manifest, hash FROM timeline WHERE version = ? AND ready = 1", (version,)).fetchone()
        if found is None:
            raise UnknownVersion(version)
        with self._lock:
            kept = self._versions.get(version)
        if kept is None or kept.hash != found[1]:
            kept = _opened(_manifest.decode(found[0]), found[1])
        return self._keep(db, version, kept)

    def unreadable(self, db: sqlite3.Connection, version: timeline.Version) -> str:
        """Return why this program cannot price by a version that is not ready yet, '' when it can.

        Its promotions are indexed by that, and are there when it takes over.
        """
        kept = _opened(version.manifest, version.hash)
        try:
            StorePriceBook(db, version.version, kept, self._kept).promotions()
        except PromotionUnreadable as error:
            return str(error)
        self._keep(db, version.version, kept)
        return ""

    def prepare(self, db: sqlite3.Connection) -> None:
        """Index the promotions that are sold by and those that come next, so that no scan has to wait for it."""
        for version in (timeline.latched_version(db), *timeline.staged(db)[:1]):
            with suppress(UnknownVersion, PromotionUnreadable):  # a till that needs it says so itself
                if version is not None:
                    self.at(db, version).promotions()

    def _keep(self, db: sqlite3.Connection, version: int, kept: _Version) -> StorePriceBook:
        """Keep a version in memory, unless it is there already, and of several those used last."""
        with self._lock:
            held = self._versions.get(version)
            if held is None or held.hash != kept.hash:
                held = self._versions[version] = kept
            self._versions.move_to_end(version)
            while len(self._versions) > _VERSIONS_KEPT:
                self._versions.popitem(last=False)
        return StorePriceBook(db, version, held, self._kept)

    def _kept(self) -> list[_Version]:
        with self._lock:
            return list(self._versions.values())


def _opened(manifest: Manifest, manifest_hash: str) -> _Version:
    sets = tuple((body.scope, body.hash) for body in manifest.bodies if body.kind == BodyKind.PROMOTIONS)
    return _Version(hash=manifest_hash, engine=manifest.engine, scopes=_scopes(manifest), promotion_sets=sets)


def _scopes(manifest: Manifest) -> dict[str, list[str]]:
    """Return the scopes of a version's bodies by kind."""
    scopes: dict[str, list[str]] = {}
    for body in manifest.bodies:
        scopes.setdefault(body.kind, []).append(body.scope)
    return scopes
