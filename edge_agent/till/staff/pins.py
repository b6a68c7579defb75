"""Tries at a PIN: counted on the disk before the PIN is looked at, made to wait, and locked after too many."""

from __future__ import annotations

import sqlite3

from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.facts import record, stamped
from shared.wire.policies import StaffMember
from shared.wire.till_events import StaffActed, StaffAction

FREE_TRIES = 2
FIRST_WAIT_SECONDS = 5
LONGEST_WAIT_SECONDS = 300


def count_try(db: sqlite3.Connection, desk: Desk, member: StaffMember) -> int:
    """Count one more try as wrong until it is found right, and return how many are left after it. Or refuse."""
    failures, last_ms = _failures(db, member)
    wall_ms = desk.clocks.machine.wall_ms()
    if failures >= desk.policies.pin_tries:
        raise Refusal("pin_locked", member.code)
    wait_ms = _wait_seconds(failures) * 1000 - (wall_ms - last_ms)
    if wait_ms > 0 and wall_ms >= last_ms:
        raise Refusal("pin_wait", str(-(-wait_ms // 1000)))
    db.execute(
        "INSERT OR REPLACE INTO pin_try (staff, pin, failures, last_ms) VALUES (?, ?, ?, ?)",
        (member.code, member.pin, failures + 1, wall_ms),
    )
    return desk.policies.pin_tries - failures - 1


def forgive(db: sqlite3.Connection, _desk: Desk, staff: str) -> None:
    """Forget wrong tries: the right PIN came, or somebody who may has freed it."""
    db.execute("DELETE FROM pin_try WHERE staff = ?", (staff,))


def note_locked(db: sqlite3.Connection, desk: Desk, staff: str) -> None:
    """Tell HQ that somebody's PIN was tried too often."""
    fields = {**stamped(db, desk), "cashier": staff}
    record(db, desk, StaffActed(**fields, action=StaffAction.PIN_LOCKED))


def _failures(db: sqlite3.Connection, member: StaffMember) -> tuple[int, int]:
    """Return the wrong tries at this very PIN and the wall time of the last; a new PIN begins anew."""
    row = db.execute("SELECT failures, last_ms, pin FROM pin_try WHERE staff = ?", (member.code,)).fetchone()
    return (0, 0) if row is None or row[2] != member.pin else (row[0], row[1])


def _wait_seconds(failures: int) -> int:
    if failures < FREE_TRIES:
        return 0
    return min(FIRST_WAIT_SECONDS << (failures - FREE_TRIES), LONGEST_WAIT_SECONDS)
