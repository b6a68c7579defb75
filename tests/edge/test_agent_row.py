"""The agent's row and its clocks: settings, HQ's time and how far it can be trusted, business dates."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from edge_agent.clock import DrivenBusinessClock, SystemBusinessClock, SystemMachineClock
from edge_agent.disk.agent_row import (
    SYNCED_FOR_MS,
    business_day,
    device_time,
    keep_settings,
    note_hq_time,
    store_settings,
)
from edge_agent.disk.migrations import migrate
from edge_agent.record import outbox
from shared.wire.events import DeviceTime, TimeQuality
from tests.edge.tills import store_settings as make_settings
from tests.factories import AGENT, START_MS, STORE, DrivenMachineClock, new_id


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db)
    outbox.start_sequence(db, AGENT, STORE, new_id(), reason="first", wall_ms=START_MS)
    yield db
    db.close()


def test_settings_are_kept_as_hq_said(db: sqlite3.Connection) -> None:
    assert store_settings(db) is None
    keep_settings(db, make_settings(tills=3))
    assert store_settings(db) == make_settings(tills=3)


@pytest.mark.parametrize(
    ("later_ms", "quality"),
    [
        (0, TimeQuality.SYNCED),
        (SYNCED_FOR_MS, TimeQuality.SYNCED),
        (SYNCED_FOR_MS + 1, TimeQuality.HELD),
        (-1, TimeQuality.HELD),
    ],
)
def test_an_estimate_of_hqs_time_ages(db: sqlite3.Connection, later_ms: int, quality: TimeQuality) -> None:
    clock = DrivenMachineClock()
    assert device_time(db, clock) == DeviceTime(wall_ms=START_MS, quality=TimeQuality.UNKNOWN)
    note_hq_time(db, -250, START_MS)
    clock.set_wall(START_MS + later_ms)
    assert device_time(db, clock) == DeviceTime(wall_ms=START_MS + later_ms, hq_offset_ms=-250, quality=quality)


def test_the_business_date_is_local_less_the_cut_off() -> None:
    settings = make_settings()
    assert business_day(settings, START_MS) == "2026-01-01"
    assert business_day(settings, START_MS - 8 * 3_600_000 - 1) == "2025-12-31"


def test_a_driven_clock_goes_back_only_by_force() -> None:
    clock = DrivenBusinessClock(1000)
    clock.set(2000)
    clock.set(1500)
    assert clock.now_ms() == 2000
    clock.set(1500, force=True)
    assert clock.now_ms() == 1500


def test_the_systems_clocks_agree() -> None:
    machine, business = SystemMachineClock(), SystemBusinessClock()
    before = machine.monotonic()
    assert 0 <= business.now_ms() - machine.wall_ms() + 1000 <= 2000
    assert machine.monotonic() >= before
