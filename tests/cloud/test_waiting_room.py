"""Agents that wait by HTTPS: nobody is looked at while nothing changes, and a change reaches everybody at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import cast

import pytest

from cloud.api.waiting_room import WaitingRoom
from cloud.database import Database
from cloud.errors import Unavailable
from cloud.fleet import agents
from cloud.identity.refusals import Unproven
from cloud.ingest.exchange import Exchange
from cloud.ingest.roster import Roster
from cloud.org import stores
from shared.wire.messages import DownlinkMessage
from tests.cloud.test_roster import _chain
from tests.factories import DrivenMachineClock


class Composing:
    """Stands for the exchange: counts for whom it composed, and says what it is told to say."""

    def __init__(self) -> None:
        self.composed: list[str] = []
        self.news: set[str] = set()
        self.fails: dict[str, Exception] = {}
        self.meanwhile: Callable[[], object] = bool

    def unasked(self, agents: Sequence[str]) -> list[DownlinkMessage]:
        """Compose."""
        self.meanwhile()
        for agent in agents:
            if agent in self.fails:
                raise self.fails[agent]
        self.composed += agents
        found, self.news = self.news & set(agents), self.news - set(agents)
        return [cast("DownlinkMessage", SimpleNamespace(agent=agent)) for agent in sorted(found)]


async def _never() -> None:
    await asyncio.get_running_loop().create_future()


class House:
    """A room with two agents in it that wait."""

    def __init__(self, database: Database, clock: DrivenMachineClock) -> None:
        self.database, self.clock, self.exchange = database, clock, Composing()
        self.room = WaitingRoom(Roster(database, clock), cast("Exchange", self.exchange), clock)
        self.tills = 0
        self.room._looking = asyncio.current_task()  # the test looks itself
        self.polls = {agent: self.poll(agent) for agent in ("s1-a", "s2-a")}

    def poll(self, agent: str, wait_s: float = 30) -> asyncio.Task[list[DownlinkMessage]]:
        return asyncio.create_task(self.room.next(agent, wait_s, _never()))

    async def leave(self, agent: str) -> None:
        self.polls[agent].cancel()
        await asyncio.gather(self.polls[agent], return_exceptions=True)

    async def settle(self) -> None:
        await asyncio.sleep(0)
        for _ in range(4):
            await self.room.look()
            self.clock.advance(1_000)
        self.exchange.composed.clear()

    def change(self) -> None:
        self.tills += 1
        with self.database.session() as session:
            stores.add_till(session, "s1", f"t{self.tills}", number=self.tills, actor="test", now_ms=0)


@pytest.fixture
def chain(sqlite_database: Database, clock: DrivenMachineClock) -> Database:
    _chain(sqlite_database, clock)
    return sqlite_database


def test_nobody_is_composed_for_while_nothing_changes(chain: Database, clock: DrivenMachineClock) -> None:
    async def live() -> None:
        house = House(chain, clock)
        await asyncio.sleep(0)
        await house.room.look()
        assert sorted(house.exchange.composed) == ["s1-a", "s2-a"], "whoever comes is looked at once"
        await house.settle()
        for _ in range(40):
            clock.advance(1_000)
            await house.room.look()
        assert house.exchange.composed == [], "with each poll looking for itself it was 80 times"
        house.polls["s1-a"].cancel()
        again = house.poll("s1-a")
        await asyncio.sleep(0)
        await house.room.look()
        assert house.exchange.composed == [], "nor for one that asks again"
        again.cancel()

    asyncio.run(live())


def test_a_change_reaches_whoever_waits_and_who_asks_next(chain: Database, clock: DrivenMachineClock) -> None:
    async def live() -> None:
        house = House(chain, clock)
        await house.settle()
        house.polls["s2-a"].cancel()
        await asyncio.sleep(0)
        house.change()
        house.exchange.news = {"s1-a", "s2-a"}
        await house.room.look()
        assert [said.agent for said in await house.polls["s1-a"]] == ["s1-a"]
        assert house.exchange.composed == ["s1-a"]
        late = house.poll("s2-a")
        await asyncio.sleep(0)
        await house.room.look()
        assert [said.agent for said in await late] == ["s2-a"]

    asyncio.run(live())


def test_what_is_found_between_two_polls_is_said_to_the_next_and_not_when_it_is_old(
    chain: Database, clock: DrivenMachineClock
) -> None:
    async def live() -> None:
        house, loop = House(chain, clock), asyncio.get_running_loop()
        await house.settle()
        for later_ms, said in ((1_000, ["s1-a"]), (10_000, [])):
            house.change()
            house.exchange.news = {"s1-a"}
            house.exchange.meanwhile = lambda: asyncio.run_coroutine_threadsafe(house.leave("s1-a"), loop).result(5)
            await house.room.look()
            house.exchange.meanwhile = bool
            clock.advance(later_ms)
            assert [one.agent for one in await house.room.next("s1-a", 0.01, _never())] == said
            house.polls["s1-a"] = house.poll("s1-a")
            await house.settle()

    asyncio.run(live())


def test_p6_whoever_is_revoked_is_sent_away_from_its_poll_at_the_next_look(
    chain: Database, clock: DrivenMachineClock
) -> None:
    async def live() -> None:
        house = House(chain, clock)
        await house.settle()
        house.change()
        with chain.session() as session:
            agents.revoke(session, "s1-a", actor="it", reason="stolen", now_ms=0)
        house.exchange.news = {"s2-a"}
        await house.room.look()
        with pytest.raises(Unproven) as refused:
            await house.polls["s1-a"]
        assert refused.value.code == "agent_revoked"
        assert [said.agent for said in await house.polls["s2-a"]] == ["s2-a"]
        assert house.exchange.composed == ["s2-a"]

    asyncio.run(live())


def test_one_that_cannot_be_told_holds_up_nobody_and_a_database_away_is_asked_again(
    chain: Database, clock: DrivenMachineClock
) -> None:
    async def live() -> None:
        house = House(chain, clock)
        house.exchange.news = {"s2-a"}
        house.exchange.fails = {"s1-a": ValueError("a report that nobody understands")}
        await asyncio.sleep(0)
        await house.room.look()
        assert [said.agent for said in await house.polls["s2-a"]] == ["s2-a"]
        second = house.poll("s2-a")
        house.change()
        house.exchange.news, house.exchange.fails = {"s2-a"}, {"s2-a": Unavailable("away")}
        await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await house.room.look()
        house.exchange.fails = {}
        await house.room.look()
        assert [said.agent for said in await second] == ["s2-a"]

    asyncio.run(live())


def test_whoever_hangs_up_or_has_waited_enough_leaves_nothing_behind(
    chain: Database, clock: DrivenMachineClock
) -> None:
    async def live() -> None:
        house = House(chain, clock)
        hung_up = asyncio.get_running_loop().create_future()
        hung_up.set_result(None)
        assert await house.room.next("s1-a", 30, hung_up) == []
        assert await house.poll("s1-a", wait_s=0.01) == []
        for poll in house.polls.values():
            poll.cancel()
        await asyncio.gather(*house.polls.values(), return_exceptions=True)
        assert not house.room._waiting

    asyncio.run(live())
