"""The year: each week's prices are published while the week before trades, staged everywhere, then switched."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping

from deploy.demo import catalogue, coupon_rows, members, schedule
from deploy.demo.baskets import TillBasket, till_basket
from deploy.demo.campaigns import segment
from deploy.demo.chain import Chain, store_id
from deploy.demo.dataset import Dataset
from deploy.demo.options import Options
from deploy.demo.patience import until
from deploy.demo.progress import Progress
from deploy.demo.trade import Pace, StoreTrade, Tally
from deploy.demo.trouble import Trouble
from deploy.demo.watching import is_settled, stores_know_members
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
        self.chain = chain
        self.progress = progress
        self._board = progress.board
        self._trouble = trouble
        self._tally = tally
        self._pace = Pace(options.speed)
        self._changes: dict[int, Changes] = dict(weekly_changes(dataset))
        self._weeks = sorted(self._changes)
        self._baskets = _by_week_and_store(dataset, options.seed)
        # What holds nothing to sell is never rung: a board that counts it would seem to wait for it.
        self._board.baskets = sum(map(len, self._baskets.values()))
        self._products = {product for changes in self._changes.values() for _, product in changes}
        self._coupons: frozenset[str] = frozenset()

    @property
    def ends_ms(self) -> int:
        """The instant at which the last week is over, in business time."""
        return schedule.week_starts_ms(self._weeks[-1] + 1)

    async def run(self) -> None:
        """Trade every week."""
        households = {basket.household for basket in self._dataset.rung}
        mailed = self._dataset.campaigns.households
        early, late = members.split_by_registration(households, mailed, self._options.seed)
        self._board.doing = "registering members"
        await self.chain.hq.import_members(early)
        await self._mail_campaigns(set(early))
        self._board.doing = "publishing first prices"
        # Head office publishes no promotion to a till whose program it does not know yet.
        await until(self._all_have_reported, "all agents to say what they run", seconds=_STAGED_SECONDS)
        version = await self._publish(self._weeks[0])
        for week, after in zip(self._weeks, [*self._weeks[1:], None], strict=True):
            await self._switch(week, version)
            if week == self._weeks[0]:
                await self._introduce_members()
            if week == schedule.halfway(self._weeks):
                await self.chain.hq.import_members(late)
            self._board.doing = "trading"
            async with asyncio.TaskGroup() as group:
                publication = group.create_task(self._publish(after)) if after else None
                for store in self._dataset.stores:
                    group.create_task(self._trade(week, store, group), name=f"trade {store} {week}")
            if publication is not None:
                version = publication.result()
        self.chain.cloud.set_clock(self.ends_ms)

    async def drain(self) -> None:
        """Wait until HQ has everything, has audited it, and nothing is left open."""
        self._board.doing = "draining"
        await until(self._is_drained, "every agent's backlog and HQ's audit to be done", seconds=_DRAINED_SECONDS)

    async def _publish(self, week: int) -> int:
        first = week == self._weeks[0]
        on = {
            promotion: coupon
            for promotion, coupon in coupon_rows.on_in(week, self._dataset.campaigns.coupons).items()
            if coupon.products & self._products
        }
        promotions = coupon_rows.changes(self._coupons, on, self._products)
        self._coupons = frozenset(on)
        return await self.chain.hq.publish(
            f"Week {week}",
            items=catalogue.catalogue(self._dataset, self._products) if first else [],
            prices={(store_id(store), product): quote for (store, product), quote in self._changes[week].items()},
            promotions=promotions,
            activates_local=schedule.week_starts_local(week),
        )

    async def _mail_campaigns(self, known: set[int]) -> None:
        """Say whom each campaign was mailed to, before any store hears of anybody."""
        for campaign, households in sorted(self._dataset.campaigns.mailed.items()):
            if households & known:
                await self.chain.hq.group_members(segment(campaign), households & known)

    async def _introduce_members(self) -> None:
        """Let whoever will hand over a campaign's coupon show the card in that store once, and the store hear of them.

        What a till knows of a member who comes for the first time is a matter of seconds, and no price may be.
        """
        self._board.doing = "waiting for stores to know their members"
        baskets = [basket for found in self._baskets.values() for basket in found if basket.hands_over]
        for store, household in sorted({(basket.store, basket.household) for basket in baskets}):
            swipe = {"do": "swipe", "till": "t1", "card": members.card_number(household)}
            await self.chain.agents[store_id(store)].tell(swipe)
        await until(self._members_are_known, "every store to know its members", seconds=_STAGED_SECONDS)

    async def _members_are_known(self) -> bool:
        if await self._has_backlog():
            return False
        return await asyncio.to_thread(stores_know_members, self.chain.cloud.database_url)

    async def _switch(self, week: int, version: int) -> None:
        """Move business time to a week once every agent holds its prices; they take over at that moment."""
        self._board.doing = f"waiting for price book {version}"
        await until(
            lambda: self._has_version(version),
            f"all agents to hold price book {version}",
            seconds=_STAGED_SECONDS + _STAGED_SECONDS_A_STORE * len(self._dataset.stores),
        )
        at_ms = schedule.week_starts_ms(week)
        self.chain.cloud.set_clock(at_ms)
        for agent in self.chain.agents.values():
            await agent.tell({"do": "clock", "ms": at_ms})
        self._board.week = week
        first = [baskets[0].at_ms for store in self._dataset.stores if (baskets := self._baskets[week, store])]
        self._pace.skip_to(min(first, default=at_ms))

    async def _all_have_reported(self) -> bool:
        reported = [agent for agent in await self.chain.hq.agents() if agent["reported"]]
        return len(reported) == len(self.chain.agents)

    async def _has_version(self, version: int) -> bool:
        fleet = await self.chain.hq.agents()
        held = [agent for agent in fleet if agent["reported"] and _holds(agent["reported"], version)]
        return len(held) == len(self.chain.agents)

    async def _is_drained(self) -> bool:
        return not await self._has_backlog() and await asyncio.to_thread(is_settled, self.chain.cloud.database_url)

    async def _has_backlog(self) -> bool:
        for agent in self.chain.agents.values():
            if (await agent.tell({"do": "status"})).get("backlog"):
                return True
        return False

    async def _trade(self, week: int, store: int, group: asyncio.TaskGroup) -> None:
        async def rung() -> None:
            await self._trouble.look(self._tally.total, group)
            self._board.harms = len(self._trouble.done)

        name = store_id(store)
        trade = StoreTrade(
            self.chain.agents[name], self._options.tills, self._options.seed, self._tally, self._pace, rung
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
