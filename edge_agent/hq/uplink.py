"""The talk with HQ: connect, say hello, send, hear, prove the link alive; when it dies, begin again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from edge_agent.clock import Clocks
from edge_agent.hq.downlink import Downlink
from edge_agent.hq.envelope import Envelope
from edge_agent.hq.hq_time import HqTime
from edge_agent.hq.link import GOODBYE_SECONDS, Connector, Link, LinkChoice, LinkLost, LinkRefused, Pauses
from edge_agent.hq.questions import Questions
from edge_agent.hq.sender import Sender
from shared.wire.messages import Gone, Reported

_GATHER_SECONDS = 0.2
"""Changes that come together are reported together."""
_log = structlog.get_logger(__name__)


class Uplink:
    """Keeps one connection to HQ for as long as the agent runs. Nothing at a till waits for it."""

    def __init__(
        self,
        agent: str,
        choice: LinkChoice,
        clocks: Clocks,
        mint: Callable[[], UUID],
        *,
        sender: Sender,
        downlink: Downlink,
        questions: Questions,
        hq_time: HqTime,
        reported: Callable[[], Awaitable[Reported]],
        random: Callable[[], float],
        heartbeat_seconds: float,
        step_seconds: float,
    ) -> None:
        self.connected_by: str | None = None
        self.heard_wall_ms: int | None = None
        self._agent = agent
        self._choice = choice
        self._sender = sender
        self._downlink = downlink
        self._questions = questions
        self._hq_time = hq_time
        self._clocks = clocks
        self._mint = mint
        self._reported = reported
        self._pauses = Pauses(random)
        self._heartbeat_seconds = heartbeat_seconds
        self._silence_seconds = 2 * heartbeat_seconds + step_seconds
        self._report = asyncio.Event()
        self._renew = asyncio.Event()
        self._heard_at: float | None = None
        self._told_since_beat = False

    def report(self) -> None:
        """Tell HQ soon what this agent runs: it changed."""
        self._report.set()

    def reconnect(self) -> None:
        """Connect anew: this agent has another certificate."""
        self._renew.set()

    async def run(self) -> None:
        """Talk for ever."""
        complaint = ""
        while True:
            started = self._clocks.machine.monotonic()
            connector = self._choice.next(started)
            self._heard_at = None
            try:
                await self._session(connector)
            except* LinkLost as group:
                now_complaint = _words(group)
                if now_complaint != complaint:
                    _log.warning("link_lost", by=connector.name, reason=now_complaint)
                complaint = now_complaint
            if self._heard_at is not None:
                complaint = ""
            self._choice.tried(connector, heard_hq=self._heard_at is not None)
            lasted = self._clocks.machine.monotonic() - started if self._heard_at is not None else 0.0
            await asyncio.sleep(self._pauses.after(lasted))

    async def _session(self, connector: Connector) -> None:
        envelope = Envelope(self._agent, self._mint(), self._clocks, self._mint)
        async with connector.connect(envelope.connection, Gone(**envelope.fields())) as link:
            self._report.clear()
            self._renew.clear()
            self._questions.attach(link, envelope)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._sender.run(link, envelope, self._reported), name="sender")
                    tasks.create_task(self._hear(link), name="downlink")
                    tasks.create_task(self._beat(link, envelope), name="heartbeat")
                    tasks.create_task(self._tell(link, envelope), name="report")
                    tasks.create_task(self._watch(connector), name="link watch")
            finally:
                self.connected_by = None
                self._questions.detach()
                await _say_goodbye(link, envelope)

    async def _hear(self, link: Link) -> None:
        async for message in link.messages():
            if self._heard_at is None:
                _log.info("link_up", by=link.name)
            self.connected_by = link.name
            self._heard_at = self._clocks.machine.monotonic()
            self.heard_wall_ms = self._clocks.machine.wall_ms()
            await self._downlink.take(message)

    async def _beat(self, link: Link, envelope: Envelope) -> None:
        """Say that we live. HQ answers each with an ack; its silence is noticed even when there is nothing to send.

        A report may be lost on its way and nobody acknowledges one, so the next heartbeat says it once more.

        Only after HQ was heard: the ack of a heartbeat would pass for the answer to a hello that was lost.
        """
        while True:
            await asyncio.sleep(self._heartbeat_seconds)
            if self._heard_at is None:
                continue
            self._hq_time.asked()
            again, self._told_since_beat = self._told_since_beat, False
            await link.send(await self._sender.state(envelope, await self._reported() if again else None))

    async def _tell(self, link: Link, envelope: Envelope) -> None:
        told: Reported | None = None
        while True:
            await self._report.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            self._report.clear()
            reported = await self._reported()
            if reported != told:
                told = reported
                await link.send(await self._sender.state(envelope, reported))
                self._told_since_beat = True

    async def _watch(self, connector: Connector) -> None:
        """End the connection when HQ has fallen silent, or when it is time to try the better way again."""
        began = self._clocks.machine.monotonic()
        while True:
            try:
                async with asyncio.timeout(self._silence_seconds / 4):
                    await self._renew.wait()
                raise LinkLost("connecting anew with a new certificate")
            except TimeoutError:
                pass
            now = self._clocks.machine.monotonic()
            heard = self._heard_at if self._heard_at is not None else began
            if now - heard > self._silence_seconds:
                raise LinkLost(f"HQ has been silent for {now - heard:.0f} s")
            if self._choice.is_time_to_return(connector, now):
                raise LinkLost("trying the first way to HQ again")


async def _say_goodbye(link: Link, envelope: Envelope) -> None:
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await link.send(Gone(**envelope.fields()))
    except (LinkLost, TimeoutError):
        return  # a broken link: the broker's will, or the age of the last heartbeat, says the same


def _words(group: BaseExceptionGroup[LinkLost]) -> str:
    first: BaseException = group
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    return f"refused: {first}" if isinstance(first, LinkRefused) else str(first)
