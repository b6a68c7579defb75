"""Payment attempts: on the disk before a gateway is asked, and there until its answer is known."""

from __future__ import annotations

import sqlite3
from uuid import UUID

from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome
from shared.wire.events import TenderKind

_COLUMNS = "id, basket, till, method, minor, at_ms, shift, cashier, pays_back"


def store(db: sqlite3.Connection, attempt: PaymentAttempt) -> None:
    """Keep an attempt as asked; its commit comes before the asking."""
    db.execute(
        "INSERT INTO payment_attempt (id, basket, till, method, minor, state, at_ms, shift, cashier, pays_back)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            attempt.id.bytes,
            attempt.basket.bytes,
            attempt.till,
            attempt.method,
            attempt.minor,
            AttemptState.ASKED,
            attempt.at_ms,
            None if attempt.shift is None else attempt.shift.bytes,
            attempt.cashier,
            attempt.pays_back,
        ),
    )


def outcomes(db: sqlite3.Connection, basket: UUID) -> dict[UUID, PaymentOutcome]:
    """Return what is known of each attempt of a basket or a return."""
    rows = db.execute("SELECT id, state, reference FROM payment_attempt WHERE basket = ?", (basket.bytes,)).fetchall()
    return {UUID(bytes=key): PaymentOutcome(AttemptState(state), reference) for key, state, reference in rows}


def unresolved(db: sqlite3.Connection, till: str) -> list[PaymentAttempt]:
    """Return the till's attempts whose result is not known, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM payment_attempt WHERE till = ? AND state IN ('asked', 'unknown') ORDER BY id",  # noqa: S608
        (till,),
    ).fetchall()
    return [_attempt(row) for row in rows]


def find_unresolved(db: sqlite3.Connection, attempt: UUID) -> PaymentAttempt | None:
    """Return an attempt if its result is not known yet."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM payment_attempt WHERE id = ? AND state IN ('asked', 'unknown')",  # noqa: S608
        (attempt.bytes,),
    ).fetchone()
    return None if row is None else _attempt(row)


def note(db: sqlite3.Connection, attempt: UUID, outcome: PaymentOutcome) -> None:
    """Keep what is known of an attempt now."""
    db.execute(
        "UPDATE payment_attempt SET state = ?, reference = ? WHERE id = ?",
        (outcome.state, outcome.reference, attempt.bytes),
    )


def prune(db: sqlite3.Connection, before_ms: int) -> int:
    """Forget attempts before a business time whose answer is known and that nothing waits for; return how many."""
    gone = db.execute(
        "DELETE FROM payment_attempt WHERE at_ms < ? AND state NOT IN ('asked', 'unknown')"
        " AND basket NOT IN (SELECT id FROM basket UNION ALL SELECT id FROM return_begun"
        " UNION ALL SELECT id FROM value_plan)",
        (before_ms,),
    )
    return gone.rowcount


_Row = tuple[bytes, bytes, str, str, int, int, bytes | None, str, str]


def _attempt(row: _Row) -> PaymentAttempt:
    key, basket, till, method, minor, at_ms, shift, cashier, pays_back = row
    return PaymentAttempt(
        UUID(bytes=key),
        UUID(bytes=basket),
        till,
        TenderKind(method),
        minor,
        at_ms,
        shift=UUID(bytes=shift) if shift else None,
        cashier=cashier,
        pays_back=pays_back,
    )
