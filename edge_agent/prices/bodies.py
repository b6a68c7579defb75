"""The rows of price-book bodies: staged in small steps beside those in force, proven by hash, then made visible.

A row at version v cannot be seen by any version before v, so a large body is written in many short transactions
between which the tills go on scanning; the last one, which gives the body its hash, is what makes it count.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from edge_agent.prices import search
from edge_agent.prices.body_file import Row
from shared.body import BUCKETS, BodyError, BodyHeader, BodyKind, body_hash, bucket_hash, bucket_of
from shared.pricing import Item
from shared.wire.desired import BodyReference

STEP_ROWS = 500
"""Rows written in one transaction: a few milliseconds during which a scan waits."""

_AS_OF = (
    "SELECT key, row FROM body_row AS r {index} WHERE kind = ? AND scope = ? AND {where} AND version = ("
    "SELECT max(version) FROM body_row WHERE kind = r.kind AND scope = r.scope AND key = r.key AND version <= ?)"
)
_BY_BUCKET = "INDEXED BY body_row_bucket"
"""Without being told, SQLite walks the whole body by its primary key."""
_item = msgspec.json.Decoder(Item)


@dataclass(frozen=True, slots=True)
class HeldBody:
    """A body as this agent holds it at a version."""

    version: int
    hash: str
    buckets: bytes


@dataclass(frozen=True, slots=True)
class Stretch:
    """Consecutive rows of a whole body: all there are after a key up to the last of them, or to the body's end."""

    after: str
    rows: Sequence[Row]
    last: bool


@dataclass(frozen=True, slots=True)
class Orphan:
    """A body whose version was withdrawn, or that a power cut left half staged."""

    kind: str
    scope: str
    version: int
    half_staged: bool


def base_of(db: sqlite3.Connection, kind: str, scope: str, version: int) -> HeldBody | None:
    """Return the body that a version's is built on: the newest complete one before it."""
    found = db.execute(
        "SELECT version, hash, buckets FROM body WHERE kind = ? AND scope = ? AND version < ? AND hash != ''"
        " ORDER BY version DESC LIMIT 1",
        (kind, scope, version),
    ).fetchone()
    return None if found is None else HeldBody(*found)


def newest_hashes(db: sqlite3.Connection) -> dict[str, str]:
    """Return the hash of the newest complete body per `kind/scope`: what HQ can build deltas on."""
    rows = db.execute("SELECT kind, scope, hash FROM body WHERE hash != '' ORDER BY version").fetchall()
    return {f"{kind}/{scope}": content_hash for kind, scope, content_hash in rows}


def holds(db: sqlite3.Connection, body: BodyReference, version: int) -> bool:
    """Tell whether a body is complete here at a version."""
    found = db.execute(
        "SELECT 1 FROM body WHERE kind = ? AND scope = ? AND version = ? AND hash = ?",
        (body.kind, body.scope, version, body.hash),
    ).fetchone()
    return found is not None


def prove_delta(db: sqlite3.Connection, header: BodyHeader, rows: Sequence[Row], base: HeldBody) -> bytes:
    """Return the bucket hashes that a delta leads to from its base. Raise BodyError unless they give its hash.

    Only the buckets it touches are read and hashed.
    """
    if header.base != base.hash:
        raise BodyError(f"delta starts from {header.base[:12]}, this agent holds {base.hash[:12]}")
    touched: dict[int, list[Row]] = {}
    for key, row in rows:
        touched.setdefault(bucket_of(key), []).append((key, row))
    buckets = [base.buckets[start : start + 32] for start in range(0, BUCKETS * 32, 32)]
    for bucket, changes in touched.items():
        content = _bucket_rows(db, header.kind, header.scope, bucket, base.version)
        for key, row in changes:
            content.pop(key, None)
            if row is not None:
                content[key] = row
        buckets[bucket] = bucket_hash(content.items())
    found = body_hash(header.kind, header.scope, buckets)
    if found != header.hash:
        raise BodyError(f"delta of {header.kind}/{header.scope} leads to {found[:12]}, not to {header.hash[:12]}")
    return b"".join(buckets)


def begin(db: sqlite3.Connection, kind: str, scope: str, version: int) -> None:
    """Mark a body as being staged: what a power cut leaves of it is found by this mark."""
    db.execute(
        "INSERT OR REPLACE INTO body (kind, scope, version, hash, buckets) VALUES (?, ?, ?, '', x'')",
        (kind, scope, version),
    )


