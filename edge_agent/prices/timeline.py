"""The store's price timeline: which versions are staged, which one is in force, and that a switch is for good.

Plain functions over the tables `timeline` and `body`, composable in one transaction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from shared.pricing import ENGINE_LEVEL
from shared.wire.desired import Manifest, TimelineEntry

_manifest = msgspec.json.Decoder(Manifest)


class TimelineRefused(ValueError):
    """A timeline entry that is not what it claims to be, or is meant for another store."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version on the timeline. `latched_ms` is the business time at which it took over here, if it did."""

    version: int
    manifest: Manifest
    hash: str
    activates_ms: int
    ready: bool
    latched_ms: int | None


def open_manifest(entry: TimelineEntry, store: str) -> Manifest:
    """Return the manifest of a signed timeline entry. Raise TimelineRefused when hash, version or store differ."""
    content = bytes(entry.manifest)
    if sha256(content).hexdigest() != entry.hash:
        raise TimelineRefused(f"manifest of price book {entry.version} does not have the hash {entry.hash[:12]}")
    manifest = _manifest.decode(content)
    if (manifest.version, manifest.store) != (entry.version, store):
        raise TimelineRefused(
            f"manifest is of price book {manifest.version} for store {manifest.store}, "
            f"the timeline of store {store} names {entry.version}"
        )
    return manifest


def versions(db: sqlite3.Connection) -> list[Version]:
    """Return all versions held, in order."""
    rows = db.execute(
        "SELECT version, manifest, hash, activates_ms, ready, latched_ms FROM timeline ORDER BY version"
    ).fetchall()
    return [Version(row[0], _manifest.decode(row[1]), row[2], row[3], bool(row[4]), row[5]) for row in rows]


def latched_version(db: sqlite3.Connection) -> int | None:
    """Return the version that took over last."""
    found = db.execute("SELECT max(version) FROM timeline WHERE latched_ms IS NOT NULL").fetchone()
    return None if found is None else found[0]


def version_in_force(db: sqlite3.Connection, now_ms: int) -> int | None:
    """Return the version a basket opened now is priced by, or None before the first one is here.

    A version whose moment has come is latched in the caller's transaction, so that being seen once makes it final:
    a business clock set back never brings an older one again.
    """
    found = db.execute(
        "SELECT version, latched_ms FROM timeline WHERE ready = 1 AND (latched_ms IS NOT NULL OR activates_ms <= ?)"
        " ORDER BY version DESC LIMIT 1",
        (now_ms,),
    ).fetchone()
    if found is None:
        return None
    if found[1] is None:
        db.execute("UPDATE timeline SET latched_ms = ? WHERE version = ?", (now_ms, found[0]))
    return int(found[0])


def next_activation_ms(db: sqlite3.Connection) -> int | None:
    """Return the business time at which the next ready version takes over."""
    found = db.execute(
        "SELECT min(activates_ms) FROM timeline WHERE ready = 1 AND version > ?", (latched_version(db) or 0,)
    ).fetchone()
    return None if found is None else found[0]


def replace_timeline(db: sqlite3.Connection, entries: Sequence[TimelineEntry], store: str) -> list[str]:
    """Make the timeline what HQ wants and return what could not be done, in words for HQ.

    Staged versions that are no longer wanted disappear at once; a latched one never does. Versions behind a
    withdrawn one wait until its rows are out of their way (`edge_agent.prices.bodies.sweep`).
    """
    problems: list[str] = []
    latched = latched_version(db) or 0
    wanted = {entry.version: entry for entry in entries}
    for entry in entries:
        open_manifest(entry, store)
    for held in versions(db):
        entry_now = wanted.get(held.version)
        if held.latched_ms is not None or held.version <= latched:
            if entry_now is not None and entry_now.hash != held.hash:
                problems.append(f"price book {held.version} is in force here with another content")
            wanted.pop(held.version, None)
        elif entry_now is None or entry_now.hash != held.hash:
            db.execute("DELETE FROM timeline WHERE version = ?", (held.version,))
            db.execute("UPDATE timeline SET ready = 0 WHERE version > ?", (held.version,))
    for entry in wanted.values():
        if entry.version < latched:
            continue
        db.execute(
            "INSERT INTO timeline (version, manifest, hash, activates_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (version) DO UPDATE SET activates_ms = excluded.activates_ms",
            (entry.version, bytes(entry.manifest), entry.hash, entry.activates_ms),
        )
    return problems


def targets(db: sqlite3.Connection, now_ms: int) -> list[Version]:
    """Return the versions to make ready, in order: the newest whose moment has come, then those still ahead.

    A version that this program's engine cannot price by is left out: HQ sees it as a problem, not as staged.
    """
    held = [version for version in versions(db) if version.manifest.engine <= ENGINE_LEVEL]
    latched = latched_version(db) or 0
    due = [version.version for version in held if version.activates_ms <= now_ms or version.latched_ms is not None]
    first = max([latched, *due])
    return [version for version in held if version.version >= first and not version.ready]


def beyond_engine(db: sqlite3.Connection) -> list[int]:
    """Return the versions that need a newer program than this one."""
    return [version.version for version in versions(db) if version.manifest.engine > ENGINE_LEVEL]


def staged(db: sqlite3.Connection) -> list[int]:
    """Return the versions that are ready and wait for their moment."""
    latched = latched_version(db) or 0
    found = db.execute("SELECT version FROM timeline WHERE ready = 1 AND version > ? ORDER BY version", (latched,))
    return [row[0] for row in found]


def mark_ready_if_complete(db: sqlite3.Connection, version: Version) -> bool:
    """Make a version ready when every body its manifest names is here with its hash."""
    for body in version.manifest.bodies:
        found = db.execute(
            "SELECT hash FROM body WHERE kind = ? AND scope = ? AND version = ?",
            (body.kind, body.scope, version.version),
        ).fetchone()
        if found is None or found[0] != body.hash:
            return False
    db.execute("UPDATE timeline SET ready = 1 WHERE version = ? AND hash = ?", (version.version, version.hash))
    return True
