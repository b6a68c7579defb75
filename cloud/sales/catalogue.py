"""What HQ knows of an item and the till does not send: its category and its cost, as of the book that priced it."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Collection, Mapping
from threading import Lock

import msgspec
from sqlmodel import Session

from cloud.ingest.intake import ItemFacts
from cloud.prices.models import StoreManifest
from cloud.prices.rows import body_tree, rows_of
from cloud.prices.starting import bodies_of
from shared.body import BodyKind

MAX_STORE_VERSIONS = 20_000
MAX_FACTS = 400_000
"""Four catalogues of 100,000 items: the versions that stores sell by at one time share nearly all of their bodies."""

_UNKNOWN = ItemFacts("", None)


class _ItemRow(msgspec.Struct, frozen=True):
    """As much of an item's row as is asked for here."""

    category: str = ""
    cost_minor: int | None = None


class Catalogue:
    """Looks items up by store and price-book version; remembers them by the hash of the body they stand in.

    A body never changes under its hash, so nothing remembered grows stale. Safe to use from several threads.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._bodies: OrderedDict[tuple[str, int], tuple[str, str]] = OrderedDict()
        self._facts: OrderedDict[str, dict[str, ItemFacts]] = OrderedDict()

    def __call__(self, session: Session, store: str, version: int, items: Collection[str]) -> Mapping[str, ItemFacts]:
        """Return category and cost of those of these items that the version knows; implements `Describe`."""
        body = self._body(session, store, version)
        if body is None:
            return {}
        scope, hash_ = body
        with self._lock:
            known = self._facts.setdefault(hash_, {})
            self._facts.move_to_end(hash_)
        missing = [item for item in items if item not in known]
        if missing:
            found = _read(session, scope, hash_, missing)
            with self._lock:
                known.update((item, found.get(item, _UNKNOWN)) for item in missing)
                self._shrink()
        return {item: known[item] for item in items if known[item] is not _UNKNOWN}

    def _body(self, session: Session, store: str, version: int) -> tuple[str, str] | None:
        """Return scope and hash of the items body in a store's version."""
        known = self._bodies.get((store, version))
        if known is not None:
            return known
        manifest = session.get(StoreManifest, (version, store))
        if manifest is None:
            return None
        hashes, _ = bodies_of(manifest)
        found = next(((scope, hash_) for (kind, scope), hash_ in hashes.items() if kind is BodyKind.ITEMS), None)
        if found is not None:
            with self._lock:
                self._bodies[store, version] = found
                if len(self._bodies) > MAX_STORE_VERSIONS:
                    self._bodies.popitem(last=False)
        return found

    def _shrink(self) -> None:
        """Forget whole bodies, the one not asked for longest first. A reader keeps the one it holds."""
        while len(self._facts) > 1 and sum(map(len, self._facts.values())) > MAX_FACTS:
            self._facts.popitem(last=False)


def _read(session: Session, scope: str, hash_: str, items: Collection[str]) -> dict[str, ItemFacts]:
    tree = body_tree(session, BodyKind.ITEMS, scope)
    rows = rows_of(session, tree.lineage(tree.version_of(hash_)), items)
    decoder = msgspec.json.Decoder(_ItemRow)
    facts = {}
    for item, content in rows.items():
        row = decoder.decode(content)
        facts[item] = ItemFacts(sys.intern(row.category), row.cost_minor)
    return facts
