"""The one row that says who this agent is and what it knows of HQ: settings, and HQ's time."""

from __future__ import annotations

import sqlite3
from zoneinfo import ZoneInfo

import msgspec

from shared.calendar import business_date
from shared.clock import MachineClock
from shared.wire.desired import StoreSettings
from shared.wire.events import DeviceTime, TimeQuality

SYNCED_FOR_MS = 24 * 3600 * 1000
"""An estimate of HQ's time counts as fresh this long; a crystal drifts by about a second in it."""


class NotEnrolled(LookupError):
    """The database does not say who this agent is yet."""


def store_settings(db: sqlite3.Connection) -> StoreSettings | None:
    """Return what HQ last said this store is, or None before it has."""
    row = db.execute("SELECT settings FROM agent").fetchone()
    if row is None or row[0] is None:
        return None
    return msgspec.json.decode(row[0], type=StoreSettings)


def keep_settings(db: sqlite3.Connection, settings: StoreSettings) -> None:
    """Replace the store's settings."""
    db.execute("UPDATE agent SET settings = ?", (msgspec.json.encode(settings),))


def parked(db: sqlite3.Connection) -> int:
    """Return how many of the store's events HQ has put aside until somebody there decides, as it last said."""
    (count,) = db.execute("SELECT parked FROM agent").fetchone()
    return int(count)


def note_hq_time(db: sqlite3.Connection, offset_ms: int, wall_ms: int) -> None:
    """Keep an estimate, made at wall time `wall_ms`, of what to add to the machine's time for HQ's."""
    db.execute("UPDATE agent SET hq_offset_ms = ?, hq_offset_at_ms = ?", (offset_ms, wall_ms))


def device_time(db: sqlite3.Connection, machine: MachineClock) -> DeviceTime:
    """Return the machine's time with the offset to HQ's and how far both can be trusted."""
    wall_ms = machine.wall_ms()
    row = db.execute("SELECT hq_offset_ms, hq_offset_at_ms FROM agent").fetchone()
    if row is None or row[1] is None:
        return DeviceTime(wall_ms=wall_ms)
    # A wall time before the estimate means that the clock was set back: the estimate no longer fits it.
    fresh = 0 <= wall_ms - row[1] <= SYNCED_FOR_MS
    return DeviceTime(wall_ms=wall_ms, hq_offset_ms=row[0], quality=TimeQuality.SYNCED if fresh else TimeQuality.HELD)


def trusted_now(db: sqlite3.Connection, machine: MachineClock) -> int | None:
    """Return HQ's wall time as far as this machine can be trusted with it, None when it cannot."""
    time = device_time(db, machine)
    return time.wall_ms + time.hq_offset_ms if time.quality is TimeQuality.SYNCED else None


def business_day(settings: StoreSettings, at_ms: int) -> str:
    """Return the store's business date of an instant, as events carry it (YYYY-MM-DD)."""
    return business_date(at_ms, ZoneInfo(settings.time_zone), settings.day_cutoff_minutes).isoformat()
