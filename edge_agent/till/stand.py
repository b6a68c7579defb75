"""Who stands at a till: signed in or not, in which shift, practising or not. One small row a till."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from shared.wire.policies import StaffRole

PRACTICE_MARK = "~practice"
"""Behind a till's id in its practice baskets: they are another till's, which no real basket ever meets."""


class StandState(StrEnum):
    """Whether somebody works at the till."""

    OUT = "out"
    IN = "in"
    LOCKED = "locked"
    BREAK = "break"


@dataclass(frozen=True, slots=True)
class Stand:
    """A till as a command finds it. Where nobody signs in, `cashier` is whom the till's driver names."""

    state: StandState = StandState.OUT
    cashier: str = ""
    role: StaffRole | None = None
    adult: bool = True
    since_ms: int = 0
    shift: UUID | None = None
    practice: bool = False


NOBODY = Stand()
"""Before a command has looked who stands there."""


@dataclass(frozen=True, slots=True)
class StandRow:
    """A till's row as it is stored."""

    state: StandState = StandState.OUT
    staff: str = ""
    since_ms: int = 0
    shift: UUID | None = None
    practice: bool = False


_EMPTY = StandRow()


def read(db: sqlite3.Connection, till: str) -> StandRow:
    """Return a till's row; one without a row has nobody at it."""
    row = db.execute(
        "SELECT state, staff, since_ms, shift, practice FROM till_stand WHERE till = ?", (till,)
    ).fetchone()
    if row is None:
        return _EMPTY
    state, staff, since_ms, shift, practice = row
    return StandRow(StandState(state), staff, since_ms, UUID(bytes=shift) if shift else None, bool(practice))


def put_staff(db: sqlite3.Connection, till: str, state: StandState, staff: str, since_ms: int) -> None:
    """Keep who is at a till now."""
    db.execute(
        "INSERT INTO till_stand (till, state, staff, since_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (till) DO UPDATE SET state = excluded.state, staff = excluded.staff,"
        " since_ms = excluded.since_ms",
        (till, state, staff, since_ms),
    )


def put_shift(db: sqlite3.Connection, till: str, shift: UUID | None) -> None:
    """Keep which shift is open at a till."""
    key = None if shift is None else shift.bytes
    db.execute(
        "INSERT INTO till_stand (till, shift) VALUES (?, ?) ON CONFLICT (till) DO UPDATE SET shift = excluded.shift",
        (till, key),
    )


def put_practice(db: sqlite3.Connection, till: str, *, practice: bool) -> None:
    """Keep whether a till only practises."""
    db.execute(
        "INSERT INTO till_stand (till, practice) VALUES (?, ?)"
        " ON CONFLICT (till) DO UPDATE SET practice = excluded.practice",
        (till, int(practice)),
    )