def stage(db: sqlite3.Connection, kind: str, scope: str, version: int, rows: Sequence[Row]) -> None:
    """Write one step of a body's changed rows, the barcodes of its items, and what finds them by name."""
    db.executemany(
        "INSERT OR REPLACE INTO body_row (kind, scope, key, version, bucket, row) VALUES (?, ?, ?, ?, ?, ?)",
        [(kind, scope, key, version, bucket_of(key), row) for key, row in rows],
    )
    if kind == BodyKind.ITEMS:
        items = [_item.decode(row) for _, row in rows if row is not None]
        db.executemany("INSERT OR IGNORE INTO barcode (code, item, pieces) VALUES (?, ?, ?)", _barcodes(items))
        search.index(db, items)


def finish(db: sqlite3.Connection, body: BodyReference, version: int, buckets: bytes) -> None:
    """Give a staged body its proven hash: from now on it counts."""
    db.execute(
        "INSERT OR REPLACE INTO body (kind, scope, version, hash, buckets) VALUES (?, ?, ?, ?, ?)",
        (body.kind, body.scope, version, body.hash, buckets),
    )


def differences(db: sqlite3.Connection, kind: str, scope: str, base: int, stretch: Stretch) -> list[Row]:
    """Return how a stretch of a whole body differs from the body at version `base`.

    Keys of the base that the stretch leaves out are taken away.
    """
    where, bounds = "key > ?", [stretch.after]
    if not stretch.last:
        where, bounds = "key > ? AND key <= ?", [stretch.after, stretch.rows[-1][0]]
    held = dict(db.execute(_AS_OF.format(index="", where=where), (kind, scope, *bounds, base)).fetchall())
    changed: list[Row] = [(key, row) for key, row in stretch.rows if held.pop(key, None) != row]
    changed += [(key, None) for key, row in held.items() if row is not None]
    return changed


def orphans(db: sqlite3.Connection) -> list[Orphan]:
    """Return bodies to sweep away, oldest first: those of withdrawn versions and those half staged."""
    return [
        Orphan(kind, scope, version, half_staged=not content_hash)
        for kind, scope, version, content_hash in db.execute(
            "SELECT kind, scope, version, hash FROM body WHERE hash = ''"
            " OR (version NOT IN (SELECT version FROM timeline)"
            "     AND version > coalesce((SELECT max(version) FROM timeline WHERE latched_ms IS NOT NULL), 0))"
            " ORDER BY version"
        ).fetchall()
    ]


def orphan_keys(db: sqlite3.Connection, orphan: Orphan) -> list[str]:
    """Return the next keys that an orphan still has rows for."""
    found = db.execute(
        "SELECT key FROM body_row WHERE kind = ? AND scope = ? AND version = ? LIMIT ?",
        (orphan.kind, orphan.scope, orphan.version, STEP_ROWS),
    )
    return [key for (key,) in found]


def sweep(db: sqlite3.Connection, orphan: Orphan, keys: Iterable[str]) -> None:
    """Take rows of an orphan out of the way.

    A later body that was built on a withdrawn one keeps what it inherited: the row moves to that version instead.
    """
    kind, scope, version = orphan.kind, orphan.scope, orphan.version
    row = [(kind, scope, key, version) for key in keys]
    later = db.execute(
        "SELECT min(version) FROM body WHERE kind = ? AND scope = ? AND version > ? AND hash != ''",
        (kind, scope, version),
    ).fetchone()[0]
    if later is not None and not orphan.half_staged:
        db.executemany(
            f"UPDATE OR IGNORE body_row SET version = {int(later)}"  # noqa: S608 - an integer
            " WHERE kind = ? AND scope = ? AND key = ? AND version = ?",
            row,
        )
    db.executemany("DELETE FROM body_row WHERE kind = ? AND scope = ? AND key = ? AND version = ?", row)


def drop(db: sqlite3.Connection, orphan: Orphan) -> None:
    """Forget an orphan whose rows are gone."""
    db.execute(
        "DELETE FROM body WHERE kind = ? AND scope = ? AND version = ?", (orphan.kind, orphan.scope, orphan.version)
    )


def _bucket_rows(db: sqlite3.Connection, kind: str, scope: str, bucket: int, version: int) -> dict[str, bytes]:
    rows = db.execute(_AS_OF.format(index=_BY_BUCKET, where="bucket = ?"), (kind, scope, bucket, version)).fetchall()
    return {key: row for key, row in rows if row is not None}


def _barcodes(items: Sequence[Item]) -> list[tuple[str, str, int]]:
    return [(barcode.code, item.item, barcode.pieces) for item in items for barcode in item.barcodes]
