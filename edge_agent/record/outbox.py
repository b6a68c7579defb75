"""The outbox: every event in one numbered, chained sequence, kept until HQ has it and for a while after.

`(epoch, seq)` is only transport; an event is known by its id. Functions run inside the caller's transaction.
"""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass
from enum import Enum
from uuid import UUID

import msgspec

from edge_agent.disk.agent_row import NotEnrolled
from edge_agent.record.retention import pruned_before
from shared import codec
from shared.hashchain import GENESIS, link
from shared.wire.events import EpochOpened, Event, HeldAck, encode_event

_PAGE = 500
_ENVELOPE_BYTES = 2048
"""Left free for the envelope around a batch's events."""


class EventTooLarge(ValueError):
    """An event that no batch could carry, not even alone. It never comes to be, so nothing waits behind it."""


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

    `head` is the chain head after event `next_seq - 1`; `oldest_seq` the first event that can still be sent;
    `acked_head` and `acked_proof` come from the ack of `acked_seq` and prove it to HQ (empty: not proven).
    """

    epoch: UUID
    next_seq: int
    head: bytes
    acked_seq: int
    incarnation: UUID | None
    oldest_seq: int
    acked_head: bytes = b""
    acked_proof: bytes = b""

    @property
    def last_seq(self) -> int:
        """The number of the newest event, 0 when the epoch has none."""
        return self.next_seq - 1

    @property
    def held(self) -> HeldAck | None:
        """The last ack with HQ's proof of it, None when there is none."""
        if self.incarnation is None or self.acked_seq == 0 or not self.acked_proof:
            return None
        return HeldAck(incarnation=self.incarnation, seq=self.acked_seq, head=self.acked_head, proof=self.acked_proof)


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


@dataclass(frozen=True, slots=True)
class _Rows:
    """Where the present epoch lies among the events: its number s is row `base + s`; `last` is the newest row."""

    base: int
    last: int
    head: bytes


def _rows(db: sqlite3.Connection) -> _Rows:
    row = db.execute(
        "SELECT base, event.n, event.head FROM agent JOIN epoch USING (epoch)"
        " LEFT JOIN event ON event.n = (SELECT max(n) FROM event)"
    ).fetchone()
    if row is None:
        raise NotEnrolled("this agent has no identity yet: enrol it first")
    base, newest, head = row
    if newest is None or newest <= base:
        return _Rows(base, base, GENESIS)
    return _Rows(base, newest, head)


def position(db: sqlite3.Connection) -> Position:
    """Return where the outbox stands. Raise NotEnrolled before the first epoch."""
    rows = _rows(db)
    epoch, acked_seq, incarnation, acked_head, acked_proof = db.execute(
        "SELECT epoch, acked_seq, incarnation, acked_head, acked_proof FROM agent"
    ).fetchone()
    (oldest,) = db.execute("SELECT min(n) FROM event WHERE n > ?", (rows.base,)).fetchone()
    oldest_seq = 1 if oldest is None else oldest - rows.base
    if oldest_seq > 1:
        # The oldest row kept is there for its head: the chain before it is gone, so sending starts after it.
        oldest_seq += 1
    return Position(
        epoch=UUID(bytes=epoch),
        next_seq=rows.last - rows.base + 1,
        head=rows.head,
        acked_seq=acked_seq,
        incarnation=None if incarnation is None else UUID(bytes=incarnation),
        oldest_seq=oldest_seq,
        acked_head=acked_head,
        acked_proof=acked_proof,
    )


def append(db: sqlite3.Connection, event: Event, wall_ms: int) -> int:
    """Number an event, chain it and keep its bytes, inside the caller's transaction. Return its number.

    Raise EventTooLarge for one that could never be sent.
    """
    base, n = append_encoded(db, event, encode_event(event), wall_ms)
    return n - base


def append_encoded(db: sqlite3.Connection, event: Event, content: bytes, wall_ms: int) -> tuple[int, int]:
    """Keep an event whose bytes the caller needs too. Return the present epoch's base, and the event's row above it.

    This is the only way an event comes to be. Raise EventTooLarge for one that could never be sent.
    """
    rows = _rows(db)
    if not _fits(content):
        raise EventTooLarge(f"event {event.id} of {len(content)} bytes does not fit the wire")
    db.execute(
        "INSERT INTO event (n, id, kind, head, made_ms, content) VALUES (?, ?, ?, ?, ?, ?)",
        (
            rows.last + 1,
            event.id.bytes,
            event.__struct_config__.tag,
            link(rows.head, content),
            wall_ms,
            content,
        ),
    )
    return rows.base, rows.last + 1


