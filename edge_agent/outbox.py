"""The outbox: every event in one numbered, chained sequence, kept until HQ has it and for a while after.

`(epoch, seq)` is only transport; an event is known by its id. Functions run inside the caller's transaction.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from enum import Enum
from itertools import takewhile
from uuid import UUID

import msgspec

from edge_agent.agent_row import NotEnrolled
from shared import codec
from shared.hashchain import GENESIS, link
from shared.wire.events import EpochOpened, Event, encode_event

_DAY_MS = 24 * 3600 * 1000
_PAGE = 500
_ALL = 1 << 62
_ENVELOPE_BYTES = 2048
"""Left free for the envelope around a batch's events."""


class Doorbell:
    """Rings when the outbox has grown, so that a new event is sent at once."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        """Say that there is something to send."""
        self._event.set()

    async def wait(self) -> None:
        """Return after a ring, also one that came before the call; several rings count as one."""
        await self._event.wait()
        self._event.clear()


@dataclass(frozen=True, slots=True)
class Position:
    """Where the outbox stands.

    `head` is the chain head after event `next_seq - 1`; `oldest_seq` the first event that can still be sent.
    """

    epoch: UUID
    next_seq: int
    head: bytes
    acked_seq: int
    incarnation: UUID | None
    oldest_seq: int

    @property
    def last_seq(self) -> int:
        """The number of the newest event, 0 when the epoch has none."""
        return self.next_seq - 1


@dataclass(frozen=True, slots=True)
class Batchful:
    """Consecutive events from number `first` on, and the chain head before them."""

    first: int
    previous: bytes
    events: list[bytes]


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many events HQ does not have yet, and the wall time of the oldest (None when there are none)."""

    count: int
    oldest_ms: int | None


class AckOutcome(Enum):
    """What an ack meant.

    IGNORED: of another epoch, or nothing new. ADVANCED: more is acked. REWOUND: a restored HQ has less than it
    once had; resend from there. FORKED: HQ has numbers this disk never gave; open a new epoch. HQ_LOST: a restored
    HQ lacks events that this epoch cannot supply; open a new epoch with what is kept.
    """

    IGNORED = "ignored"
    ADVANCED = "advanced"
    REWOUND = "rewound"
    FORKED = "forked"
    HQ_LOST = "hq_lost"


def position(db: sqlite3.Connection) -> Position:
    """Return where the outbox stands. Raise NotEnrolled before the first epoch."""
    row = db.execute("SELECT epoch, next_seq, head, acked_seq, incarnation FROM agent").fetchone()
    if row is None:
        raise NotEnrolled("this agent has no identity yet: enrol it first")
    epoch, next_seq, head, acked_seq, incarnation = row
    (oldest,) = db.execute("SELECT min(seq) FROM event WHERE epoch = ?", (epoch,)).fetchone()
    if oldest is None:
        oldest = next_seq
    elif oldest > 1:
        # The oldest row kept is there for its head: the chain before it is gone, so sending starts after it.
        oldest += 1
    return Position(
        epoch=UUID(bytes=epoch),
        next_seq=next_seq,
        head=head,
        acked_seq=acked_seq,
        incarnation=None if incarnation is None else UUID(bytes=incarnation),
        oldest_seq=oldest,
    )


def append(db: sqlite3.Connection, event: Event, wall_ms: int) -> int:
    """Number an event, chain it and keep its bytes, inside the caller's transaction. Return its number.

    This is the only way an event comes to be. The same id twice is a bug and raises sqlite3.IntegrityError.
    """
    row = db.execute("SELECT epoch, next_seq, head FROM agent").fetchone()
    if row is None:
        raise NotEnrolled("this agent has no identity yet: enrol it first")
    epoch, seq, previous = row
    content = encode_event(event)
    head = link(previous, content)
    db.execute(
        "INSERT INTO event (epoch, seq, id, kind, head, content, made_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (epoch, seq, event.id.bytes, event.__struct_config__.tag, head, content, wall_ms),
    )
    db.execute("UPDATE agent SET next_seq = ?, head = ?", (seq + 1, head))
    return int(seq)


def content_of(db: sqlite3.Connection, event: UUID) -> bytes | None:
    """Return an event's exact bytes while they are kept."""
    row = db.execute("SELECT content FROM event WHERE id = ?", (event.bytes,)).fetchone()
    return None if row is None else row[0]


def take(db: sqlite3.Connection, after_seq: int, max_events: int, max_bytes: int) -> Batchful | None:
    """Return events after `after_seq`, as many as fit; None when there are none or they were pruned.

    At least one event comes, however large: whether it fits the wire is for the sender to see.
    """
    (epoch,) = db.execute("SELECT epoch FROM agent").fetchone()
    previous = _head_after(db, epoch, after_seq)
    if previous is None:
        return None
    events: list[bytes] = []
    size = 0
    limit = min(max_bytes, codec.MAX_OPENED_BYTES - _ENVELOPE_BYTES)
    rows = db.execute(
        "SELECT content FROM event WHERE epoch = ? AND seq > ? ORDER BY seq LIMIT ?", (epoch, after_seq, max_events)
    )
    for (content,) in rows:
        size += len(content) + 1
        if events and size > limit:
            break
        events.append(content)
    return Batchful(after_seq + 1, previous, _compressible(events)) if events else None


