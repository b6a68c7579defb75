"""Shifts on the disk: one row each, the few events of their drawer, and their receipts found in the till's series."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from uuid import UUID

import msgspec

from edge_agent.record import receipts
from shared.wire.events import AnyEvent, Event, decode_event, encode_event
from shared.wire.till_events import CountedCash, ShiftClosed

_COLUMNS = "id, till, staff, opened_ms, business_date, series, number, counted, counted_of, version, report"
_counted = msgspec.json.Decoder(list[CountedCash])


@dataclass(frozen=True, slots=True)
class ShiftRow:
    """A shift as stored: `version` 0 is open. Its receipts come after `number` of `series`.

    `counted_of` is what should have been in the drawer when it was counted.
    """

    id: UUID
    till: str
    staff: str
    opened_ms: int
    business_date: str
    series: str
    number: int
    counted: list[CountedCash] | None
    counted_of: int
    version: int
    report: ShiftClosed | None


def find(db: sqlite3.Connection, shift: UUID) -> ShiftRow | None:
    """Return a shift by its id."""
    row = db.execute(f"SELECT {_COLUMNS} FROM shift WHERE id = ?", (shift.bytes,)).fetchone()  # noqa: S608
    return None if row is None else _row(row)


def of_till(db: sqlite3.Connection, till: str, limit: int) -> list[ShiftRow]:
    """Return a till's shifts, newest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM shift WHERE till = ? ORDER BY id DESC LIMIT ?",  # noqa: S608
        (till, limit),
    ).fetchall()
    return [_row(row) for row in rows]


def add(db: sqlite3.Connection, shift: UUID, till: str, *, staff: str, opened_ms: int, business_date: str) -> None:
    """Open a shift after the till's last receipt."""
    series, number = receipts.stand_of(db, till)
    db.execute(
        "INSERT INTO shift (id, till, staff, opened_ms, business_date, series, number) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (shift.bytes, till, staff, opened_ms, business_date, series, number),
    )


def add_event(db: sqlite3.Connection, shift: UUID, event: Event) -> None:
    """Keep an event of the shift's drawer beside the outbox, which is pruned."""
    db.execute(
        "INSERT INTO shift_event (shift, n, content)"
        " SELECT ?1, coalesce(max(n), 0) + 1, ?2 FROM shift_event WHERE shift = ?1",
        (shift.bytes, encode_event(event)),
    )


def put_counted(db: sqlite3.Connection, shift: UUID, counted: list[CountedCash], expected_minor: int) -> None:
    """Keep the last count of a shift's drawer, and what should have been in it then."""
    db.execute(
        "UPDATE shift SET counted = ?, counted_of = ? WHERE id = ?",
        (msgspec.json.encode(counted), expected_minor, shift.bytes),
    )


def put_report(db: sqlite3.Connection, shift: UUID, report: ShiftClosed) -> None:
    """Keep a shift's newest Z report."""
    db.execute(
        "UPDATE shift SET version = ?, report = ? WHERE id = ?", (report.version, encode_event(report), shift.bytes)
    )


def events_of(db: sqlite3.Connection, shift: ShiftRow) -> tuple[list[AnyEvent], int]:
    """Return a shift's events, and how many of its till's receipts since can no longer be read."""
    rows = db.execute("SELECT content FROM shift_event WHERE shift = ? ORDER BY n", (shift.id.bytes,)).fetchall()
    found = [decode_event(content) for (content,) in rows]
    missing = 0
    for content in receipts.contents_since(db, shift.till, shift.series, shift.number):
        if content is None:
            missing += 1
            continue
        event = decode_event(content)
        if event.shift == shift.id:
            found.append(event)
    return found, missing


def _row(row: tuple[bytes, str, str, int, str, str, int, bytes, int, int, bytes]) -> ShiftRow:
    key, till, staff, opened_ms, business_date, series, number, counted, counted_of, version, report = row
    read = decode_event(report) if report else None
    return ShiftRow(
        id=UUID(bytes=key),
        till=till,
        staff=staff,
        opened_ms=opened_ms,
        business_date=business_date,
        series=series,
        number=number,
        counted=_counted.decode(counted) if counted else None,
        counted_of=counted_of,
        version=version,
        report=read if isinstance(read, ShiftClosed) else None,
    )