def take(db: sqlite3.Connection, after_seq: int, max_events: int, max_bytes: int) -> Batchful | None:
    """Return events after `after_seq`, as many as fit; None when there are none or they were pruned.

    At least one event comes, however large: whether it fits the wire is for the sender to see.
    """
    at = _rows(db)
    after = at.base + after_seq
    previous = GENESIS if after_seq == 0 else _head_of(db, after)
    if previous is None:
        return None
    events: list[bytes] = []
    size = 0
    limit = min(max_bytes, codec.MAX_OPENED_BYTES - _ENVELOPE_BYTES)
    for (content,) in db.execute("SELECT content FROM event WHERE n > ? ORDER BY n LIMIT ?", (after, max_events)):
        size += len(content) + 1
        if events and size > limit:
            break
        events.append(content)
    return Batchful(after_seq + 1, previous, _compressible(events)) if events else None


def _head_of(db: sqlite3.Connection, n: int) -> bytes | None:
    row = db.execute("SELECT head FROM event WHERE n = ?", (n,)).fetchone()
    return None if row is None else row[0]


def head_at(db: sqlite3.Connection, seq: int) -> bytes | None:
    """Return the chain head after event `seq` of the present epoch, None when it is not kept."""
    return _head_of(db, _rows(db).base + seq)


