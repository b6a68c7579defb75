"""Many light agents in one process: `python -m benchmarks.rig.swarm FOLDER [https]`, a subfolder an agent's identity.

Each has a real MQTT session with its own certificate, or waits for HQ by HTTPS as where MQTT is blocked. It says hello,
proves HQ's signature on every desired state and reports the version it names; it keeps no disk. Says `ready` once each
has reported, then a line of JSON for each time all of them have heard of something new: `{"what": ..., "at": [seconds,
...]}`, by this machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import random
import resource
import ssl
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from benchmarks.rig.disks import CLOCKS, mint
from benchmarks.rig.figures import now
from benchmarks.rig.fleet import agents_in
from edge_agent.hq import identity
from edge_agent.hq.envelope import Envelope
from edge_agent.hq.https import HqApi, HttpsConnector
from edge_agent.hq.identity import Identity
from edge_agent.hq.link import Connector, Link, LinkLost
from edge_agent.hq.mqtt import MqttConnector
from edge_agent.hq.tls import client_context
from shared.hashchain import GENESIS
from shared.pricing import ENGINE_LEVEL
from shared.signing import open_desired
from shared.wire.desired import DesiredState, Manifest
from shared.wire.messages import Ack, Desired, Gone, Hello, Reported, State, TillReport

_AT_ONCE = 40
_HEARTBEAT_SECONDS = 20.0
_manifest = msgspec.json.Decoder(Manifest)


class Board:
    """Who has heard of what, and when."""

    def __init__(self, agents: int) -> None:
        self._agents = agents
        self._heard: dict[str, list[float]] = defaultdict(list)

    def heard(self, what: str) -> None:
        """Note that one more agent has heard of it."""
        times = self._heard[what]
        times.append(now())
        if len(times) == self._agents:
            print(msgspec.json.encode({"what": what, "at": times}).decode(), flush=True)


class LightAgent:
    """One agent without a disk."""

    def __init__(self, who: Identity, board: Board, wire: str = "mqtt") -> None:
        self._wire = wire
        self._who = who
        self._board = board
        self._envelope = Envelope(who.agent, mint(), CLOCKS, mint)
        self._epoch: UUID = mint()
        self._reported = Reported(software="benchmark", engine=ENGINE_LEVEL)

    async def run(self, gate: asyncio.Semaphore) -> None:
        """Connect, say hello, follow HQ until cancelled; connect anew when the link is lost, as agents do."""
        while True:
            try:
                await self._follow_hq(gate)
            except* LinkLost as lost:
                print(f"{self._who.agent}: {lost.exceptions[0]}", file=sys.stderr, flush=True)
                await asyncio.sleep(random.random())

    async def _follow_hq(self, gate: asyncio.Semaphore) -> None:
        who = self._who
        await gate.acquire()
        async with (
            self._connector() as connector,
            connector.connect(self._envelope.connection, Gone(**self._envelope.fields())) as link,
        ):
            gate.release()
            await link.send(
                Hello(
                    **self._envelope.fields(self._epoch),
                    last_seq=0,
                    last_head=GENESIS,
                    reported=self._reported,
                )
            )
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._beat(link))
                async for message in link.messages():
                    if isinstance(message, Desired):
                        await self._follow(link, open_desired(message.desired, who.enrolment.signing_keys))
                    elif isinstance(message, Ack) and message.seq:
                        self._board.heard(f"ack {message.seq}")

    @asynccontextmanager
    async def _connector(self) -> AsyncIterator[Connector]:
        who = self._who
        if self._wire == "https":
            async with HqApi(lambda: who, _shared_context(who), CLOCKS.machine, step_seconds=60.0) as api:
                yield HttpsConnector(api)
        else:
            tls = partial(client_context, who.enrolment.ca, certificate=who.certificate_path, key=who.key_path)
            yield MqttConnector(who.agent, lambda: who.enrolment.brokers, tls, step_seconds=60.0)

    async def _follow(self, link: Link, desired: DesiredState) -> None:
        if desired.serial <= self._reported.desired_serial:
            return
        newest = desired.timeline[-1]
        bodies = _manifest.decode(bytes(newest.manifest)).bodies
        self._reported = Reported(
            software="benchmark",
            engine=ENGINE_LEVEL,
            desired_serial=desired.serial,
            tills=[TillReport(till="t1", version=newest.version)],
            body_hashes={f"{body.kind}/{body.scope}": body.hash for body in bodies},
        )
        self._board.heard(f"version {newest.version}")
        await link.send(State(**self._envelope.fields(self._epoch), reported=self._reported))

    async def _beat(self, link: Link) -> None:
        await asyncio.sleep(_HEARTBEAT_SECONDS * random.random())
        while True:
            await link.send(State(**self._envelope.fields(self._epoch)))
            await asyncio.sleep(_HEARTBEAT_SECONDS)


_contexts: dict[str, ssl.SSLContext] = {}


def _shared_context(who: Identity) -> Callable[[], ssl.SSLContext]:
    """Return one TLS context for all agents: to make each costs more than its connection."""
    return lambda: _contexts.get("one") or _contexts.setdefault("one", client_context(who.enrolment.ca))


async def main(who: Sequence[Identity], wire: str) -> None:
    """Run all of them until the standard input ends."""
    board, gate = Board(len(who)), asyncio.Semaphore(_AT_ONCE)
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(LightAgent(one, board, wire).run(gate)) for one in who]
        await loop.run_in_executor(None, sys.stdin.read)
        for task in running:
            task.cancel()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main([identity.load(state) for state in agents_in(Path(sys.argv[1]))], (*sys.argv[2:], "mqtt")[0]))
