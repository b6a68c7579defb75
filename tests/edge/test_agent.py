"""The whole agent against a head office in memory: it sells, sends, switches prices, and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.pricing import Item, Price
from shared.pricing.price_list import Barcode, Unit
from shared.wire.messages import Reported
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


async def drained(agent: RunningAgent) -> None:
    async def empty() -> bool:
        return await agent.backlog() == 0

    await until(empty, "the backlog to drain")


def sales(hq: MemoryHq) -> list[dict[str, Any]]:
    events = [msgspec.json.decode(content) for content in hq.events.values()]
    return [event for event in events if event["kind"] == "sale"]


async def test_a_fresh_agent_sells_and_hq_has_every_event(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        answer = await ring(agent)
        assert answer["ok"]
        assert (answer["total_minor"], answer["lines"]) == (1350, 1)
        await drained(agent)
    kinds = [msgspec.json.decode(content)["kind"] for content in hq.events.values()]
    assert kinds == ["epoch", "series", "series", "sale"]
    assert [hello.connection for hello in hq.hellos] == hq.gone


async def test_p1_nothing_is_lost_or_doubled_on_a_bad_wire(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        hq.lose, hq.duplicate = 0.2, 0.2
        rung = []
        for number in range(30):
            answer = await ring(agent, f"t{number % 2 + 1}")
            rung.append(answer["sale"])
            if number % 7 == 6:
                hq.cut()
        hq.lose = 0.0
        await drained(agent)
    assert [sale["id"] for sale in sales(hq)] == rung
    receipts = [(sale["till"], sale["receipt"]["number"]) for sale in sales(hq)]
    assert sorted(receipts) == [(till, number) for till in ("t1", "t2") for number in range(1, 16)]


async def test_p2_selling_needs_no_network_and_survives_a_restart(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
    hq.online = False
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        answer = await ring(agent)
        assert answer["ok"]
        assert await agent.backlog() == 1
        assert (await agent.agent.status())["link"] is None
        hq.online = True
        await drained(agent)
    assert [sale["id"] for sale in sales(hq)] == [answer["sale"]]


async def test_p1_restored_hq_gets_everything_again(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await ring(agent)
        await drained(agent)
        marks, events = dict(hq.marks), dict(hq.events)
        for _ in range(5):
            await ring(agent)
        await drained(agent)
        complete = dict(hq.events)
        hq.restore(marks, events)
        hq.cut()
        await until(lambda: hq.events == complete, "HQ to have every event again")
        await drained(agent)
        assert (await agent.agent.status())["acked_seq"] == len(complete)


async def test_p1_agent_restored_from_an_old_copy_opens_a_new_epoch(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await ring(agent)
        await drained(agent)
    copy = {name: (tmp_path / name).read_bytes() for name in ("agent.db", "witness.json")}
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await ring(agent)
        await drained(agent)
    for name, content in copy.items():
        (tmp_path / name).write_bytes(content)
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        answer = await ring(agent)
        assert answer["ok"]
        await until(lambda: len(sales(hq)) == 3, "the third sale to arrive")
        await drained(agent)
    assert len({sale["id"] for sale in sales(hq)}) == 3
    assert len({(sale["receipt"]["series"], sale["receipt"]["number"]) for sale in sales(hq)}) == 3
    assert len(hq.marks) == 2


async def test_rejected_batches_arrive_singly(tmp_path: Path, hq: MemoryHq) -> None:
    hq.online = False
    async with running(tmp_path, hq):
        pass
    hq.online = True
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        hq.reject_batches_over = 1
        hq.lose = 1.0
        for _ in range(5):
            await ring(agent)
        hq.lose = 0.0
        await drained(agent)
    assert len(sales(hq)) == 5


async def test_p8_price_switch_by_the_clock_alone(tmp_path: Path, hq: MemoryHq) -> None:
    hq.timeline.append(entry(hq.bodies, 2, book(milk_minor=300), START_MS + HOUR_MS))
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await until(lambda: bool(hq.reported and hq.reported.staged == [2]), "version 2 to be reported as staged")
        hq.online = False
        hq.cut()
        before = await ring(agent, at_ms=START_MS + HOUR_MS - 1)
        after = await ring(agent, at_ms=START_MS + HOUR_MS)
        assert (before["total_minor"], after["total_minor"]) == (1350, 900)
        hq.online = True
        await until(
            lambda: bool(hq.reported and [till.version for till in hq.reported.tills] == [2, 2]),
            "both tills to report version 2",
        )


async def test_report_names_what_hq_can_build_deltas_on(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await until(lambda: bool(hq.reported and hq.reported.tills), "a report")
        assert hq.reported is not None
        assert set(hq.reported.body_hashes) == {"items/chain", "prices/z1", "overrides/s001"}
        assert hq.reported.desired_serial == hq.serial


async def test_p8_a_report_lost_on_its_way_is_said_again_with_the_next_heartbeat(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq, heartbeat_seconds=1.0) as agent:
        await ready(agent)
        heard, lost = hq._note, []

        def lose_the_first(reported: Reported | None) -> None:
            if reported is not None and not lost and reported.staged == [2]:
                lost.append(reported)
                return
            heard(reported)

        hq._note = lose_the_first  # type: ignore[method-assign]
        hq.publish(*hq.timeline, entry(hq.bodies, 2, book(milk_minor=300), START_MS + HOUR_MS))
        await until(lambda: bool(hq.reported and hq.reported.staged == [2]), "version 2 to be reported once more")
        assert lost


async def test_members_are_known_by_card_and_unknown_cards_leave_sealed(tmp_path: Path, hq: MemoryHq) -> None:
    hq.know(3, CARD)
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await until(lambda: bool(hq.reported and hq.reported.members_version == 3), "the member set")
        steps = [{"scan": CARD}, {"scan": MILK}, {"tender": {"method": "cash"}}]
        known = await agent.say(do="basket", till="t1", id=str(new_id()), steps=steps)
        assert known["total_minor"] == 400
        swiped = await agent.say(do="swipe", till="t1", card="8800000009")
        assert swiped == {"ok": True, "known": False, "tier": ""}
        await drained(agent)
    (sale,) = sales(hq)
    assert sale["member"]["tier"] == "gold"
    everything = b"".join(hq.events.values()) + (tmp_path / "agent.db").read_bytes()
    assert CARD.encode() not in everything
    assert b"8800000009" not in everything


async def test_new_till_opens_while_the_agent_runs(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        assert (await ring(agent, "t3"))["code"] == "till_unknown"
        hq.publish(*hq.timeline, settings=store_settings(tills=3))

        async def opened() -> bool:
            return "t3" in (await agent.agent.status())["tills"]

        await until(opened, "till 3")
        assert (await ring(agent, "t3"))["ok"]


async def test_silent_hq_is_noticed_and_the_link_renewed(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq, heartbeat_seconds=1.0, step_seconds=1.0) as agent:
        await ready(agent)
        hq.lose = 1.0
        await until(lambda: len(hq.gone) == 0 and agent.agent._uplink.connected_by is None, "the dead link to be left")
        hq.lose = 0.0
        await until(lambda: agent.agent._uplink.connected_by is not None, "a new link")
