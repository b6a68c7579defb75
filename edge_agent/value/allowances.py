"""What this agent may spend of members' value without asking: signed by HQ, out of the balance there already.

A till commits against an allowance only in the epoch it was given for, only up to its amount over all its sales, and
only until a minute before its end in *trusted* time: HQ's, as last estimated, and never by a clock that was set back.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from edge_agent.disk.agent_row import trusted_now
from shared.clock import MachineClock
from shared.value import Allowance

FORGOTTEN_AFTER_MS = 40 * 24 * 3600 * 1000
"""Uses are forgotten so long after their allowance ended."""


def keep(db: sqlite3.Connection, member: UUID, allowances: Sequence[Allowance]) -> None:
    """Replace what may be spent of a member's value; what was used of an allowance stays used."""
    db.execute("DELETE FROM allowance WHERE member = ?", (member.bytes,))
    db.executemany(
        "INSERT INTO allowance (id, member, unit, amount, valid_until_ms, epoch) VALUES (?, ?, ?, ?, ?, ?)",
        [(one.id.bytes, member.bytes, one.unit, one.amount, one.valid_until_ms, one.epoch.bytes) for one in allowances],
    )


def spendable(db: sqlite3.Connection, machine: MachineClock, member: UUID, unit: str) -> int:
    """Return how much of a member's value can be spent here now without asking."""
    return sum(left for _, left in _usable(db, machine, member, unit))


class Use(NamedTuple):
    """So much of a member's value for a basket; `attempt` names it, and a repeat is a no-op."""

    attempt: UUID
    basket: UUID
    member: UUID
    unit: str
    amount: int


def use(db: sqlite3.Connection, machine: MachineClock, wanted: Use) -> bool:
    """Spend of the allowances for a basket, the one that ends first before others; all of it or nothing.

    Its sale names them (`used_for`). False when they do not suffice.
    """
    if db.execute("SELECT 1 FROM allowance_use WHERE attempt = ?", (wanted.attempt.bytes,)).fetchone():
        return True
    usable = _usable(db, machine, wanted.member, wanted.unit)
    if wanted.amount < 1 or sum(left for _, left in usable) < wanted.amount:
        return False
    rest = wanted.amount
    for allowance, left in usable:
        taken = min(rest, left)
        if taken:
            db.execute(
                "INSERT INTO allowance_use (allowance, attempt, basket, unit, amount, until_ms)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (allowance.id.bytes, wanted.attempt.bytes, wanted.basket.bytes, wanted.unit, taken,
                 allowance.valid_until_ms),
            )  # fmt: skip
            rest -= taken
    now_ms = trusted_now(db, machine) or 0
    db.execute("DELETE FROM allowance_use WHERE until_ms < ?", (now_ms - FORGOTTEN_AFTER_MS,))
    return True


def release(db: sqlite3.Connection, basket: UUID, attempt: UUID | None = None) -> None:
    """Give back what a basket, or one attempt of it, took and is not going to spend."""
    if attempt is None:
        db.execute("DELETE FROM allowance_use WHERE basket = ?", (basket.bytes,))
    else:
        db.execute("DELETE FROM allowance_use WHERE basket = ? AND attempt = ?", (basket.bytes, attempt.bytes))


def used_for(db: sqlite3.Connection, basket: UUID) -> list[UUID]:
    """Return the allowances that a basket spent of, in a fixed order: its sale names them."""
    rows = db.execute(
        "SELECT DISTINCT allowance FROM allowance_use WHERE basket = ? ORDER BY allowance", (basket.bytes,)
    )
    return [UUID(bytes=row[0]) for row in rows]


def used_until(db: sqlite3.Connection, attempt: UUID) -> int:
    """Return when the first of the allowances that an attempt used ends (HQ's wall time), 0 when it used none."""
    (until_ms,) = db.execute("SELECT min(until_ms) FROM allowance_use WHERE attempt = ?", (attempt.bytes,)).fetchone()
    return int(until_ms or 0)


def _usable(db: sqlite3.Connection, machine: MachineClock, member: UUID, unit: str) -> list[tuple[Allowance, int]]:
    """Return the allowances that may be committed against now, the first to end first, with what is left of each."""
    now_ms = trusted_now(db, machine)
    row = db.execute("SELECT epoch FROM agent").fetchone()
    if now_ms is None or row is None:
        return []
    epoch = UUID(bytes=row[0])
    found = []
    for key, amount, until_ms, of_epoch, used in db.execute(
        "SELECT id, amount, valid_until_ms, epoch,"
        " (SELECT coalesce(sum(amount), 0) FROM allowance_use WHERE allowance = allowance.id) FROM allowance"
        " WHERE member = ? AND unit = ? ORDER BY valid_until_ms, id",
        (member.bytes, unit),
    ):
        one = Allowance(
            id=UUID(bytes=key), unit=unit, amount=amount, valid_until_ms=until_ms, epoch=UUID(bytes=of_epoch)
        )
        if one.may_commit(now_ms, epoch) and amount > used:
            found.append((one, amount - used))
    return found
