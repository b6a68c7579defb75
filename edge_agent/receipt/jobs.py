"""Print jobs on the agent's disk: what is to be printed, what was sent, what came out as far as anybody knows."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

import msgspec

from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.record import receipts
from edge_agent.record.receipts import Printed
from shared.receipt.document import Document


class JobState(StrEnum):
    """How far a job is. SENDING is on the disk before the first byte leaves; from there it is never sent again."""

    QUEUED = "queued"
    SENDING = "sending"
    PRINTED = "printed"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"
    CANCELLED = "cancelled"


_PRINTED = {
    JobState.PRINTED: Printed.PRINTED,
    JobState.UNCONFIRMED: Printed.UNCONFIRMED,
    JobState.FAILED: Printed.FAILED,
}
"""What the state of a receipt's job says of its paper."""
_COLUMNS = "n, till, event, copy, document, state, reason, by, at_ms"


@dataclass(frozen=True, slots=True)
class PrintJob:
    """One job: the receipt of `event` (copy 0 is the first paper), or a `document` such as a report or an event's slip.

    `reason` says what stands or stood in its way: a `PrinterProblem`. `by` is who ordered it, `at_ms` business time.
    """

    n: int
    till: str
    event: UUID | None
    copy: int
    document: bytes
    state: JobState
    reason: str
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Unproven:
    """A paper that nobody knows to be whole: of which receipt ('' for a report or a slip), and why.

    `failed`: the printer itself said that it did not come out.
    """

    receipt: str
    reason: PrinterProblem
    failed: bool


def add_receipt(db: sqlite3.Connection, till: str, event: UUID, *, by: str, at_ms: int, copy: int = 0) -> int:
    """Queue a receipt, in the transaction that makes it, and return the job's number.

    A copy has a number of its own, counted by whoever orders it.
    """
    return _add(db, till, event=event.bytes, copy=copy, document=None, by=by, at_ms=at_ms)


def add_document(
    db: sqlite3.Connection,
    till: str,
    document: Document,
    *,
    by: str,
    at_ms: int,
    event: UUID | None = None,
    copy: int = 0,
) -> int:
    """Queue a report or another document, the paper of `event` if it is one's, and return the job's number."""
    content = msgspec.json.encode(document)
    return _add(db, till, event=event.bytes if event else None, copy=copy, document=content, by=by, at_ms=at_ms)


def _add(
    db: sqlite3.Connection, till: str, *, event: bytes | None, copy: int, document: bytes | None, by: str, at_ms: int
) -> int:
    added = db.execute(
        "INSERT INTO print_job (till, event, copy, document, by, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (till, event, copy, document, by, at_ms),
    )
    return int(added.lastrowid or 0)


def next_queued(db: sqlite3.Connection, till: str, after: int = 0) -> PrintJob | None:
    """Return the till's oldest job that waits, looking only behind job `after`: the table has no index for it.

    A row more in each of a sale's transactions is what an index would cost; jobs are taken in the order of their keys.
    """
    row = db.execute(
        f"SELECT {_COLUMNS} FROM print_job WHERE n > ? AND till = ? AND state = 'queued'"  # noqa: S608
        " ORDER BY n LIMIT 1",
        (after, till),
    ).fetchone()
    return None if row is None else _job(row)


def find(db: sqlite3.Connection, n: int) -> PrintJob | None:
    """Return a job by its number."""
    row = db.execute(f"SELECT {_COLUMNS} FROM print_job WHERE n = ?", (n,)).fetchone()  # noqa: S608
    return None if row is None else _job(row)


def of_receipt(db: sqlite3.Connection, event: UUID) -> list[PrintJob]:
    """Return every paper of an event that was ever ordered, oldest first: how many, by whom, when, and what of it."""
    rows = db.execute(f"SELECT {_COLUMNS} FROM print_job WHERE event = ? ORDER BY n", (event.bytes,))  # noqa: S608
    return [_job(row) for row in rows]


