"""Several whole agents in one process: `python -m benchmarks.rig.fleet FOLDER`, one subfolder an agent's state.

Says `ready`, waits for a line, then lets the agents talk to HQ over MQTT until HQ has acked everything on every disk,
and says how long that took and how many acks it was told, as JSON. Ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import structlog

from benchmarks.rig.figures import now
from edge_agent.agent import Agent, Badge, Outside
from edge_agent.clock import Clocks, SystemBusinessClock, SystemMachineClock
from edge_agent.configuration import load
from edge_agent.disk.database import Database
from edge_agent.hq import identity
from edge_agent.hq.identity import Identity
from edge_agent.hq.mqtt import MqttConnector
from edge_agent.hq.tls import client_context
from edge_agent.prices.keeper import BodyUnreachable
from edge_agent.record import outbox

_BALLAST_BYTES = 4096
_LOOK_SECONDS = 0.02


@dataclass(slots=True)
class FleetAgent:
    """One agent of the fleet and its disk."""

    agent: Agent
    database: Database
    batches: int = 0
    """Batches sent, those sent again included."""

    def count_batches(self) -> None:
        """Count from now on."""
        window = self.agent._sender._window  # noqa: SLF001 - where every batch is noted
        sent = window.sent

        def counted(*arguments: Any) -> None:
            self.batches += 1
            sent(*arguments)

        window.sent = counted  # type: ignore[method-assign, assignment]


class NoBodies:
    """Price books are not what is measured: bodies cannot be had."""

    async def fetch(self, name: str, into: Path) -> None:
        """Refuse."""
        raise BodyUnreachable(f"no bodies in this benchmark: {name} into {into}")

    async def picture(self, name: str) -> bytes:
        """Refuse."""
        raise BodyUnreachable(f"no pictures in this benchmark: {name}")


@asynccontextmanager
async def opened(state_dir: Path) -> AsyncIterator[FleetAgent]:
    """Open one agent's disk and build the agent, which reaches HQ by MQTT and TLS."""
    who = identity.load(state_dir)
    settings = load(state_dir, link="mqtt")
    tls = partial(client_context, who.enrolment.ca, certificate=who.certificate_path, key=who.key_path)
    connector = MqttConnector(who.agent, lambda: who.enrolment.brokers, tls, step_seconds=settings.step_seconds)
    clocks = Clocks(SystemBusinessClock(), SystemMachineClock())
    async with Database.opened(settings.database_path, ballast_bytes=_BALLAST_BYTES) as database:
        yield FleetAgent(
            Agent(settings, Badge(who), database, clocks, Outside([connector], NoBodies(), _never, _no_pages)), database
        )


async def _never(who: Identity) -> Identity:
    raise RuntimeError(f"no renewal is due for {who.agent}")


async def _no_pages(_csr: str) -> NoReturn:
    raise RuntimeError("the fleet opens no door to a store's network")


async def until_drained(fleet: list[FleetAgent]) -> None:
    """Return when no agent has a backlog any more: looked at on the disk, one agent after the other."""
    for one in fleet:
        while (await one.database.read(outbox.backlog)).count:  # noqa: ASYNC110 - what counts is what the disk says
            await asyncio.sleep(_LOOK_SECONDS)


def agents_in(folder: Path) -> list[Path]:
    """Return the state directories of enrolled agents in a folder."""
    return sorted(path for path in folder.iterdir() if (path / "identity").is_dir())


async def main(states: list[Path]) -> None:
    """Open the agents, wait for the word, drain, report, wait for the end."""
    async with AsyncExitStack() as stack:
        fleet = [await stack.enter_async_context(opened(state)) for state in states]
        for one in fleet:
            one.count_batches()
        loop = asyncio.get_running_loop()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await loop.run_in_executor(None, sys.stdin.readline)
        began = now()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one.agent.run()) for one in fleet]
            await until_drained(fleet)
            answer = {"seconds": now() - began, "agents": len(fleet), "batches_sent": sum(one.batches for one in fleet)}
            sys.stdout.write(msgspec.json.encode(answer).decode() + "\n")
            sys.stdout.flush()
            await loop.run_in_executor(None, sys.stdin.read)
            for task in running:
                task.cancel()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(agents_in(Path(sys.argv[1]))))