def _compressible(events: list[bytes]) -> list[bytes]:
    """Halve until the events fit the wire compressed; tried only when they are larger than that uncompressed."""
    while len(events) > 1 and not _fits(b",".join(events)):
        events = events[: len(events) // 2]
    return events


def _fits(content: bytes) -> bool:
    """Say whether a batch can carry this content; compressed to see only when it is larger than that as it is."""
    limit = codec.MAX_COMPRESSED_BYTES - _ENVELOPE_BYTES
    if len(content) <= limit:
        return True
    if len(content) > codec.MAX_OPENED_BYTES - _ENVELOPE_BYTES:
        return False
    try:
        codec.pack(content, limit=limit)
    except codec.CodecError:
        return False
    return True


def apply_ack(
    db: sqlite3.Connection, incarnation: UUID, epoch: UUID, seq: int, head: bytes = b"", *, proof: bytes = b""
) -> AckOutcome:
    """Note that HQ, in this incarnation, has committed the epoch's events up to `seq`, where its chain has `head`.

    A head (or the first bytes of it) that is not this disk's means that HQ has other events under these numbers:
    FORKED, and nothing is noted. Under the incarnation known, a lower number is an old repeat. A new incarnation is
    a restored HQ: its lower number is the truth, and what it has of earlier epochs it does not say, so that everything
    of those has to go there again. `proof` is kept, to be shown to HQ. For FORKED and HQ_LOST the caller opens a new
    epoch (`edge_agent.record.epoch`).
    """
    at = position(db)
    if epoch != at.epoch or (incarnation == at.incarnation and seq <= at.acked_seq):
        return AckOutcome.IGNORED
    if seq > at.last_seq or not _is_ours(db, seq, head):
        return AckOutcome.FORKED
    db.execute(
        "UPDATE agent SET incarnation = ?, acked_seq = ?, acked_head = ?, acked_proof = ?",
        (incarnation.bytes, seq, head, proof),
    )
    if at.incarnation is not None and incarnation != at.incarnation and (seq + 1 < at.oldest_seq or _has_earlier(db)):
        return AckOutcome.HQ_LOST
    if seq < at.acked_seq:
        return AckOutcome.REWOUND
    return AckOutcome.ADVANCED if seq > at.acked_seq else AckOutcome.IGNORED


def _is_ours(db: sqlite3.Connection, seq: int, head: bytes) -> bool:
    """Say whether this disk's chain can have had this head after event `seq`: not when it is known to have another."""
    ours = GENESIS if seq == 0 else head_at(db, seq)
    return ours is None or ours.startswith(head)


def _has_earlier(db: sqlite3.Connection) -> bool:
    """Say whether this disk has, or once had, events of earlier epochs.

    That HQ has this epoch proves nothing of them: its events may have come after the restore, from a late copy too.
    """
    kept = db.execute("SELECT 1 FROM event WHERE n <= ? LIMIT 1", (_rows(db).base,)).fetchone()
    return kept is not None or bool(pruned_before(db))


def rewind(db: sqlite3.Connection, seq: int) -> None:
    """Take every event after `seq` as not acked, so that it is sent again."""
    db.execute("UPDATE agent SET acked_seq = ?, acked_head = x'', acked_proof = x'' WHERE acked_seq > ?", (seq, seq))


def start_sequence(db: sqlite3.Connection, agent: str, store: str, epoch: UUID, *, reason: str, wall_ms: int) -> None:
    """Make the agent's row with an empty sequence. The first event must be an EpochOpened."""
    db.execute("INSERT INTO agent (one, agent, store, epoch) VALUES (1, ?, ?, ?)", (agent, store, epoch.bytes))
    _add_epoch(db, epoch, base=0, reason=reason, wall_ms=wall_ms)


def replace_epoch(db: sqlite3.Connection, epoch: UUID, *, reason: str, wall_ms: int) -> None:
    """Number what follows in another epoch, from 1."""
    _add_epoch(db, epoch, base=_rows(db).last, reason=reason, wall_ms=wall_ms)
    db.execute("UPDATE agent SET epoch = ?, acked_seq = 0, acked_head = x'', acked_proof = x''", (epoch.bytes,))


def _add_epoch(db: sqlite3.Connection, epoch: UUID, *, base: int, reason: str, wall_ms: int) -> None:
    db.execute(
        "INSERT INTO epoch (epoch, base, opened_ms, reason) VALUES (?, ?, ?, ?)", (epoch.bytes, base, wall_ms, reason)
    )


def open_epoch(
    db: sqlite3.Connection, epoch: UUID, opened: EpochOpened, wall_ms: int, *, resend_acked: bool = False
) -> Position:
    """Start numbering anew: `opened` becomes event 1, every event HQ has not acked follows under its old id.

    With `resend_acked` everything kept follows, of earlier epochs too: a restored HQ may lack it. The fields of
    `opened` that name the previous epoch, its last ack and the count of events resent are filled in here.
    """
    at, rows = position(db), _rows(db)
    unacked = (rows.base + at.acked_seq, rows.last)
    spans = [(0, rows.base), unacked] if resend_acked else [unacked]
    resent = sum(_count(db, span) for span in spans)
    last_used = _close(db, at)
    if resend_acked:
        db.execute("UPDATE epoch SET kept_seq = 0 WHERE epoch <> ?", (at.epoch.bytes,))
    replace_epoch(db, epoch, reason=opened.reason, wall_ms=wall_ms)
    filled = msgspec.structs.replace(
        opened, previous_epoch=at.epoch, previous_seq=last_used, resent=resent, previous_ack=at.held
    )
    append(db, filled, wall_ms)
    for span in spans:
        _move_to_end(db, span)
    return position(db)


def _count(db: sqlite3.Connection, span: tuple[int, int]) -> int:
    """Count the events of a span of rows: those after its first and up to its last."""
    (count,) = db.execute("SELECT count(*) FROM event WHERE n > ? AND n <= ?", span).fetchone()
    return int(count)


def _close(db: sqlite3.Connection, at: Position) -> int:
    """Close the epoch; return the last number known to be used in it, which a witness may have put higher."""
    db.execute(
        "UPDATE epoch SET last_seq = max(coalesce(last_seq, 0), ?), kept_seq = ? WHERE epoch = ?",
        (at.last_seq, at.acked_seq, at.epoch.bytes),
    )
    (last,) = db.execute("SELECT last_seq FROM epoch WHERE epoch = ?", (at.epoch.bytes,)).fetchone()
    return int(last)


def _move_to_end(db: sqlite3.Connection, span: tuple[int, int]) -> None:
    """Renumber the events of a span of rows to the end of the sequence, page by page."""
    rows = _rows(db)
    n, head = rows.last, rows.head
    while page := db.execute(
        "SELECT n, id, content FROM event WHERE n > ? AND n <= ? ORDER BY n LIMIT ?", (*span, _PAGE)
    ).fetchall():
        for old, event, content in page:
            n, head = n + 1, link(head, content)
            db.execute("UPDATE event SET n = ?, head = ? WHERE n = ?", (n, head, old))
            db.execute("UPDATE receipt SET n = ? WHERE event = ?", (n, event))


def backlog(db: sqlite3.Connection) -> Backlog:
    """Return how much HQ does not have yet."""
    row = db.execute("SELECT acked_seq FROM agent").fetchone()
    if row is None:
        return Backlog(0, None)
    rows, (acked_seq,) = _rows(db), row
    oldest = db.execute("SELECT made_ms FROM event WHERE n = ?", (rows.base + acked_seq + 1,)).fetchone()
    return Backlog(rows.last - rows.base - acked_seq, None if oldest is None else oldest[0])
