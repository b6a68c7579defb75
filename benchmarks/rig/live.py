"""Agents in one process that sell one sale at a time: `python -m benchmarks.rig.live FOLDER RATE SECONDS SALES`.

`SALES` is a file of events, one JSON object a line. Each sale is committed on its agent's disk by the functions the
till uses when it is paid; the clock stops when HQ's ack for it is committed on the same disk. Says `ready` once every
agent has heard HQ, waits for a line, sells at RATE sales a second over all agents, and answers one line of JSON: the
seconds from commit to ack of every sale.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
from collections import deque
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path

import msgspec
import structlog

from benchmarks.rig.disks import CLOCKS, mint
from benchmarks.rig.figures import now
from benchmarks.rig.fleet import FleetAgent, agents_in, opened, until_drained
from edge_agent.record import outbox, receipts
from shared.wire.events import SaleCompleted, decode_event
from shared.wire.messages import Ack

_PATIENCE_SECONDS = 20.0


class Seller:
    """One agent that sells, and remembers which of its sales HQ has not acked."""

    def __init__(self, one: FleetAgent, store: str, latencies: list[float]) -> None:
        self._one = one
        self._store = store
        self._latencies = latencies
        self._open: deque[tuple[int, float]] = deque()
        self._sender = one.agent._sender  # noqa: SLF001 - where an ack is applied to the disk
        self._doorbell = one.agent._doorbell  # noqa: SLF001
        self._apply = self._sender.on_ack
        self._sender.on_ack = self._on_ack  # type: ignore[method-assign]

    @property
    def waiting(self) -> int:
        """Sales that HQ has not acked."""
        return len(self._open)

    async def sell(self, sale: SaleCompleted) -> None:
        """Commit one sale and ring the sender's bell, as `Till.tender` does."""

        def pay(db: sqlite3.Connection) -> int:
            receipts.issue(
                db,
                "t1",
                lambda receipt: msgspec.structs.replace(sale, id=mint(), store=self._store, receipt=receipt),
                CLOCKS.machine.wall_ms(),
            )
            return outbox.position(db).last_seq

        seq = await self._one.database.run(pay)
        self._open.append((seq, now()))
        self._doorbell.ring()

    async def _on_ack(self, ack: Ack) -> None:
        await self._apply(ack)
        at = now()
        while self._open and self._open[0][0] <= ack.seq:
            self._latencies.append(at - self._open.popleft()[1])


async def sell_all(sellers: list[Seller], sales: list[SaleCompleted], rate: float, seconds: float) -> int:
    """Sell at random moments, `rate` a second on average, and return how many sales were started."""
    draw = random.Random(1)
    began, at, sold = now(), 0.0, 0
    goods = cycle(sales)
    async with asyncio.TaskGroup() as tasks:
        while at < seconds:
            await asyncio.sleep(max(0.0, began + at - now()))
            tasks.create_task(sellers[draw.randrange(len(sellers))].sell(next(goods)))
            at += draw.expovariate(rate)
            sold += 1
    return sold


async def main(states: list[Path], rate: float, seconds: float, sales: list[SaleCompleted]) -> None:
    """Open the agents, sell, report."""
    latencies: list[float] = []
    async with AsyncExitStack() as stack:
        fleet = [await stack.enter_async_context(opened(state)) for state in states]
        sellers = [
            Seller(one, state.name.removesuffix("-a"), latencies) for one, state in zip(fleet, states, strict=True)
        ]
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one.agent.run()) for one in fleet]
            await until_drained(fleet)
            await sell_all(sellers, sales, rate, 3.0)
            await until_drained(fleet)
            latencies.clear()
            print("ready", flush=True)
            await loop.run_in_executor(None, sys.stdin.readline)
            sold = await sell_all(sellers, sales, rate, seconds)
            ends = now() + _PATIENCE_SECONDS
            while len(latencies) < sold and now() < ends:  # noqa: ASYNC110 - acks come from HQ
                await asyncio.sleep(0.05)
            print(msgspec.json.encode({"sold": sold, "seconds": latencies}).decode(), flush=True)
            for task in running:
                task.cancel()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    read = [decode_event(line) for line in Path(sys.argv[4]).read_bytes().splitlines()]
    goods = [event for event in read if isinstance(event, SaleCompleted)]
    asyncio.run(main(agents_in(Path(sys.argv[1])), float(sys.argv[2]), float(sys.argv[3]), goods))
