"""How long events stay on this disk after HQ has them, and what is gone by now.

Functions run inside the caller's transaction.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from itertools import takewhile
from uuid import UUID

_DAY_MS = 24 * 3600 * 1000


def prune(
    db: sqlite3.Connection, now_ms: int | None, retain_days: int, budget_bytes: int, *, at_most: int = 2000
) -> int:
    """Delete acked events older than `retain_days`, or the oldest acked while the database exceeds its budget.

    `now_ms` is head office's time; None where this machine's clock cannot be trusted with it: then nothing is old.
    At most `at_most` go at once, so that no till waits for it: call again until it returns 0. What is not acked
    is never deleted, nor the last acked event, whose chain head the next batch needs.
    """
    over_budget = _bytes_used(db) > budget_bytes
    before_ms = 0 if now_ms is None else now_ms - retain_days * _DAY_MS
    base, acked_seq = db.execute("SELECT base, acked_seq FROM agent JOIN epoch USING (epoch)").fetchone()
    rows = db.execute(
        "SELECT n, made_ms FROM event WHERE n < ? ORDER BY n LIMIT ?", (max(base + acked_seq, base + 1), at_most)
    ).fetchall()
    old = [n for n, _made_ms in takewhile(lambda row: over_budget or row[1] < before_ms, rows)]
    if old:
        db.execute("DELETE FROM event WHERE n BETWEEN ? AND ?", (old[0], old[-1]))
    return len(old)


def _bytes_used(db: sqlite3.Connection) -> int:
    values = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")]
    return int((values[0] - values[1]) * values[2])


@dataclass(frozen=True, slots=True)
class Pruned:
    """Numbers 1 to `last` of an epoch, whose events this disk no longer has."""

    epoch: UUID
    last: int


def pruned_before(db: sqlite3.Connection) -> list[Pruned]:
    """Return what was pruned of epochs before the present one, oldest first."""
    (oldest,) = db.execute("SELECT min(n) FROM event").fetchone()
    return [
        Pruned(UUID(bytes=epoch), min(kept_seq, oldest - 1 - base))
        for epoch, base, kept_seq in db.execute("SELECT epoch, base, kept_seq FROM epoch ORDER BY base, opened_ms")
        if kept_seq and oldest is not None and base < oldest - 1
    ]
