"""Epochs: numbering events anew, with a reason, when the numbers on this disk can no longer be trusted.

A restored or cloned database would give numbers, and receipts, that already mean something else. So with the
epoch every till opens a new receipt series, and baskets still open get new ids.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal
from uuid import UUID

import structlog

from edge_agent.clock import Clocks
from edge_agent.disk.agent_row import NotEnrolled, business_day, device_time, keep_settings, store_settings
from edge_agent.disk.database import Database
from edge_agent.failpoints import reached
from edge_agent.record import outbox, receipts, retention, witness
from edge_agent.record.outbox import AckOutcome, Doorbell, Position
from edge_agent.record.receipts import SeriesReason
from edge_agent.record.retention import Pruned
from edge_agent.record.witness import Machine
from edge_agent.till import baskets
from shared.wire.desired import StoreSettings
from shared.wire.events import EpochOpened, GapDeclared, SeriesOpened

EpochReason = Literal["restored", "cloned", "forked", "hq_restored"]
_WITNESS_EVERY_S = 1.0

_log = structlog.get_logger(__name__)


def begin(
    db: sqlite3.Connection,
    agent: str,
    settings: StoreSettings,
    clocks: Clocks,
    mint: Callable[[], UUID],
    *,
    reason: Literal["first", "new_disk"] = "first",
) -> Position:
    """Give a fresh database its identity, first epoch and receipt series, in the transaction of the enrolment.

    EpochOpened is event 1, a SeriesOpened for each till follows. `new_disk` when HQ says this agent sold before.
    """
    wall_ms = clocks.machine.wall_ms()
    outbox.start_sequence(db, agent, settings.store, mint(), reason=reason, wall_ms=wall_ms)
    keep_settings(db, settings)
    outbox.append(db, _epoch_opened(db, settings, clocks, mint, reason=reason), wall_ms)
    open_missing_series(db, settings, clocks, mint)
    return outbox.position(db)


def open_missing_series(
    db: sqlite3.Connection, settings: StoreSettings, clocks: Clocks, mint: Callable[[], UUID]
) -> list[str]:
    """Open a receipt series for each till of the settings that has none; call it when settings change."""
    return receipts.open_missing_series(
        db, settings.tills, lambda _till: _series_opened(db, settings, clocks, mint), clocks.machine.wall_ms()
    )


def _epoch_opened(
    db: sqlite3.Connection,
    settings: StoreSettings,
    clocks: Clocks,
    mint: Callable[[], UUID],
    *,
    reason: Literal["first", "new_disk", "restored", "cloned", "forked", "hq_restored"],
) -> EpochOpened:
    at_ms = clocks.business.now_ms()
    return EpochOpened(
        id=mint(),
        store=settings.store,
        at_ms=at_ms,
        business_date=business_day(settings, at_ms),
        device=device_time(db, clocks.machine),
        reason=reason,
    )


def _series_opened(
    db: sqlite3.Connection, settings: StoreSettings, clocks: Clocks, mint: Callable[[], UUID]
) -> SeriesOpened:
    """Build the event but for its till, series, reason and what came before, which `receipts` fills in."""
    at_ms = clocks.business.now_ms()
    return SeriesOpened(
        id=mint(),
        store=settings.store,
        at_ms=at_ms,
        business_date=business_day(settings, at_ms),
        device=device_time(db, clocks.machine),
        series="",
        reason="first",
    )


class Epochs:
    """Keeps the witness and opens new epochs for one enrolled agent."""

    def __init__(
        self,
        database: Database,
        clocks: Clocks,
        mint: Callable[[], UUID],
        *,
        doorbell: Doorbell,
        witness_path: Path,
        machine: Machine | None = None,
    ) -> None:
        self._database = database
        self._clocks = clocks
        self._mint = mint
        self._doorbell = doorbell
        self._path = witness_path
        self._machine = machine or witness.this_machine()
        self._written: witness.Witness | None = None

    async def check_at_start(self) -> EpochReason | None:
        """Ask the witness, before anything is sold, whether this database simply went on; open an epoch if not."""
        seen = witness.read(self._path)
        # Also on a full disk: the agent starts, drains its backlog, and sells again when there is room.
        reason = await self._database.run(lambda db: self._judged(db, seen), makes_room=True)
        if reason is not None:
            _log.error("this database is not the one last used here: new epoch", reason=reason)
            reached("epoch.opened")
            self._doorbell.ring()
        await self.write_witness()
        return reason

    def _judged(self, db: sqlite3.Connection, seen: witness.Witness | None) -> EpochReason | None:
        nothing_numbered = outbox.position(db).last_seq == 0
        if nothing_numbered and (seen is None or seen.seq == 0):
            return None
        reason = witness.judge(db, seen, self._machine)
        if reason is None:
            return None
        wall_ms = self._clocks.machine.wall_ms()
        if seen is not None:
            witness.note_lost(db, seen, wall_ms)
        if nothing_numbered:
            # The first event waits for HQ's settings, and will carry this reason.
            outbox.replace_epoch(db, self._mint(), reason=reason, wall_ms=wall_ms)
        else:
            self._open(db, reason)
        return reason

    async def take_fork(self, incarnation: UUID, epoch: UUID) -> Position | None:
        """Open a new epoch on HQ's Fork; None when it speaks of an epoch that is over already (a repeat)."""
        position = await self._database.run(lambda db: self._take_fork(db, incarnation, epoch), makes_room=True)
        if position is not None:
            reached("epoch.opened")
            _log.error("new epoch", reason="forked")
            self._doorbell.ring()
            await self.write_witness()
        return position

    def _take_fork(self, db: sqlite3.Connection, incarnation: UUID, epoch: UUID) -> Position | None:
        at = outbox.position(db)
        if epoch != at.epoch:
            return None
        renewed = at.incarnation is not None and incarnation != at.incarnation
        db.execute("UPDATE agent SET incarnation = ?", (incarnation.bytes,))
        if not renewed:
            return self._open(db, "forked")
        # A restored HQ may lack what the one before had acked.
        outbox.rewind(db, 0)
        gone = [*retention.pruned_before(db), Pruned(at.epoch, _last_gone(at))]
        self._open(db, "forked", resend_acked=True)
        self._declare_gaps(db, [(one.epoch, 1, one.last) for one in gone])
        return outbox.position(db)

    async def take_ack(
        self, incarnation: UUID, epoch: UUID, seq: int, head: bytes = b"", *, proof: bytes = b""
    ) -> AckOutcome:
        """Apply HQ's ack and do what it asks for: a new epoch when HQ and this disk no longer agree."""
        outcome = await self._database.run(
            lambda db: self._take_ack(db, incarnation, epoch, seq, head, proof=proof), makes_room=True
        )
        reached("ack.applied")
        if outcome in {AckOutcome.FORKED, AckOutcome.HQ_LOST}:
            reached("epoch.opened")
            _log.error("new epoch", reason=outcome.value)
            await self.write_witness()
        if outcome in {AckOutcome.FORKED, AckOutcome.HQ_LOST, AckOutcome.REWOUND}:
            self._doorbell.ring()
        return outcome

    def _take_ack(
        self, db: sqlite3.Connection, incarnation: UUID, epoch: UUID, seq: int, head: bytes, *, proof: bytes
    ) -> AckOutcome:
        before = outbox.position(db)
        outcome = outbox.apply_ack(db, incarnation, epoch, seq, head, proof=proof)
        if outcome is AckOutcome.FORKED:
            self._take_fork(db, incarnation, epoch)
        elif outcome is AckOutcome.HQ_LOST:
            # How far HQ has earlier epochs it did not say: of what is gone there it may lack any.
            gaps = [(one.epoch, 1, one.last) for one in retention.pruned_before(db)]
            self._open(db, "hq_restored", resend_acked=True)
            self._declare_gaps(db, [*gaps, (before.epoch, seq + 1, _last_gone(before))])
        return outcome

    def _declare_gaps(self, db: sqlite3.Connection, gaps: Iterable[tuple[UUID, int, int]]) -> None:
        """Tell HQ which numbers, as (epoch, first, last), this disk can no longer supply."""
        settings = _settings(db)
        at_ms = self._clocks.business.now_ms()
        for epoch, first, last in gaps:
            if first <= last:
                gap = GapDeclared(
                    id=self._mint(),
                    store=settings.store,
                    at_ms=at_ms,
                    business_date=business_day(settings, at_ms),
                    device=device_time(db, self._clocks.machine),
                    epoch=epoch,
                    first=first,
                    last=last,
                    reason="pruned",
                )
                outbox.append(db, gap, self._clocks.machine.wall_ms())

    def _open(self, db: sqlite3.Connection, reason: EpochReason, *, resend_acked: bool = False) -> Position:
        settings = _settings(db)
        wall_ms = self._clocks.machine.wall_ms()
        opened = _epoch_opened(db, settings, self._clocks, self._mint, reason=reason)
        outbox.open_epoch(db, self._mint(), opened, wall_ms, resend_acked=resend_acked)
        if reason != "hq_restored":
            # HQ's own restore does not touch the numbers on our paper; every other reason may have used them twice.
            series_reason: SeriesReason = "restored"
            receipts.open_series(
                db,
                receipts.tills_with_series(db),
                series_reason,
                lambda _till: _series_opened(db, settings, self._clocks, self._mint),
                wall_ms,
            )
            baskets.renew_ids(db, self._mint)
        return outbox.position(db)

    async def write_witness(self) -> None:
        """Write the witness if the outbox has moved since. Called after commits, so it never leads the database."""
        now = await self._database.read(lambda db: witness.of(db, self._machine))
        if now == self._written:
            return
        try:
            await asyncio.to_thread(witness.write, self._path, now)
        except OSError as error:
            # It lags, as it may; the database is what counts.
            _log.warning("the witness cannot be written", path=str(self._path), error=str(error))
        else:
            self._written = now

    async def keep_witness(self) -> None:
        """Write the witness once a second while the outbox moves, and once more when cancelled. A task of the agent."""
        try:
            while True:
                await asyncio.sleep(_WITNESS_EVERY_S)
                await self.write_witness()
        finally:
            await self.write_witness()


def _last_gone(at: Position) -> int:
    """Return the last number of the epoch that was pruned; the row after it is kept for its head and can be resent."""
    return at.oldest_seq - 2


def _settings(db: sqlite3.Connection) -> StoreSettings:
    settings = store_settings(db)
    if settings is None:
        raise NotEnrolled("this agent does not know its store yet: enrol it first")
    return settings
