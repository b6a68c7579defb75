"""What every event of a till says, and the one way a till's event comes to be."""

from __future__ import annotations

import sqlite3
from typing import Any

from edge_agent.disk.agent_row import business_day, device_time
from edge_agent.record import outbox
from edge_agent.till.desk import Desk
from shared.wire.events import Event


def stamped(db: sqlite3.Connection, desk: Desk) -> dict[str, Any]:
    """Return the fields that every event has: a new id, the store, the time, the till, who, in which shift."""
    settings = desk.settings()
    at_ms = desk.clocks.business.now_ms()
    return {
        "id": desk.mint(),
        "store": settings.store,
        "at_ms": at_ms,
        "business_date": business_day(settings, at_ms),
        "device": device_time(db, desk.clocks.machine),
        "till": desk.till,
        "till_kind": desk.kind,
        "cashier": desk.cashier,
        "shift": desk.stand.shift,
    }


def record(db: sqlite3.Connection, desk: Desk, event: Event) -> None:
    """Put an event into the outbox. What is only practised never comes to be one."""
    if not desk.stand.practice:
        outbox.append(db, event, desk.clocks.machine.wall_ms())
