"""After the year: business time goes on with real time on both sides, and people try the chain by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from deploy.demo.agents import StoreAgent
from deploy.demo.bench import BenchAway
from deploy.demo.chain import Chain
from deploy.demo.members import phone_number

_BEAT_SECONDS = 1.0
_STORES_A_BEAT = 100
_MS = 1000


class RunningTime:
    """Business time that starts at the year's end and from then on passes as real time does."""

    def __init__(self, chain: Chain, from_ms: int) -> None:
        self._chain = chain
        self._clock = asyncio.get_running_loop().time
        self._zero_ms = from_ms - round(self._clock() * _MS)
        self._beat = _BEAT_SECONDS * max(1.0, len(chain.agents) / _STORES_A_BEAT)

    def now_ms(self) -> int:
        """Return business time, in milliseconds since 1970 UTC."""
        return self._zero_ms + round(self._clock() * _MS)

    async def agree(self) -> None:
        """Bring head office and every store to the same time: what is published from now on takes effect in both."""
        self._chain.cloud.set_clock(self.now_ms())
        for agent in self._chain.agents.values():
            await agent.tell({"do": "clock", "ms": self.now_ms()})

    async def keep(self, until: asyncio.Event) -> None:
        """Keep everybody's clock going. A store that is away has the right time again with its next answer."""
        async with asyncio.TaskGroup() as group:
            keepers = [group.create_task(self._keep_cloud(), name="time of head office")]
            keepers += [
                group.create_task(self._keep_store(agent), name=f"time of {agent.store}")
                for agent in self._chain.agents.values()
            ]
            await until.wait()
            for keeper in keepers:
                keeper.cancel()

    async def _keep_cloud(self) -> None:
        while True:
            self._chain.cloud.set_clock(self.now_ms())
            await asyncio.sleep(_BEAT_SECONDS)

    async def _keep_store(self, agent: StoreAgent) -> None:
        while True:
            with suppress(BenchAway):
                await agent.bench.ask({"do": "clock", "ms": self.now_ms()})
            await asyncio.sleep(self._beat)


@dataclass(frozen=True, slots=True)
class Doors:
    """As whom to go in: at head office by a password of this run, as a member by a telephone that nobody has."""

    admin: str
    password: str
    household: int


def invitation(chain: Chain, doors: Doors, *, tills: int, kept: bool) -> str:
    """Return what is said once the year is over: the verdict, and where to go on by hand."""
    verdict = "and every promise held" if kept else "and PROMISES WERE BROKEN (above)"
    shown = [one for one in chain.agents.values() if one.pages_url]
    return "\n".join(
        (
            f"The year is over and checked, {verdict}: nothing done by hand from here on counts.",
            "Business time now passes as real time does: what is published at once is in force in a few seconds.",
            f"Head office  {chain.cloud.console_url}",
            f"Sign in      {doors.admin}  {doors.password}",
            *members_page(chain, doors),
            *(f"Tills        {one.pages_url}  (store {one.store}{_desk(tills)})" for one in shown),
            *devices_page(chain),
            "First        open Devices and a till of that store side by side, scan something, pay it with + at the",
            "             till, then find the sale on head office's page Today.",
            "Ctrl-C ends everything.",
        )
    )


def members_page(chain: Chain, doors: Doors) -> Sequence[str]:
    """Return where members see what they have, and how to be one of them."""
    return (
        f"Members      {chain.cloud.member_url}/me  (what a member opens on a telephone)",
        f"Sign in      {phone_number(doors.household)}  (nobody's number; its code appears here, at 'Telephone')",
    )


def devices_page(chain: Chain) -> Sequence[str]:
    """Return where the simulated devices of the first store's first till are played."""
    shown = [one for one in chain.agents.values() if one.pages_url][:1]
    return [
        f"Devices      {one.pages_url}tills/t1/bench  (play scanner, scale and printer of till t1, store {one.store})"
        for one in shown
    ]


def _desk(tills: int) -> str:
    """Say which till serves members: the last of several."""
    return f"; t{tills} is the service desk" if tills > 1 else ""
