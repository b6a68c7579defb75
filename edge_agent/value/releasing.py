"""Letting go at HQ what baskets do not spend after all, so that nobody waits a quarter of an hour for their own value.

What is to be let go is on the disk before HQ is asked, so a power cut forgets none of it. Nobody at the till waits.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import structlog

from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.value import holds
from edge_agent.value.spending import Asking
from shared.clock import MachineClock
from shared.wire.messages import AskRelease

LOOK_SECONDS = 20.0
"""How often it looks for what has been set aside too long, and asks again what HQ did not answer."""
_log = structlog.get_logger(__name__)


class Releasing:
    """Lets go one till's holds: those given up, and those set aside longer than a sale may count on them."""

    def __init__(
        self, database: Database, machine: MachineClock, asking: Asking, mint: Callable[[], UUID], till: str
    ) -> None:
        self._database = database
        self._machine = machine
        self._asking = asking
        self._mint = mint
        self._till = till
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Say that something has been given up."""
        self._rung.set()

    async def run(self) -> None:
        """Let go whatever there is to let go, until cancelled."""
        while True:
            try:
                await self.step()
            except DiskFull:
                _log.info("value_not_released", till=self._till, reason="the disk is full; holds free themselves")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._rung.wait()
            self._rung.clear()

    async def step(self) -> int:
        """Let go what there is now. Return how much of it HQ has not answered: at its first silence the rest waits."""
        if await self._database.read(lambda db: holds.has_any(db, self._till)):
            await self._database.run(lambda db: holds.lapse(db, self._machine, self._till), makes_room=True)
        waiting = await self._database.read(lambda db: holds.releases(db, self._till))
        for done, one in enumerate(waiting):
            if not await self._is_over(one):
                return len(waiting) - done
            await self._database.run(_released(one.n), makes_room=True)
        return 0

    async def _is_over(self, one: holds.Release) -> bool:
        if self._machine.wall_ms() - one.made_ms > holds.RELEASED_WITHIN_MS:
            return True
        body = AskRelease(basket=one.basket, till=self._till, hold=one.hold, coupon=one.coupon)
        return await self._asking.ask(self._mint(), self._till, body) is not None


def _released(n: int) -> Callable[[sqlite3.Connection], None]:
    return lambda db: holds.released(db, n)
