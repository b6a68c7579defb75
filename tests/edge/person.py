"""Somebody at a till's screen, without a browser: types, presses keys, scans, weighs and reads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_agent.devices.ports import Scanned, ScanRole, Weight
from edge_agent.receipt.jobs import Unproven
from edge_agent.till.ports import PaymentGateway
from edge_agent.till.results import Paid
from edge_agent.till.till import Till
from edge_agent.web import display_page, till_page
from edge_agent.web.screen.screen import Screen, Seen
from edge_agent.web.shop import DeviceSeen, Shop
from edge_agent.web.standing import Standing
from shared.web.words import LANGUAGES, Language
from shared.wire.events import TenderKind, TillKind
from tests.edge.screens import OpenCounter
from tests.edge.staffing import open_to_all, staffed
from tests.edge.tills import Store, opened_store

_SCALE = DeviceSeen("scale", "idle", "scales")


@dataclass
class Person:
    """Somebody at a till: types, presses keys, scans, and reads."""

    store: Store
    till: Till
    screen: Screen

    @property
    def seen(self) -> Seen:
        return Seen(self.screen.turn)

    @property
    def asked(self) -> str:
        return self.screen.question.id if self.screen.question else ""

    @property
    def detail(self) -> object:
        return self.screen.question.detail if self.screen.question else None

    @property
    def told(self) -> str:
        return self.screen.notice.code if self.screen.notice else ""

    async def types(self, *lines: str) -> None:
        for line in lines:
            await self.screen.enter(line, self.seen)
            await self.shown()

    async def shown(
        self, *scales: DeviceSeen, unproven: Unproven | None = None, language: Language = "zh"
    ) -> dict[str, str]:
        """Return the page as it is now, and see that it can be said in both languages."""

        async def standing() -> Standing:
            return Standing("", 3, 1, ("disk_full: no room", "a problem"))

        counter = OpenCounter(self.till, self.screen, list(scales or (_SCALE,)), unproven=unproven)
        shop = Shop(
            counters={"t1": counter}, settings=lambda: self.store.settings, clock=self.store.business, standing=standing
        )
        await display_page.parts(counter, self.store.settings, "en")
        said = {one: await till_page.parts(shop, counter, self.store.settings, one) for one in LANGUAGES}
        return said[language]

    async def presses(self, *keys: str, text: str = "") -> None:
        for key in keys:
            await self.screen.press(key, text, self.seen)
        await self.until(lambda: not self.screen._tasks)
        await self.shown()

    async def scans(self, *codes: str, role: ScanRole = ScanRole.GOODS) -> None:
        for code in codes:
            await self.screen.scanned(Scanned(code, role=role))

    async def puts(self, grams: int, *, stable: bool = True) -> None:
        self.till.scaled.note(Weight(grams, stable, zero=grams == 0))
        self.screen.weighed()
        await self.until(lambda: not self.screen._tasks)

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(3):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event of its own
                await asyncio.sleep(0)

    async def total(self) -> int:
        view = await self.till.view()
        return view.priced.total_minor if view else 0

    async def lines(self) -> list[tuple[str, int]]:
        view = await self.till.view()
        return [(line.item, line.quantity) for line in view.priced.lines] if view else []


@asynccontextmanager
async def person(
    folder: Path,
    gateways: Mapping[TenderKind, PaymentGateway] | None = None,
    *,
    kind: TillKind = TillKind.STAFFED,
    **policies: object,
) -> AsyncIterator[Person]:
    async with opened_store(folder) as store:
        staffed(store, **policies) if policies.pop("staff", False) else open_to_all(store, **policies)
        till = store.till("t1", gateways, kind=kind)
        screen = Screen(till, lambda: store.settings, store.business)
        await screen.attend()  # as the page does that shows it
        try:
            yield Person(store, till, screen)
        finally:
            screen.end()


async def sold(at: Person, *codes: str) -> Paid:
    """Sell some things in cash."""
    await at.scans(*codes)
    await at.presses("+")
    await at.types("")
    assert at.screen.paid is not None
    return at.screen.paid
