"""Setting the chain up: head office served, stores and tills known, every store's agent enrolled and running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from deploy.demo import schedule
from deploy.demo.agents import StoreAgent, enrol, heartbeat_seconds
from deploy.demo.cloud import Cloud, command
from deploy.demo.dataset import Dataset
from deploy.demo.folder import RunFolder
from deploy.demo.hq import Hq
from deploy.demo.options import Options
from deploy.demo.ports import free_ports
from deploy.demo.processes import Processes
from deploy.demo.progress import Progress

_AT_ONCE = 2
"""How many agents enrol at the same time: each is a process of its own."""
_STORES_WITH_PAGES = 5
"""How many of the stores serve their tills' pages: enough to look at, and few enough for one machine."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The running chain. Agents by store id."""

    cloud: Cloud
    hq: Hq
    agents: Mapping[str, StoreAgent]


def store_id(store: int) -> str:
    """Return a source store's id in the product."""
    return f"s{store}"


@asynccontextmanager
async def running_chain(
    options: Options, folder: RunFolder, dataset: Dataset, processes: Processes, progress: Progress
) -> AsyncIterator[Chain]:
    """Start everything for the chosen stores; the processes' own block ends it."""
    start_ms = schedule.week_starts_ms(dataset.baskets[0].week)
    progress.board.doing = "starting head office"
    cloud = Cloud(processes, folder, options.database)
    await cloud.start(start_ms)
    async with Hq(cloud.console_url, await cloud.token()) as hq:
        await hq.set_rules()
        progress.board.doing = "adding stores"
        for store in dataset.stores:
            await hq.add_store(store_id(store), store, options.tills)
        progress.board.doing = "enrolling agents"
        gate = asyncio.Semaphore(_AT_ONCE)
        pages = dict(zip(map(store_id, dataset.stores), free_ports(_STORES_WITH_PAGES), strict=False))

        async def start_agent(store: str) -> StoreAgent:
            async with gate:
                return await enrol(
                    processes,
                    folder,
                    store,
                    command=command("storewire-edge"),
                    api_url=cloud.api_url,
                    code=await hq.claim(store),
                    start_ms=start_ms,
                    web_port=pages.get(store),
                    heartbeat=heartbeat_seconds(len(dataset.stores)),
                )

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(start_agent(store_id(store))) for store in dataset.stores]
        agents = {task.result().store: task.result() for task in tasks}
        try:
            yield Chain(cloud, hq, agents)
        finally:
            for agent in agents.values():
                await agent.bench.aclose()
