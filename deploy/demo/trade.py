"""Trade: each store rings its baskets in order of time, all stores at once; what was cut off goes on where it was."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.demo import draws
from deploy.demo.agents import StoreAgent
from deploy.demo.baskets import TillBasket
from deploy.demo.bench import BenchAway

_TRIES = 200
_TRY_AGAIN = {"scanner_away", "scanner_silent", "scan_cut", "payment_unresolved", "till_unknown"}
"""Refusals that a cashier answers by doing the step again; a till that is unknown opens a moment after its bench."""
_BREATH_SECONDS = 0.05


class TradeRefused(RuntimeError):
    """A till refused a step of a basket; the text names basket, step and reason."""


@dataclass(slots=True)
class Tally:
    """What was rung so far."""

    sales: dict[str, int] = field(default_factory=dict)
    lines: int = 0
    tender_minor: int = 0

    @property
    def total(self) -> int:
        """Sales of all stores."""
        return sum(self.sales.values())

    def add(self, store: str, lines: int, minor: int) -> None:
        """Count a sale."""
        self.sales[store] = self.sales.get(store, 0) + 1
        self.lines += lines
        self.tender_minor += minor


class Pace:
    """How fast business time goes: `speed` business seconds a second, None as fast as the tills can."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._origin: tuple[float, int] | None = None

    async def wait_for(self, at_ms: int) -> None:
        """Return when a business time has come."""
        if self._speed is None:
            return
        now = asyncio.get_running_loop().time()
        if self._origin is None:
            self._origin = (now, at_ms)
        due = self._origin[0] + (at_ms - self._origin[1]) / 1000 / self._speed
        if due > now:
            await asyncio.sleep(due - now)

    def skip_to(self, at_ms: int) -> None:
        """Let business time jump: nobody waits through time in which nothing is sold."""
        if self._speed is not None:
            self._origin = (asyncio.get_running_loop().time(), at_ms)


@dataclass(slots=True)
class StoreTrade:
    """One store's trade."""

    agent: StoreAgent
    tills: int
    seed: int
    tally: Tally
    pace: Pace
    rung: Callable[[], Awaitable[None]]
    """Called after every sale."""

    async def ring_all(self, baskets: Sequence[TillBasket]) -> None:
        """Ring baskets one after the other."""
        for basket in baskets:
            await self.pace.wait_for(basket.at_ms)
            await self._ring(basket)
            await self.rung()

    async def _ring(self, basket: TillBasket) -> None:
        till = 1 + draws.below(self.tills, self.seed, "till", basket.id)
        question: dict[str, Any] = {
            "do": "basket",
            "till": f"t{till}",
            "id": str(basket.id),
            "at_ms": basket.at_ms,
            "cashier": f"c{till}",
            "steps": basket.steps,
        }
        answer = await self._ask(question)
        if not answer.get("ok"):
            raise TradeRefused(
                f"{self.agent.store} refused step {answer.get('step')} of basket {basket.id}: "
                f"{answer.get('code')}: {answer.get('message')}"
            )
        if answer["sale"] != str(basket.id):
            raise TradeRefused(f"{self.agent.store} sold basket {basket.id} under the id {answer['sale']}")
        self.tally.add(self.agent.store, basket.lines, answer["total_minor"])

    async def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Ask until there is an answer: the same basket under the same id is never rung twice."""
        for _ in range(_TRIES):
            try:
                answer = await self.agent.bench.ask(question)
            except BenchAway:
                await self.agent.ready()
                continue
            if answer.get("ok") or answer.get("code") not in _TRY_AGAIN:
                return answer
            await asyncio.sleep(_BREATH_SECONDS)
        raise TradeRefused(f"{self.agent.store} took basket {question['id']} {_TRIES} times without an answer")
