"""Old price-book rows go when no basket can be priced by them any more."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import msgspec

from edge_agent.prices import search
from shared.body import BodyKind
from shared.pricing import Item
from shared.wire.desired import Manifest

_STEP_ROWS = 500
_item = msgspec.json.Decoder(Item)
_manifest = msgspec.json.Decoder(Manifest)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pruning pass has got to: the row it looked at last."""

    kind: str = ""
    scope: str = ""
    key: str = ""
    version: int = 0


def floor_version(db: sqlite3.Connection) -> int | None:
    """Return the oldest version still needed: the one in force, or the oldest that an open or held basket pins."""
    found = db.execute(
        "SELECT min(version) FROM ("
        " SELECT max(version) AS version FROM timeline WHERE latched_ms IS NOT NULL"
        " UNION ALL SELECT min(book_version) FROM basket)"
    ).fetchone()
    return None if found is None else found[0]


def superseded(db: sqlite3.Connection, floor: int, after: Place) -> list[Place]:
    """Return the next rows that nobody sees from version `floor` on, in key order.

    Those are rows with a later one at or before the floor, rows that took a key away, and rows of bodies that no
    version from the floor on names.
    """
    named = msgspec.json.encode(_named_scopes(db, floor)).decode()
    rows = db.execute(
        "SELECT kind, scope, key, version FROM body_row AS r"
        " WHERE (kind, scope, key, version) > (?, ?, ?, ?) AND version <= ? AND ("
        "  row IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(?) WHERE value = r.kind || '/' || r.scope)"
        "  OR EXISTS (SELECT 1 FROM body_row WHERE kind = r.kind AND scope = r.scope AND key = r.key"
        "             AND version > r.version AND version <= ?))"
        " ORDER BY kind, scope, key, version LIMIT ?",
        (after.kind, after.scope, after.key, after.version, floor, named, floor, _STEP_ROWS),
    ).fetchall()
    return [Place(*row) for row in rows]


def prune_rows(db: sqlite3.Connection, places: list[Place]) -> None:
    """Delete rows found by `superseded`, and the barcodes that no row of their item carries any more."""
    db.executemany(
        "DELETE FROM body_row WHERE kind = ? AND scope = ? AND key = ? AND version = ?",
        [(place.kind, place.scope, place.key, place.version) for place in places],
    )
    for scope, item in {(place.scope, place.key) for place in places if place.kind == BodyKind.ITEMS}:
        _prune_barcodes(db, scope, item)


def prune_versions(db: sqlite3.Connection, floor: int) -> None:
    """Forget versions and bodies before the floor, once their rows are pruned."""
    db.execute("DELETE FROM body WHERE version < ?", (floor,))
    db.execute("DELETE FROM timeline WHERE version < ?", (floor,))


def _named_scopes(db: sqlite3.Connection, floor: int) -> list[str]:
    manifests = db.execute("SELECT manifest FROM timeline WHERE version >= ?", (floor,)).fetchall()
    named = [body for (content,) in manifests for body in _manifest.decode(content).bodies]
    return sorted({f"{body.kind}/{body.scope}" for body in named})


def _prune_barcodes(db: sqlite3.Connection, scope: str, item: str) -> None:
    rows = db.execute(
        "SELECT row FROM body_row WHERE kind = ? AND scope = ? AND key = ? AND row IS NOT NULL",
        (BodyKind.ITEMS, scope, item),
    ).fetchall()
    if not rows:
        search.drop(db, item)
    kept = {barcode.code for (row,) in rows for barcode in _item.decode(row).barcodes}
    for (code,) in db.execute("SELECT code FROM barcode WHERE item = ?", (item,)).fetchall():
        if code not in kept:
            db.execute("DELETE FROM barcode WHERE code = ? AND item = ?", (code, item))
