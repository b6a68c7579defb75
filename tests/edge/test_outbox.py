"""The outbox: one chained sequence, renumbered without losing an event, pruned without losing an unacked one."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_agent.disk.agent_row import NotEnrolled, note_hq_time
from edge_agent.disk.migrations import migrate
from edge_agent.forgetting import forget_acked
from edge_agent.record import outbox, retention
from edge_agent.record.outbox import AckOutcome, Backlog, Position
from shared import codec
from shared.hashchain import GENESIS, link_all
from shared.wire.events import EpochOpened, HeldAck, decode_event
from tests.edge.tills import store_settings
from tests.factories import (
    AGENT,
    START_MS,
    STORE,
    DrivenMachineClock,
    make_epoch,
    make_sale,
    make_swipe,
    new_id,
)

DAY_MS = 24 * 3600 * 1000
HQ, HQ2 = UUID(int=1), UUID(int=2)
UNLIMITED = 1 << 40


def fresh() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    migrate(db)
    outbox.start_sequence(db, AGENT, STORE, new_id(), reason="first", wall_ms=START_MS)
    outbox.append(db, make_epoch(), START_MS)
    return db


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    db = fresh()
    yield db
    db.close()


def append(db: sqlite3.Connection, count: int, wall_ms: int = START_MS) -> None:
    for _ in range(count):
        outbox.append(db, make_swipe(), wall_ms)


def seqs(db: sqlite3.Connection, epoch: UUID) -> list[int]:
    (base,) = db.execute("SELECT base FROM epoch WHERE epoch = ?", (epoch.bytes,)).fetchone()
    (end,) = db.execute("SELECT coalesce(min(base), 1 << 60) FROM epoch WHERE base > ?", (base,)).fetchone()
    return [n - base for (n,) in db.execute("SELECT n FROM event WHERE n > ? AND n <= ? ORDER BY n", (base, end))]


def reopen(db: sqlite3.Connection, **options: bool) -> Position:
    return outbox.open_epoch(db, new_id(), make_epoch(reason="restored"), START_MS, **options)


def test_numbers_from_one_and_chains_exact_bytes(db: sqlite3.Connection) -> None:
    append(db, 3)
    batch = outbox.take(db, 0, 100, UNLIMITED)
    at = outbox.position(db)
    assert batch is not None
    assert (batch.first, batch.previous, len(batch.events)) == (1, GENESIS, 4)
    assert (at.next_seq, at.last_seq, at.oldest_seq, at.head) == (5, 4, 1, link_all(GENESIS, batch.events))
    rest = outbox.take(db, 2, 100, UNLIMITED)
    assert rest is not None
    assert (rest.first, rest.previous) == (3, link_all(GENESIS, batch.events[:2]))
    assert rest.events == batch.events[2:]
    assert outbox.take(db, 4, 100, UNLIMITED) is None


def test_nothing_is_numbered_before_the_agent_has_a_name() -> None:
    db = sqlite3.connect(":memory:")
    migrate(db)
    with pytest.raises(NotEnrolled):
        outbox.append(db, make_swipe(), START_MS)
    with pytest.raises(NotEnrolled):
        outbox.position(db)
    assert outbox.backlog(db) == Backlog(0, None)
    db.close()


@pytest.mark.parametrize(("max_events", "max_bytes", "expected"), [(2, UNLIMITED, 2), (100, 1, 1), (100, 700, 2)])
def test_takes_as_many_as_fit_and_at_least_one(
    db: sqlite3.Connection, max_events: int, max_bytes: int, expected: int
) -> None:
    append(db, 9)
    batch = outbox.take(db, 1, max_events, max_bytes)
    assert batch is not None
    assert len(batch.events) == expected


def test_takes_no_more_than_the_wire_carries_compressed(db: sqlite3.Connection) -> None:
    noise = random.Random(3)
    for _ in range(40):
        outbox.append(db, make_sale(manifest=noise.randbytes(16_000)), START_MS)
    after, taken = 1, 0
    while batch := outbox.take(db, after, 100, UNLIMITED):
        codec.pack(b"[" + b",".join(batch.events) + b"]")
        after += len(batch.events)
        taken += 1
    assert after == 41
    assert 3 <= taken <= 8


@pytest.mark.parametrize(
    ("known", "acked", "by", "seq", "outcome", "now"),
    [
        (None, 0, HQ, 3, AckOutcome.ADVANCED, 3),
        (HQ, 3, HQ, 5, AckOutcome.ADVANCED, 5),
        (HQ, 3, HQ, 3, AckOutcome.IGNORED, 3),
        (HQ, 3, HQ, 1, AckOutcome.IGNORED, 3),
        (HQ, 3, HQ2, 1, AckOutcome.REWOUND, 1),
        (HQ, 3, HQ2, 0, AckOutcome.REWOUND, 0),
        (HQ, 3, HQ2, 3, AckOutcome.IGNORED, 3),
        (HQ, 3, HQ2, 5, AckOutcome.ADVANCED, 5),
        (HQ, 3, HQ, 7, AckOutcome.FORKED, 3),
    ],
)
def test_acks(
    db: sqlite3.Connection, known: UUID | None, acked: int, by: UUID, seq: int, outcome: AckOutcome, now: int
) -> None:
    append(db, 5)
    epoch = outbox.position(db).epoch
    if known:
        outbox.apply_ack(db, known, epoch, acked)
    assert outbox.apply_ack(db, by, new_id(), seq) is AckOutcome.IGNORED
    assert outbox.apply_ack(db, by, epoch, seq) is outcome
    assert outbox.position(db).acked_seq == now


def test_an_ack_is_kept_with_its_proof_until_it_holds_no_more(db: sqlite3.Connection) -> None:
    append(db, 5)
    at = outbox.position(db)
    head = outbox.head_at(db, 3) or b""
    assert at.held is None
    outbox.apply_ack(db, HQ, at.epoch, 3, head[:16], proof=b"seal")
    held = HeldAck(incarnation=HQ, seq=3, head=head[:16], proof=b"seal")
    assert outbox.position(db).held == held
    outbox.apply_ack(db, HQ, at.epoch, 2, proof=b"older")
    outbox.rewind(db, 4)
    assert outbox.position(db).held == held
    fresh = reopen(db)
    batch = outbox.take(db, 0, 1, UNLIMITED)
    assert batch is not None
    opened = decode_event(batch.events[0])
    assert isinstance(opened, EpochOpened)
    assert opened.previous_ack == held
    assert fresh.held is None
    outbox.apply_ack(db, HQ, fresh.epoch, 1, proof=b"seal")
    outbox.rewind(db, 0)
    assert outbox.position(db).acked_proof == b""


def test_hq_restored_says_nothing_of_earlier_epochs_so_they_are_sent_again(db: sqlite3.Connection) -> None:
    append(db, 3)
    first = outbox.position(db).epoch
    outbox.apply_ack(db, HQ, first, 4)
    second = reopen(db)
    outbox.apply_ack(db, HQ, second.epoch, second.last_seq)
    assert outbox.apply_ack(db, HQ2, second.epoch, second.last_seq) is AckOutcome.HQ_LOST


def test_p1_a_clock_that_jumps_ahead_makes_nothing_old(db: sqlite3.Connection) -> None:
    """Lessons B2.28: a PC's clock stands wrong; what HQ may ask for again is kept until HQ's own time is over."""
    append(db, 9)
    outbox.apply_ack(db, HQ, outbox.position(db).epoch, 8)
    clock, settings = DrivenMachineClock(), store_settings()
    note_hq_time(db, 0, clock.wall_ms())
    clock.set_wall(START_MS + 400 * DAY_MS)
    assert forget_acked(db, clock, settings) == 0
    note_hq_time(db, -400 * DAY_MS, clock.wall_ms())  # HQ answered: it is the same day as before
    assert forget_acked(db, clock, settings) == 0
    note_hq_time(db, 0, clock.wall_ms())
    assert forget_acked(db, clock, settings) == 7


def test_hq_restored_to_before_what_is_still_kept_is_seen(db: sqlite3.Connection) -> None:
    append(db, 9)
    epoch = outbox.position(db).epoch
    outbox.apply_ack(db, HQ, epoch, 8)
    assert retention.prune(db, START_MS + 40 * DAY_MS, 35, UNLIMITED) == 7
    assert outbox.position(db).oldest_seq == 9
    assert outbox.apply_ack(db, HQ2, epoch, 3) is AckOutcome.HQ_LOST
    at = reopen(db, resend_acked=True)
    # The last acked event stayed for its chain head; it is sent again too, since HQ may lack it.
    assert seqs(db, at.epoch) == [1, 2, 3, 4]


def test_hq_restored_to_before_this_epoch_gets_earlier_epochs_again(db: sqlite3.Connection) -> None:
    append(db, 3)
    first = outbox.position(db).epoch
    outbox.apply_ack(db, HQ, first, 3)
    second = reopen(db)
    assert seqs(db, first) == [1, 2, 3]
    outbox.apply_ack(db, HQ, second.epoch, second.last_seq)
    assert outbox.apply_ack(db, HQ2, second.epoch, 0) is AckOutcome.HQ_LOST
    third = reopen(db, resend_acked=True)
    assert third.last_seq == 1 + 4 + 1
    assert seqs(db, first) == []


def test_a_new_epoch_says_what_came_before(db: sqlite3.Connection) -> None:
    append(db, 5)
    before = outbox.position(db)
    outbox.apply_ack(db, HQ, before.epoch, 4)
    after = reopen(db)
    batch = outbox.take(db, 0, 100, UNLIMITED)
    assert batch is not None
    opened = decode_event(batch.events[0])
    assert isinstance(opened, EpochOpened)
    assert (opened.previous_epoch, opened.previous_seq, opened.resent) == (before.epoch, 6, 2)
    assert (after.acked_seq, after.last_seq) == (0, 3)


def test_prunes_the_old_and_acked_but_never_the_unacked(db: sqlite3.Connection) -> None:
    append(db, 4)
    append(db, 4, START_MS + 10 * DAY_MS)
    epoch = outbox.position(db).epoch
    later = START_MS + 36 * DAY_MS
    assert retention.prune(db, later, 35, UNLIMITED) == 0
    outbox.apply_ack(db, HQ, epoch, 7)
    assert retention.prune(db, later, 35, UNLIMITED, at_most=3) == 3
    assert retention.prune(db, later, 35, UNLIMITED) == 2
    assert retention.prune(db, later, 35, UNLIMITED) == 0
    assert retention.prune(db, START_MS, 35, budget_bytes=1) == 1
    assert seqs(db, epoch) == [7, 8, 9]
    batch = outbox.take(db, 7, 100, UNLIMITED)
    assert batch is not None
    assert outbox.position(db).oldest_seq == 8


def test_backlog_counts_what_hq_does_not_have(db: sqlite3.Connection) -> None:
    append(db, 2, START_MS + 5)
    assert outbox.backlog(db) == Backlog(3, START_MS)
    epoch = outbox.position(db).epoch
    outbox.apply_ack(db, HQ, epoch, 1)
    assert outbox.backlog(db) == Backlog(2, START_MS + 5)
    outbox.apply_ack(db, HQ, epoch, 3)
    assert outbox.backlog(db) == Backlog(0, None)
    outbox.rewind(db, 1)
    assert outbox.backlog(db).count == 2


@dataclass
class Hq:
    """A head office that keeps what arrives and may be put back to an earlier moment."""

    incarnation: UUID = field(default_factory=new_id)
    events: set[UUID] = field(default_factory=set)
    watermarks: dict[UUID, tuple[int, bytes]] = field(default_factory=dict)


class OutboxHistory(RuleBasedStateMachine):
    """P1: under any history of sending, forks, pruning and restores of HQ, every event kept reaches HQ."""

    @initialize()
    def start(self) -> None:
        self.db = fresh()
        self.now = START_MS
        self.made = {self._only_id()}
        self.pruned: set[UUID] = set()
        self.hq = Hq()
        self.backup = Hq(self.hq.incarnation)

    def _only_id(self) -> UUID:
        (key,) = self.db.execute("SELECT id FROM event").fetchone()
        return UUID(bytes=key)

    @rule(count=st.integers(1, 5))
    def sell(self, count: int) -> None:
        for _ in range(count):
            event = make_swipe()
            outbox.append(self.db, event, self.now)
            self.made.add(event.id)

    @rule(size=st.integers(1, 4), heard=st.booleans())
    def send(self, size: int, heard: bool) -> None:
        at = outbox.position(self.db)
        batch = outbox.take(self.db, at.acked_seq, size, UNLIMITED)
        if batch is None:
            return
        seq, head = self.hq.watermarks.get(at.epoch, (0, GENESIS))
        skip = seq + 1 - batch.first
        if 0 <= skip <= len(batch.events) and link_all(batch.previous, batch.events[:skip]) == head:
            self.hq.events.update(decode_event(event).id for event in batch.events[skip:])
            self.hq.watermarks[at.epoch] = (
                batch.first + len(batch.events) - 1,
                link_all(batch.previous, batch.events),
            )
        if heard:
            self.ack()

    @rule()
    def ack(self) -> None:
        at = outbox.position(self.db)
        seq, _head = self.hq.watermarks.get(at.epoch, (0, GENESIS))
        outcome = outbox.apply_ack(self.db, self.hq.incarnation, at.epoch, seq)
        assert outcome is not AckOutcome.FORKED
        if outcome is AckOutcome.HQ_LOST:
            self._reopen(resend_acked=True)

    @rule()
    def fork(self) -> None:
        self._reopen(resend_acked=False)

    def _reopen(self, *, resend_acked: bool) -> None:
        opened = make_epoch(reason="forked")
        self.made.add(opened.id)
        outbox.open_epoch(self.db, new_id(), opened, self.now, resend_acked=resend_acked)

    @rule()
    def back_up_hq(self) -> None:
        self.backup = Hq(self.hq.incarnation, set(self.hq.events), dict(self.hq.watermarks))

    @rule()
    def restore_hq(self) -> None:
        self.hq = Hq(new_id(), set(self.backup.events), dict(self.backup.watermarks))

    @rule(days=st.integers(0, 40))
    def prune(self, days: int) -> None:
        self.now += days * DAY_MS
        before = self._kept()
        retention.prune(self.db, self.now, 35, UNLIMITED)
        self.pruned |= before - self._kept()

    def _kept(self) -> set[UUID]:
        return {UUID(bytes=key) for (key,) in self.db.execute("SELECT id FROM event")}

    @invariant()
    def numbers_have_no_hole_and_the_chain_holds(self) -> None:
        at = outbox.position(self.db)
        found = self.db.execute(
            "SELECT n - base, event.head, content FROM agent JOIN epoch USING (epoch) JOIN event ON n > base ORDER BY n"
        ).fetchall()
        if not found:
            return
        assert [seq for seq, _head, _content in found] == list(range(found[0][0], at.next_seq))
        assert found[-1][1] == at.head
        assert link_all(found[0][1], [content for _seq, _head, content in found[1:]]) == at.head

    @invariant()
    def nothing_is_lost(self) -> None:
        assert self._kept() | self.pruned == self.made
        assert self._kept() & self.pruned == set()

    def teardown(self) -> None:
        if not hasattr(self, "db"):
            return
        for _ in range(len(self.made) + 3):
            self.ack()
            self.send(100, heard=True)
        assert outbox.backlog(self.db).count == 0
        assert self._kept() <= self.hq.events
        self.db.close()


OutboxHistory.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestOutboxHistory = OutboxHistory.TestCase
