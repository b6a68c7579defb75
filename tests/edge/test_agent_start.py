"""What a start begins with: money asked for before a power cut, a look at the whole file; and an end in words."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from edge_agent import agent as agent_module
from edge_agent.configuration import load, service_manager
from edge_agent.disk.errors import DiskFailed
from edge_agent.till import attempts
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from shared.wire.events import TenderKind
from tests.edge.agents import RunningAgent, enrolled, running, until
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import MILK, book, drained, ready, sales
from tests.edge.tills import store_settings
from tests.factories import START_MS, new_id

WECHAT = TenderKind.WECHAT


@pytest.fixture
def hq() -> MemoryHq:
    made = MemoryHq(store_settings(tills=2))
    made.timeline = [entry(made.bodies, 1, book(), START_MS)]
    return made


async def asked_and_cut(folder: Path, hq: MemoryHq, gateway: SimulatedGateway) -> str:
    """Ring a basket at till 1 and lose the power while its gateway has the money and the answer is on its way."""
    gateway.answering.clear()
    basket = str(new_id())
    steps = [{"scan": MILK}, {"tender": {"method": "wechat"}}]
    async with running(folder, hq, gateways={WECHAT: gateway}) as agent:
        await ready(agent)
        paying = asyncio.create_task(agent.say(do="basket", till="t1", id=basket, steps=steps))
        await gateway.asked.wait()
        paying.cancel()
        await asyncio.gather(paying, return_exceptions=True)
    return basket


async def serves(agent: RunningAgent, till: str) -> None:
    await until(lambda: till in agent.agent._tills.served, f"{till} to be served")


async def test_p1_money_asked_for_is_settled_before_its_till_serves_and_no_other_till_waits(
    tmp_path: Path, hq: MemoryHq
) -> None:
    gateway = SimulatedGateway()
    basket = await asked_and_cut(tmp_path, hq, gateway)
    async with running(tmp_path, hq, gateways={WECHAT: gateway}) as agent:
        await serves(agent, "t2")
        sold = await agent.say(do="basket", till="t2", id=str(new_id()), steps=[{"scan": MILK}])
        assert sold["ok"]
        assert "t1" not in agent.agent._tills.served
        assert (await agent.say(do="swipe", till="t1", card="8800000001"))["code"] == "till_unknown"
        gateway.answering.set()
        await serves(agent, "t1")
        found = await agent.say(do="find", till="t1", id=basket)
        assert (found["state"], found["total_minor"]) == ("paid", 450)
        await drained(agent)
    (sale,) = sales(hq)
    assert [(tender["method"], tender["minor"]) for tender in sale["tenders"]] == [("wechat", 450)]


async def test_till_whose_gateway_knows_nothing_serves_and_refuses_everything_else_first(
    tmp_path: Path, hq: MemoryHq
) -> None:
    basket = await asked_and_cut(tmp_path, hq, SimulatedGateway(Mood.NEVER_ARRIVES))

    class Silent(SimulatedGateway):
        async def look_up(self, attempt: PaymentAttempt) -> PaymentOutcome:
            return PaymentOutcome(AttemptState.UNKNOWN)

    async with running(tmp_path, hq, gateways={WECHAT: Silent()}) as agent:
        await serves(agent, "t1")
        refused = await agent.say(do="basket", till="t1", id=basket, steps=[{"scan": MILK}])
        assert refused["code"] == "payment_unresolved"
        till = agent.agent._tills.served["t1"].station.till
        (attempt,) = await agent.database.read(lambda db: attempts.unresolved(db, "t1"))
        await till.settle_payment(attempt.id, paid=False, reference="slip says no")
        answer = await agent.say(
            do="basket", till="t1", id=basket, steps=[{"scan": MILK}, {"tender": {"method": "cash"}}]
        )
        assert answer["ok"]


async def test_damage_beside_what_selling_needs_is_told_and_selling_goes_on(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await agent.agent._database.check()
        root, size = await agent.database.read(_root_of_a_table_nobody_reads)
    with (tmp_path / "agent.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    async with running(tmp_path, hq) as agent:
        await ready(agent)

        async def told() -> bool:
            return any(problem.startswith("database_damaged") for problem in (await agent.agent.status())["problems"])

        await until(told, "the damage to be told")
        steps = [{"scan": MILK}, {"tender": {"method": "cash"}}]
        assert (await agent.say(do="basket", till="t1", id=str(new_id()), steps=steps))["ok"]
        await until(
            lambda: bool(hq.reported and any("damaged" in one for one in hq.reported.problems)), "HQ to hear of it"
        )


def _root_of_a_table_nobody_reads(db: sqlite3.Connection) -> tuple[int, int]:
    """Return the page, counted from 1, and the bytes of a page."""
    found: tuple[int, int] = db.execute(
        "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = 'body_row_bucket'"
    ).fetchone()
    return found


async def test_end_of_an_agent_whose_disk_failed_is_one_error_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(tmp_path)

    async def fails(*_: Any) -> None:
        raise DiskFailed("the disk failed on agent.db")

    monkeypatch.setattr("edge_agent.record.epoch.Epochs.keep_witness", fails)
    with pytest.raises(DiskFailed, match="the disk failed"):
        await agent_module.run(load(tmp_path), service_manager())
