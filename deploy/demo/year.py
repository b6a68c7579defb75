"""The year: each week's prices are published while the week before trades, staged everywhere, then switched."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from deploy.demo import catalogue, members, schedule
from deploy.demo.baskets import TillBasket, till_basket
from deploy.demo.chain import Chain, store_id
from deploy.demo.dataset import Dataset
from deploy.demo.options import Options
from deploy.demo.patience import until
from deploy.demo.progress import Progress
from deploy.demo.trade import Pace, StoreTrade, Tally
from deploy.demo.trouble import Trouble
from deploy.demo.watching import is_settled
from deploy.demo.weekly_prices import Changes, weekly_changes

_STAGED_SECONDS = 300.0
_STAGED_SECONDS_A_STORE = 5.0
"""A first price book is 20 MB of an agent's disk, and all agents write to this one."""
_DRAINED_SECONDS = 1800.0


class Year:
    """One run of the year on a chain that is up."""

    def __init__(
        self, options: Options, dataset: Dataset, chain: Chain, *, tally: Tally, progress: Progress, trouble: Trouble
    ) -> None:
        self._options = options
        self._dataset = dataset
        self._chain = chain
        self._board = progress.board
        self._trouble = trouble
        self._tally = tally
        self._pace = Pace(options.speed)
        self._changes: dict[int, Changes] = dict(weekly_changes(dataset))
        self._weeks = sorted(self._changes)
        self._baskets = _by_week_and_store(dataset, options.seed)

    async def run(self) -> None:
        """Trade every week."""
        households = {basket.household for basket in self._dataset.rung}
        early, late = members.split_by_registration(households, self._options.seed)
        self._board.doing = "registering members"
        await self._chain.hq.import_members(early)
        self._board.doing = "publishing first prices"
        version = await self._publish(self._weeks[0])
        for week, after in zip(self._weeks, [*self._weeks[1:], None], strict=True):
            await self._switch(week, version)
            if week == schedule.halfway(self._weeks):
                await self._chain.hq.import_members(late)
            self._board.doing = "trading"
            async with asyncio.TaskGroup() as group:
                publication = group.create_task(self._publish(after)) if after else None
                for store in self._dataset.stores:
                    group.create_task(self._trade(week, store, group), name=f"trade {store} {week}")
            if publication is not None:
                version = publication.result()
        self._chain.cloud.set_clock(schedule.week_starts_ms(self._weeks[-1] + 1))

    async def drain(self) -> None:
        """Wait until HQ has everything, has audited it, and nothing is left open."""
        self._board.doing = "draining"
        await until(self._is_drained, "every agent's backlog and HQ's audit to be done", seconds=_DRAINED_SECONDS)

    async def _publish(self, week: int) -> int:
        first = week == self._weeks[0]
        products = {product for _, product in self._changes[week]}
        if first:
            products = {product for changes in self._changes.values() for _, product in changes}
        return await self._chain.hq.publish(
            f"Week {week}",
            items=catalogue.catalogue(self._dataset, products) if first else [],
            prices={(store_id(store), product): quote for (store, product), quote in self._changes[week].items()},
            activates_local=schedule.week_starts_local(week),
        )

    async def _switch(self, week: int, version: int) -> None:
        """Move business time to a week once every agent holds its prices; they take over at that moment."""
        self._board.doing = f"waiting for price book {version}"
        await until(
            lambda: self._has_version(version),
            f"all agents to hold price book {version}",
            seconds=_STAGED_SECONDS + _STAGED_SECONDS_A_STORE * len(self._dataset.stores),
        )
        at_ms = schedule.week_starts_ms(week)
        self._chain.cloud.set_clock(at_ms)
        for agent in self._chain.agents.values():
            await agent.tell({"do": "clock", "ms": at_ms})
        self._board.week = week
        first = [baskets[0].at_ms for store in self._dataset.stores if (baskets := self._baskets[week, store])]
        self._pace.skip_to(min(first, default=at_ms))

    async def _has_version(self, version: int) -> bool:
        fleet = await self._chain.hq.agents()
        held = [agent for agent in fleet if agent["reported"] and _holds(agent["reported"], version)]
        return len(held) == len(self._chain.agents)

    async def _is_drained(self) -> bool:
        for agent in self._chain.agents.values():
            if (await agent.tell({"do": "status"})).get("backlog"):
                return False
        return await asyncio.to_thread(is_settled, self._chain.cloud.database_url)

    async def _trade(self, week: int, store: int, group: asyncio.TaskGroup) -> None:
        async def rung() -> None:
            await self._trouble.look(self._tally.total, group)
            self._board.harms = len(self._trouble.done)

        name = store_id(store)
        trade = StoreTrade(
            self._chain.agents[name], self._options.tills, self._options.seed, self._tally, self._pace, rung
        )
        await trade.ring_all(self._baskets[week, store])


def _holds(reported: Mapping[str, object], version: int) -> bool:
    """Tell whether an agent has a version staged or in force at every till."""
    staged, tills = reported.get("staged", []), reported.get("tills", [])
    in_force = isinstance(tills, list) and tills and all(till["version"] >= version for till in tills)
    return bool(in_force) or (isinstance(staged, list) and version in staged)


def _by_week_and_store(dataset: Dataset, seed: int) -> dict[tuple[int, int], list[TillBasket]]:
    found: dict[tuple[int, int], list[TillBasket]] = defaultdict(list)
    for basket in dataset.rung:
        if (ready := till_basket(basket, dataset, seed)) is not None:
            found[basket.week, basket.store].append(ready)
    return found
