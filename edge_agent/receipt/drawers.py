"""Openings of a till's cash drawer, each with who and why; and how its switch is wired, learnt once."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from uuid import UUID

from shared.wire.drawer_events import DrawerReason

TOLD_BY_NOBODY = frozenset({DrawerReason.TEST, DrawerReason.BY_HAND})
"""Openings that no other event tells: for these a `DrawerOpened` goes up. A cash sale's event says who and why."""


@dataclass(frozen=True, slots=True)
class Opening:
    """One opening. `cause` is the id of the event behind it; `kicked` is false when the drawer could not be told."""

    n: int
    till: str
    reason: DrawerReason
    by: str
    at_ms: int
    cause: UUID | None
    kicked: bool


def note_opening(
    db: sqlite3.Connection,
    till: str,
    reason: DrawerReason,
    *,
    by: str,
    at_ms: int,
    cause: UUID | None = None,
    kicked: bool = True,
) -> None:
    """Keep that a drawer was opened, or was to be."""
    db.execute(
        "INSERT INTO drawer_opening (till, reason, by, at_ms, cause, kicked) VALUES (?, ?, ?, ?, ?, ?)",
        (till, reason, by, at_ms, cause.bytes if cause else None, kicked),
    )


def openings(db: sqlite3.Connection, till: str, since_ms: int) -> list[Opening]:
    """Return a till's openings since a business time, oldest first."""
    rows = db.execute(
        "SELECT n, till, reason, by, at_ms, cause, kicked FROM drawer_opening WHERE till = ? AND at_ms >= ? ORDER BY n",
        (till, since_ms),
    )
    return [
        Opening(n, where, DrawerReason(reason), by, at_ms, UUID(bytes=cause) if cause else None, bool(kicked))
        for n, where, reason, by, at_ms, cause, kicked in rows
    ]


def prune(db: sqlite3.Connection, before_ms: int) -> int:
    """Forget openings before a business time; return how many."""
    return db.execute("DELETE FROM drawer_opening WHERE at_ms < ?", (before_ms,)).rowcount


def wiring(db: sqlite3.Connection, till: str) -> bool | None:
    """Return whether "high" on the drawer's connector means open; None when that was never learnt."""
    row = db.execute("SELECT open_when_high FROM drawer WHERE till = ?", (till,)).fetchone()
    return None if row is None else bool(row[0])


def note_wiring(db: sqlite3.Connection, till: str, *, open_when_high: bool) -> None:
    """Keep how the drawer's switch is wired."""
    db.execute(
        "INSERT INTO drawer (till, open_when_high) VALUES (?, ?)"
        " ON CONFLICT (till) DO UPDATE SET open_when_high = excluded.open_when_high",
        (till, open_when_high),
    )
