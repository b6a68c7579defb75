"""The bench: whole baskets through the simulated scanner, resumed after a kill, with faults to order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.edge.agents import RunningAgent, running, until
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import HOUR_MS, MILK, book, ready
from tests.edge.tills import CARD, store_settings
from tests.factories import START_MS, new_id

CASH = {"tender": {"method": "cash"}}


@pytest.fixture
def hq() -> MemoryHq:
    made = MemoryHq(store_settings(tills=2))
    made.timeline = [entry(made.bodies, 1, book(), START_MS)]
    return made


@pytest.fixture
async def agent(tmp_path: Path, hq: MemoryHq) -> AsyncIterator[RunningAgent]:
    async with running(tmp_path, hq) as started:
        await ready(started)
        yield started


async def test_every_kind_of_step(agent: RunningAgent) -> None:
    steps = [
        {"card": CARD},
        {"scan": MILK},
        {"quantity": 2},
        {"coupon": {"code": "C1", "supplier_minor": 100}},
        {"scan": "1002"},
        {"weight_g": 500},
        {"tender": {"method": "cash", "minor": 5000}},
    ]
    answer = await agent.say(do="basket", till="t1", id=str(new_id()), steps=steps, cashier="c7", at_ms=START_MS + 1)
    assert answer["ok"]
    assert (answer["total_minor"], answer["change_minor"], answer["lines"]) == (700 + 1990, 5000 - 2690, 2)
    assert answer["receipt"].endswith("-000001")


@pytest.mark.parametrize("stored", range(4))
async def test_killed_agent_resumes_at_the_step_it_had_stored(tmp_path: Path, hq: MemoryHq, stored: int) -> None:
    steps = [{"scan": MILK}, {"quantity": 2}, {"scan": "1002"}, {"weight_g": 100}]
    basket = {"do": "basket", "till": "t1", "id": str(new_id())}
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await agent.say(**basket, steps=steps[:stored])
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        found = await agent.say(do="find", till="t1", id=basket["id"])
        assert (found["state"], found["steps"]) == ("open", stored)
        first = await agent.say(**basket, steps=[*steps, CASH])
        again = await agent.say(**basket, steps=[*steps, CASH])
        assert first == again
        assert first["total_minor"] == 900 + 398
        found = await agent.say(do="find", till="t1", id=basket["id"])
        assert (found["state"], found["receipt"], found["total_minor"]) == ("paid", first["receipt"], 1298)
        assert (await agent.say(do="find", till="t1", id=str(new_id())))["state"] == "none"


async def test_refused_step_leaves_the_basket_and_void_clears_it(agent: RunningAgent) -> None:
    basket = {"do": "basket", "till": "t1", "id": str(new_id())}
    refused = await agent.say(**basket, steps=[{"scan": MILK}, {"scan": "1003"}, CASH])
    assert (refused["ok"], refused["step"], refused["code"]) == (False, 1, "price_missing")
    assert (await agent.say(do="find", till="t1", id=basket["id"]))["state"] == "open"
    other = await agent.say(do="basket", till="t1", id=str(new_id()), steps=[{"scan": MILK}, CASH])
    assert other["code"] == "basket_open"
    assert (await agent.say(do="void", till="t1"))["basket"] == basket["id"]
    assert (await agent.say(do="void", till="t1"))["code"] == "no_open_basket"


async def test_a_coupon_s_code_is_typed_in_and_a_wrong_one_is_said(agent: RunningAgent) -> None:
    basket = {"do": "basket", "till": "t1", "id": str(new_id())}
    refused = await agent.say(**basket, steps=[{"scan": MILK}, {"code": "NOSUCH"}, CASH])
    assert (refused["ok"], refused["step"], refused["code"]) == (False, 1, "coupon_misread")
    assert "NOSUCH" in refused["message"]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"not json", "bench_command"),
        (b'{"do":"dance"}', "bench_command"),
        (b'{"do":"basket","till":"t1","id":"x","steps":[]}', "bench_command"),
        (b'{"do":"status","extra":1}', "bench_command"),
        (b'{"do":"void","till":"t9"}', "till_unknown"),
        (b'{"do":"swipe","till":"t1","card":"4711"}', "not_a_card"),
    ],
)
async def test_bad_commands_get_words(agent: RunningAgent, line: bytes, code: str) -> None:
    answer = await agent.bench.answer(line)
    assert answer["ok"] is False
    assert answer["code"] == code
    assert answer["message"]


async def test_p10_unplugged_scanner_is_said_and_replugged_one_reads_on(agent: RunningAgent) -> None:
    await agent.say(do="scanner", till="t1", plugged=False)
    basket = {"do": "basket", "till": "t1", "id": str(new_id()), "steps": [{"scan": MILK}, CASH]}
    assert (await agent.say(**basket))["code"] == "scanner_away"
    served = agent.agent._tills.served["t1"].station.devices[0]
    await until(lambda: served.state == "closed", "the till to see its scanner gone")
    assert (await agent.say(do="status"))["tills"]["t1"]["devices"] == {"t1/scanner": "closed"}
    await agent.say(do="scanner", till="t1", plugged=True)
    await until(lambda: served.state == "idle", "the scanner to be back")
    assert (await agent.say(**basket))["ok"]


async def test_split_frames_read_the_same(agent: RunningAgent) -> None:
    await agent.say(do="scanner", till="t1", split_every=1)
    assert (await agent.say(do="basket", till="t1", id=str(new_id()), steps=[{"scan": MILK}, CASH]))["ok"]


async def test_noise_before_a_code_is_refused_not_sold(agent: RunningAgent) -> None:
    await agent.say(do="scanner", till="t1", noise="\u0007")
    basket = {"do": "basket", "till": "t1", "id": str(new_id()), "steps": [{"scan": MILK}, CASH]}
    assert (await agent.say(**basket))["code"] == "unreadable"
    assert (await agent.say(**basket))["ok"]


async def test_clock_goes_forward_and_back_only_by_force(agent: RunningAgent) -> None:
    assert (await agent.say(do="clock", ms=START_MS + HOUR_MS))["ms"] == START_MS + HOUR_MS
    assert (await agent.say(do="clock", ms=START_MS))["ms"] == START_MS + HOUR_MS
    assert (await agent.say(do="clock", ms=START_MS, force=True))["ms"] == START_MS


async def test_socket_serves_several_talkers_and_only_this_user(tmp_path: Path, hq: MemoryHq) -> None:
    socket = tmp_path / "bench.sock"
    async with running(tmp_path, hq, bench_socket=socket) as agent:
        await ready(agent)
        assert socket.stat().st_mode & 0o077 == 0

        async def talk(till: str) -> dict[str, object]:
            reader, writer = await asyncio.open_unix_connection(socket)
            basket = {"do": "basket", "till": till, "id": str(new_id()), "steps": [{"scan": MILK}, CASH]}
            writer.write(json.dumps(basket).encode() + b"\n")
            answer: dict[str, object] = json.loads(await reader.readline())
            writer.close()
            await writer.wait_closed()
            return answer

        answers = await asyncio.gather(*[talk(f"t{number % 2 + 1}") for number in range(6)])
        assert all(answer["ok"] for answer in answers)
    assert not socket.exists()
