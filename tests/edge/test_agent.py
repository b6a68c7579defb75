"""The whole agent against a head office in memory: it sells, sends, switches prices, and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.pricing import Item, Price
from shared.pricing.book import Barcode, Unit
from tests.edge.agents import RunningAgent, running, until
from tests.edge.hq import Book, MemoryHq, entry, row
from tests.edge.tills import CARD, store_settings
from tests.factories import START_MS, new_id

MILK = "6901234567892"
HOUR_MS = 3_600_000


def book(milk_minor: int = 450) -> Book:
    items = [
        Item(item="1001", names={"en": "Milk"}, receipt_name="MILK", barcodes=[Barcode(MILK)]),
        Item(item="1002", names={"en": "Pork"}, receipt_name="PORK", unit=Unit.GRAM),
        Item(item="1003", names={"en": "No price"}, receipt_name="NONE"),
    ]
    prices = [
        Price(item="1001", regular_minor=milk_minor, member_minor=milk_minor - 50),
        Price(item="1002", regular_minor=3980, basis=1000),
    ]
    return Book({one.item: row(one) for one in items}, {one.item: row(one) for one in prices})


@pytest.fixture
def hq() -> MemoryHq:
    made = MemoryHq(store_settings(tills=2))
    made.timeline = [entry(made.bodies, 1, book(), START_MS)]
    return made


async def ready(agent: RunningAgent, version: int = 1) -> None:
    async def in_force() -> bool:
        status = await agent.agent.status()
        return bool(status["in_force"] == version and status["tills"])

    await until(in_force, f"price book {version} in force")


async def ring(agent: RunningAgent, till: str = "t1", **fields: Any) -> dict[str, Any]:
    steps = [{"scan": MILK}, {"quantity": 3}, {"tender": {"method": "cash"}}]
    return await agent.say(**{"do": "basket", "till": till, "id": str(new_id()), "steps": steps, **fields})


async def test_a_fresh_agent_sells_and_hq_has_every_event(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        answer = await ring(agent)
        assert answer["ok"]
        assert (answer["total_minor"], answer["lines"]) == (1350, 1)

        async def drained() -> bool:
            return await agent.backlog() == 0

        await until(drained, "the backlog to drain")
    kinds = [msgspec.json.decode(content)["kind"] for content in hq.events.values()]
    assert kinds == ["epoch", "series", "series", "sale"]
    assert [hello.connection for hello in hq.hellos] == hq.gone
