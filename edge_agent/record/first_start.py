"""The first start of a database: its sequence before HQ has spoken, its first events once it has."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from uuid import UUID

from edge_agent.clock import Clocks
from edge_agent.disk.agent_row import business_day, device_time
from edge_agent.record import epoch, outbox
from shared.wire.desired import StoreSettings
from shared.wire.events import EpochOpened


def claim(
    db: sqlite3.Connection, agent: str, store: str, clocks: Clocks, mint: Callable[[], UUID], *, sold_before: bool
) -> bool:
    """Give a fresh database this agent's identity and an empty sequence; False when it has one already.

    `sold_before` says that this agent had another database, which is gone.
    """
    row = db.execute("SELECT agent FROM agent").fetchone()
    if row is not None:
        if row[0] != agent:
            raise ValueError(f"this database belongs to agent {row[0]}, not {agent}; use another state directory")
        return False
    reason = "new_disk" if sold_before else "first"
    outbox.start_sequence(db, agent, store, mint(), reason=reason, wall_ms=clocks.machine.wall_ms())
    return True


def has_begun(db: sqlite3.Connection) -> bool:
    """Tell whether the sequence has its first event, which waits for HQ's settings."""
    return outbox.position(db).next_seq > 1


def take_settings(
    db: sqlite3.Connection, settings: StoreSettings, clocks: Clocks, mint: Callable[[], UUID]
) -> list[str]:
    """Write the sequence's first event if it is missing, and open a receipt series for each new till.

    Return the tills that got one.
    """
    if not has_begun(db):
        at_ms = clocks.business.now_ms()
        _note_lost_disk(db, settings)
        (reason,) = db.execute("SELECT reason FROM epoch JOIN agent USING (epoch)").fetchone()
        opened = EpochOpened(
            id=mint(),
            store=settings.store,
            at_ms=at_ms,
            business_date=business_day(settings, at_ms),
            device=device_time(db, clocks.machine),
            reason=reason,
        )
        outbox.append(db, opened, clocks.machine.wall_ms())
    return epoch.open_missing_series(db, settings, clocks, mint)


def _note_lost_disk(db: sqlite3.Connection, settings: StoreSettings) -> None:
    """Say so if HQ knows receipts of this very agent: it had another disk, with the witness on it."""
    (me,) = db.execute("SELECT agent FROM agent").fetchone()
    if any(till.last_receipt is not None and till.last_receipt.agent == me for till in settings.tills):
        db.execute("UPDATE epoch SET reason = 'new_disk' WHERE reason = 'first' AND epoch = (SELECT epoch FROM agent)")
