"""The sender: drives the window over the outbox and a live link until the link is lost."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from edge_agent.disk.agent_row import trusted_now
from edge_agent.disk.database import Database
from edge_agent.failpoints import reached
from edge_agent.hq.envelope import Envelope
from edge_agent.hq.link import Link, LinkLost
from edge_agent.hq.send_window import Limits, Rest, SayHello, SendAfter, SendWindow
from edge_agent.record import outbox
from edge_agent.record.epoch import Epochs
from edge_agent.record.outbox import AckOutcome, Batchful, Doorbell, Position
from shared.clock import MachineClock
from shared.codec import CodecError
from shared.wire.messages import Ack, Batch, Fork, Hello, Reject, Reported, State

_STALLED_SECONDS = 90.0
_log = structlog.get_logger(__name__)


class Sender:
    """Sends what HQ does not have yet. Outlives connections: only the outbox and HQ's acks say where it stands."""

    def __init__(
        self,
        database: Database,
        doorbell: Doorbell,
        clock: MachineClock,
        *,
        random: Callable[[], float],
        epochs: Epochs,
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._doorbell = doorbell
        self._clock = clock
        self._epochs = epochs
        self._window = SendWindow(random, limits)
        self._wake = asyncio.Event()
        self.unsendable: int | None = None
        """Number of an event that HQ cannot open although it came alone; None when there is none."""

    async def run(self, link: Link, envelope: Envelope, reported: Callable[[], Awaitable[Reported]]) -> None:
        """Say hello, then send for as long as the link lives. Raise LinkLost when HQ acks nothing any more."""
        self._window.connected(self._clock.monotonic())
        async with asyncio.TaskGroup() as tasks:
            bell = tasks.create_task(self._listen(), name="outbox doorbell")
            try:
                while True:
                    await self._step(link, envelope, reported)
            finally:
                bell.cancel()

    async def state(self, envelope: Envelope, reported: Reported | None = None) -> State:
        """Return a heartbeat: where the outbox stands, and what it runs if that is news; wake a resting sender."""
        at, now_ms = await self._database.read(lambda db: (outbox.position(db), trusted_now(db, self._clock)))
        if at.last_seq > self._window.sent_up_to:
            # Nobody rang for it, or before it was there: a transaction outlives the caller who was cancelled.
            self._window.grown()
            self._wake.set()
        return State(
            **envelope.fields(at.epoch),
            acked_seq=at.acked_seq,
            incarnation=at.incarnation,
            acked_head=at.acked_head,
            acked_proof=at.acked_proof,
            reported=reported,
            drained_ms=now_ms if at.acked_seq == at.last_seq else None,
        )

    async def on_ack(self, ack: Ack) -> None:
        """Apply an ack to the outbox, then to the window."""
        epoch = ack.epoch
        if epoch is None:
            return
        before = await self._database.read(outbox.position)
        outcome = await self._epochs.take_ack(ack.incarnation, epoch, ack.seq, ack.head, proof=ack.proof)
        # A restored HQ knows neither what this agent runs nor that it should: hello tells it, and is answered in full.
        restored = before.incarnation not in {None, ack.incarnation} and epoch == before.epoch
        if restored or outcome in {AckOutcome.FORKED, AckOutcome.HQ_LOST}:
            self._greet_again()
            return
        position = await self._database.read(outbox.position)
        if epoch == position.epoch:
            self._window.heard_ack(self._clock.monotonic(), position.acked_seq)
            self.unsendable = None
        self._wake.set()

    async def on_reject(self, reject: Reject) -> None:
        """Send a batch that HQ could not open as single events."""
        _log.warning("batch_rejected", first=reject.first, reason=reject.reason)
        if not self._window.rejected(self._clock.monotonic(), reject.first):
            self.unsendable = reject.first
        self._wake.set()

    async def on_fork(self, fork: Fork) -> None:
        """Open a new epoch if the fork is about the present one; a repeated answer is about an old one."""
        if fork.epoch is not None and await self._epochs.take_fork(fork.incarnation, fork.epoch):
            self._greet_again()

    def _greet_again(self) -> None:
        """Say hello for the new epoch before anything of it is sent."""
        self._window.connected(self._clock.monotonic())
        self._wake.set()

    async def _listen(self) -> None:
        while True:
            await self._doorbell.wait()
            self._window.grown()
            self._wake.set()

    async def _step(self, link: Link, envelope: Envelope, reported: Callable[[], Awaitable[Reported]]) -> None:
        now = self._clock.monotonic()
        if self._window.silent_for(now) > _STALLED_SECONDS:
            raise LinkLost(f"HQ has acked nothing for {_STALLED_SECONDS:.0f} s")
        self._wake.clear()
        step = self._window.step(now)
        match step:
            case SayHello():
                await self._say_hello(link, envelope, await reported())
            case SendAfter():
                await self._send(link, envelope, step)
            case Rest(until):
                await self._rest(None if until is None else until - now)

    async def _say_hello(self, link: Link, envelope: Envelope, reported: Reported) -> None:
        at = await self._database.read(outbox.position)
        self._window.hello_sent(self._clock.monotonic())
        await link.send(
            Hello(
                **envelope.fields(at.epoch),
                last_seq=at.last_seq,
                last_head=at.head,
                oldest_seq=at.oldest_seq,
                acked_seq=at.acked_seq,
                incarnation=at.incarnation,
                acked_head=at.acked_head,
                acked_proof=at.acked_proof,
                reported=reported,
            )
        )

    async def _send(self, link: Link, envelope: Envelope, step: SendAfter) -> None:
        def take(db: sqlite3.Connection) -> tuple[Position, Batchful | None]:
            return outbox.position(db), outbox.take(db, step.seq, step.max_events, step.max_bytes)

        at, content = await self._database.read(take)
        if content is None:
            self._window.drained(step.turn)
            return
        size = sum(len(event) for event in content.events)
        self._window.sent(self._clock.monotonic(), step.turn, content.first, len(content.events), size)
        batch = Batch(
            **envelope.fields(at.epoch),
            first=content.first,
            previous=content.previous,
            events=[msgspec.Raw(event) for event in content.events],
        )
        reached("batch.before_send")
        try:
            await link.send(batch)
        except CodecError as error:
            _log.error("batch_too_large", first=content.first, events=len(content.events), reason=str(error))
            if not self._window.rejected(self._clock.monotonic(), content.first):
                self.unsendable = content.first
        reached("batch.sent")

    async def _rest(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(_STALLED_SECONDS if seconds is None else max(seconds, 0.0)):
                await self._wake.wait()
        except TimeoutError:
            pass