def open_jobs(db: sqlite3.Connection, till: str) -> list[PrintJob]:
    """Return the till's jobs that wait or are being sent, oldest first."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM print_job WHERE till = ? AND state IN ('queued', 'sending') ORDER BY n",  # noqa: S608
        (till,),
    )
    return [_job(row) for row in rows]


def note_sending(db: sqlite3.Connection, job: PrintJob) -> bool:
    """Put on the disk that the first byte is about to leave; False when the job was cancelled meanwhile."""
    changed = db.execute(
        "UPDATE print_job SET state = 'sending', reason = '' WHERE n = ? AND state = 'queued'", (job.n,)
    )
    return changed.rowcount == 1


def note_waiting(db: sqlite3.Connection, job: PrintJob, reason: str) -> None:
    """Keep why a job still waits."""
    db.execute("UPDATE print_job SET reason = ? WHERE n = ? AND state = 'queued'", (reason, job.n))


def note_end(db: sqlite3.Connection, job: PrintJob, state: JobState, reason: str = "") -> None:
    """Keep what became of a job, and of the receipt's paper. A receipt that was printed once stays printed."""
    db.execute("UPDATE print_job SET state = ?, reason = ? WHERE n = ?", (state, reason, job.n))
    if job.event is None or state not in _PRINTED:
        return
    row = receipts.find_by_event(db, job.event)
    if row is not None and row.printed is not Printed.PRINTED:
        receipts.note_printed(db, job.event, _PRINTED[state])


def cancel(db: sqlite3.Connection, n: int) -> bool:
    """Give up a job that still waits; False when it is too late."""
    changed = db.execute("UPDATE print_job SET state = 'cancelled' WHERE n = ? AND state = 'queued'", (n,))
    return changed.rowcount == 1


def interrupted(db: sqlite3.Connection, till: str, reason: str) -> list[PrintJob]:
    """End the jobs that were being sent when the agent stopped: nobody knows what is on the paper."""
    found = [job for job in open_jobs(db, till) if job.state is JobState.SENDING]
    for job in found:
        note_end(db, job, JobState.UNCONFIRMED, reason)
    return found


def unproven(db: sqlite3.Connection, till: str) -> Unproven | None:
    """Return the till's last paper if it is not known to be whole; the next one that is makes it history."""
    row = db.execute(
        f"SELECT {_COLUMNS} FROM print_job"  # noqa: S608
        " WHERE till = ? AND state IN ('printed', 'failed', 'unconfirmed') ORDER BY n DESC LIMIT 1",
        (till,),
    ).fetchone()
    job = None if row is None else _job(row)
    if job is None or job.state is JobState.PRINTED:
        return None
    reasons = [one for one in PrinterProblem if one.value == job.reason]
    receipt = None if job.event is None else receipts.find_by_event(db, job.event)
    return Unproven(
        receipt="" if receipt is None else receipt.text,
        reason=reasons[0] if reasons else PrinterProblem.NO_PROOF,
        failed=job.state is JobState.FAILED,
    )


def prune(db: sqlite3.Connection, before_ms: int) -> int:
    """Forget jobs that ended and were ordered before a business time; return how many."""
    return db.execute(
        "DELETE FROM print_job WHERE at_ms < ? AND state NOT IN ('queued', 'sending')", (before_ms,)
    ).rowcount


def forget_slips(db: sqlite3.Connection, member: UUID) -> None:
    """Forget the slips of a member, such as what they agreed to; one that is on its way to the paper is left."""
    db.execute("DELETE FROM print_job WHERE event = ? AND document IS NOT NULL AND state <> 'sending'", (member.bytes,))


def _job(row: tuple[int, str, bytes | None, int, bytes | None, str, str, str, int]) -> PrintJob:
    n, till, event, copy, document, state, reason, by, at_ms = row
    return PrintJob(
        n, till, UUID(bytes=event) if event else None, copy, document or b"", JobState(state), reason, by, at_ms
    )
