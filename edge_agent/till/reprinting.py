"""Printing a receipt again: marked as a copy, counted, and told to HQ."""

from __future__ import annotations

import sqlite3

from edge_agent.record import receipts
from edge_agent.record.receipts import ReceiptRow
from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.facts import record, stamped
from edge_agent.till.results import Reprinted
from edge_agent.till.returning.finding import row_for
from shared.wire.till_events import ReceiptReprinted


def reprint(db: sqlite3.Connection, desk: Desk, text: str) -> Reprinted:
    """Count one more copy of a receipt; without a number of this till's last one."""
    if desk.stand.practice:
        raise Refusal("practice_only")
    row = row_for(db, desk, text) if text else _last(db, desk)
    db.execute(
        "INSERT INTO reprint (event, copies) VALUES (?, 1) ON CONFLICT (event) DO UPDATE SET copies = copies + 1",
        (row.event.bytes,),
    )
    (copies,) = db.execute("SELECT copies FROM reprint WHERE event = ?", (row.event.bytes,)).fetchone()
    record(db, desk, ReceiptReprinted(**stamped(db, desk), original=row.event, copy=copies))
    return Reprinted(row.event, row.text, copies)


def _last(db: sqlite3.Connection, desk: Desk) -> ReceiptRow:
    series, number = receipts.stand_of(db, desk.till)
    row = receipts.find_by_number(db, desk.till, series, number) if number else None
    if row is None:
        raise Refusal("no_such_receipt")
    return row