def _head_after(db: sqlite3.Connection, epoch: bytes, seq: int) -> bytes | None:
    if seq == 0:
        return GENESIS
    row = db.execute("SELECT head FROM event WHERE epoch = ? AND seq = ?", (epoch, seq)).fetchone()
    return None if row is None else row[0]


def _compressible(events: list[bytes]) -> list[bytes]:
    """Halve until the events fit the wire compressed; tried only when they are larger than that uncompressed."""
    while len(events) > 1:
        joined = b",".join(events)
        if len(joined) <= codec.MAX_COMPRESSED_BYTES - _ENVELOPE_BYTES:
            break
        try:
            codec.pack(joined, limit=codec.MAX_COMPRESSED_BYTES - _ENVELOPE_BYTES)
        except codec.CodecError:
            events = events[: len(events) // 2]
        else:
            break
    return events


def apply_ack(db: sqlite3.Connection, incarnation: UUID, epoch: UUID, seq: int) -> AckOutcome:
    """Note that HQ, in this incarnation, has committed the epoch's events up to `seq`.

    Under the incarnation known, a lower number is an old repeat. A new incarnation is a restored HQ: its lower
    number is the truth. For FORKED and HQ_LOST the caller opens a new epoch (`edge_agent.epoch`).
    """
    at = position(db)
    if epoch != at.epoch or (incarnation == at.incarnation and seq <= at.acked_seq):
        return AckOutcome.IGNORED
    if seq > at.last_seq:
        return AckOutcome.FORKED
    db.execute("UPDATE agent SET incarnation = ?, acked_seq = ?", (incarnation.bytes, seq))
    if at.incarnation is not None and incarnation != at.incarnation and _is_lost(db, at, seq):
        return AckOutcome.HQ_LOST
    if seq < at.acked_seq:
        return AckOutcome.REWOUND
    return AckOutcome.ADVANCED if seq > at.acked_seq else AckOutcome.IGNORED


def _is_lost(db: sqlite3.Connection, at: Position, seq: int) -> bool:
    """Say whether a restored HQ, which has this epoch up to `seq`, lacks events that this epoch cannot supply."""
    if seq + 1 < at.oldest_seq:
        return True
    # It had the events of earlier epochs before the first of this one. So it may lack them if it lacks that one, or
    # if the HQ before never acked it: then it may have arrived after the restore.
    return (seq == 0 or at.acked_seq == 0) and _has_older(db, at.epoch)


def _has_older(db: sqlite3.Connection, epoch: UUID) -> bool:
    """Say whether events of earlier epochs are kept."""
    return db.execute("SELECT 1 FROM event WHERE epoch <> ? LIMIT 1", (epoch.bytes,)).fetchone() is not None


def rewind(db: sqlite3.Connection, seq: int) -> None:
    """Take every event after `seq` as not acked, so that it is sent again."""
    db.execute("UPDATE agent SET acked_seq = min(acked_seq, ?)", (seq,))


def start_sequence(db: sqlite3.Connection, agent: str, store: str, epoch: UUID, *, reason: str, wall_ms: int) -> None:
    """Make the agent's row with an empty sequence. The first event must be an EpochOpened."""
    db.execute(
        "INSERT INTO agent (one, agent, store, epoch, next_seq, head) VALUES (1, ?, ?, ?, 1, ?)",
        (agent, store, epoch.bytes, GENESIS),
    )
    db.execute("INSERT INTO epoch (epoch, opened_ms, reason) VALUES (?, ?, ?)", (epoch.bytes, wall_ms, reason))


def replace_epoch(db: sqlite3.Connection, epoch: UUID, *, reason: str, wall_ms: int) -> None:
    """Give an empty sequence another epoch."""
    db.execute(
        "INSERT INTO epoch (epoch, opened_ms, reason) VALUES (?, ?, ?)",
        (epoch.bytes, _after_last_opened(db, wall_ms), reason),
    )
    db.execute("UPDATE agent SET epoch = ?, next_seq = 1, head = ?, acked_seq = 0", (epoch.bytes, GENESIS))


def open_epoch(
    db: sqlite3.Connection, epoch: UUID, opened: EpochOpened, wall_ms: int, *, resend_acked: bool = False
) -> Position:
    """Start numbering anew: `opened` becomes event 1, every event HQ has not acked follows under its old id.

    With `resend_acked` everything kept follows, of earlier epochs too: a restored HQ may lack it. The fields of
    `opened` that name the previous epoch and the count of events resent are filled in here.
    """
    at = position(db)
    sources = _sources(db, at, resend_acked=resend_acked)
    resent = sum(_count_after(db, source, seq) for source, seq in sources)
    last_used = _close(db, at)
    replace_epoch(db, epoch, reason=opened.reason, wall_ms=wall_ms)
    filled = msgspec.structs.replace(opened, previous_epoch=at.epoch, previous_seq=last_used, resent=resent)
    append(db, filled, wall_ms)
    for source, seq in sources:
        _move(db, source, seq, epoch.bytes)
    return position(db)


def _sources(db: sqlite3.Connection, at: Position, *, resend_acked: bool) -> list[tuple[bytes, int]]:
    """Return (epoch, number after which its events are resent), oldest epoch first."""
    if not resend_acked:
        return [(at.epoch.bytes, at.acked_seq)]
    rows = db.execute("SELECT epoch FROM epoch ORDER BY opened_ms").fetchall()
    return [(epoch, at.acked_seq if epoch == at.epoch.bytes else 0) for (epoch,) in rows]


def _count_after(db: sqlite3.Connection, epoch: bytes, seq: int) -> int:
    (count,) = db.execute("SELECT count(*) FROM event WHERE epoch = ? AND seq > ?", (epoch, seq)).fetchone()
    return int(count)


def _close(db: sqlite3.Connection, at: Position) -> int:
    """Close the epoch; return the last number known to be used in it, which a witness may have put higher."""
    db.execute(
        "UPDATE epoch SET last_seq = max(coalesce(last_seq, 0), ?) WHERE epoch = ?", (at.last_seq, at.epoch.bytes)
    )
    (last,) = db.execute("SELECT last_seq FROM epoch WHERE epoch = ?", (at.epoch.bytes,)).fetchone()
    return int(last)


def _after_last_opened(db: sqlite3.Connection, wall_ms: int) -> int:
    """Return a time that sorts after every earlier epoch, also when the wall clock was set back."""
    (last,) = db.execute("SELECT coalesce(max(opened_ms), 0) FROM epoch").fetchone()
    return max(wall_ms, int(last) + 1)


def _move(db: sqlite3.Connection, source: bytes, after_seq: int, target: bytes) -> None:
    """Renumber a source's events after `after_seq` to the end of the target, page by page."""
    seq, head = db.execute("SELECT next_seq, head FROM agent").fetchone()
    while rows := db.execute(
        "SELECT id, content FROM event WHERE epoch = ? AND seq > ? ORDER BY seq LIMIT ?", (source, after_seq, _PAGE)
    ).fetchall():
        for event, content in rows:
            head = link(head, content)
            db.execute("UPDATE event SET epoch = ?, seq = ?, head = ? WHERE id = ?", (target, seq, head, event))
            seq += 1
    db.execute("UPDATE agent SET next_seq = ?, head = ?", (seq, head))


def prune(db: sqlite3.Connection, wall_ms: int, retain_days: int, budget_bytes: int, *, at_most: int = 2000) -> int:
    """Delete acked events older than `retain_days`, or the oldest acked while the database exceeds its budget.

    At most `at_most` go at once, so that no till waits for it: call again until it returns 0. What is not acked
    is never deleted, nor the last acked event, whose chain head the next batch needs.
    """
    over_budget = _bytes_used(db) > budget_bytes
    before_ms = wall_ms - retain_days * _DAY_MS
    current, acked_seq = db.execute("SELECT epoch, acked_seq FROM agent").fetchone()
    deleted = 0
    for (epoch,) in db.execute("SELECT epoch FROM epoch ORDER BY opened_ms").fetchall():
        below = acked_seq if epoch == current else _ALL
        rows = db.execute(
            "SELECT seq, made_ms FROM event WHERE epoch = ? AND seq < ? ORDER BY seq LIMIT ?",
            (epoch, below, at_most - deleted),
        )
        old = takewhile(lambda row: over_budget or row[1] < before_ms, rows.fetchall())
        seqs = [seq for seq, _made_ms in old]
        if not seqs:
            continue
        db.execute("DELETE FROM event WHERE epoch = ? AND seq BETWEEN ? AND ?", (epoch, seqs[0], seqs[-1]))
        deleted += len(seqs)
    return deleted


def _bytes_used(db: sqlite3.Connection) -> int:
    values = [db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")]
    return int((values[0] - values[1]) * values[2])


def backlog(db: sqlite3.Connection) -> Backlog:
    """Return how much HQ does not have yet."""
    row = db.execute("SELECT epoch, next_seq - 1 - acked_seq, acked_seq FROM agent").fetchone()
    if row is None:
        return Backlog(0, None)
    epoch, count, acked_seq = row
    oldest = db.execute("SELECT made_ms FROM event WHERE epoch = ? AND seq = ?", (epoch, acked_seq + 1)).fetchone()
    return Backlog(count, None if oldest is None else oldest[0])
