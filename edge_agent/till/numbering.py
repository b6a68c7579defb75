"""Receipt numbers for what a till makes: real ones from its series, practice ones from their own."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from edge_agent.record import receipts
from edge_agent.record.receipts import NoSeries
from edge_agent.till.desk import Desk, Refusal
from shared.wire.events import (
    GoodsReturned,
    Receipt,
    SaleCompleted,
    SaleReturned,
    ValuePaidBack,
    ValueSold,
    encode_event,
)

R = TypeVar("R", SaleCompleted, SaleReturned, GoodsReturned, ValueSold, ValuePaidBack)

PRACTICE_SERIES = "TRAIN"


def receipt_for(db: sqlite3.Connection, desk: Desk, make: Callable[[Receipt], R]) -> R:
    """Give the next receipt number to what `make` builds, and keep it: sent to HQ, unless it is only practice."""
    if desk.stand.practice:
        return _practised(db, desk, make)
    try:
        return receipts.issue(db, desk.till, make, desk.clocks.machine.wall_ms())
    except NoSeries as error:
        raise Refusal("till_unknown", desk.till) from error


def _practised(db: sqlite3.Connection, desk: Desk, make: Callable[[Receipt], R]) -> R:
    (last,) = db.execute("SELECT max(number) FROM practice_receipt WHERE till = ?", (desk.till,)).fetchone()
    number = (last or 0) + 1
    event = make(Receipt(series=PRACTICE_SERIES, number=number, previous=b""))
    db.execute(
        "INSERT INTO practice_receipt (till, number, content) VALUES (?, ?, ?)",
        (desk.till, number, encode_event(event)),
    )
    return event
