"""The whole agent on days when its disk is full, its wire is hostile, or the power goes at the worst moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_agent.clock import Clocks, DrivenBusinessClock
from edge_agent.disk import agent_row
from edge_agent.disk.database import Database
from edge_agent.prices.body_file import open_body
from edge_agent.record import first_start, outbox, receipts
from shared.body import BodyError
from tests.edge.agents import running, until
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import book, drained, hq, ready, ring, sales
from tests.edge.tills import store_settings
from tests.factories import AGENT, START_MS, STORE, DrivenMachineClock, make_mint

__all__ = ["hq"]


async def test_p1_a_full_disk_ends_no_agent_and_drains(tmp_path: Path, hq: MemoryHq) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        hq.online = False
        hq.cut()
        sold = await ring(agent)
        agent.database._note_full()
        assert (await ring(agent))["code"] == "disk_full"
        hq.know(1, "8800000001")
        hq.timeline = [*hq.timeline, entry(hq.bodies, 2, book(500), START_MS)]
        hq.publish(*hq.timeline, settings=store_settings(tills=3))
        hq.online = True
        await drained(agent)
        assert [sale["id"] for sale in sales(hq)] == [sold["sale"]]
        await agent.database.make_room(lambda _db: 0)
        assert not agent.database.is_full
        hq.cut()
        await ready(agent, 2)
        await until(lambda: "t3" in agent.agent._tills.served, "till 3")
        await agent.say(do="void", till="t1")
        assert (await ring(agent))["ok"]


@pytest.mark.parametrize(
    "delta",
    [b'{"kind":"\xff"}\n', b'{"kind":"items","scope":"x","hash":"","rows":0,"x":' + b"[" * 100_000, b"\0", b""],
    ids=["text", "depth", "nul", "nothing"],
)
async def test_p6_deltas_that_nobody_signed_end_no_agent(tmp_path: Path, hq: MemoryHq, delta: bytes) -> None:
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        for wire in list(hq._wires):
            wire.say(hq.desired(wire.connection, (delta,)))
        hq.publish(entry(hq.bodies, 2, book(500), START_MS))
        await ready(agent, 2)
        assert (await ring(agent))["total_minor"] == 1500


@pytest.mark.parametrize("line", [b'["1001","\xff', b'["\xff",1]', b'["1001",' + b"[" * 100_000])
def test_a_body_line_of_any_bytes_is_refused_in_words(line: bytes) -> None:
    content = b'{"kind":"items","scope":"chain","hash":"aa","rows":1}\n' + line + b"\n"
    with pytest.raises(BodyError, match="row 1"), open_body(content) as (_, rows):
        list(rows)


@pytest.mark.parametrize("begun", [False, True])
async def test_power_gone_just_after_settings_were_kept_leaves_no_till_without_receipts(
    tmp_path: Path, hq: MemoryHq, *, begun: bool
) -> None:
    if begun:
        async with running(tmp_path, hq) as agent:
            await ready(agent)
    clocks, mint = Clocks(DrivenBusinessClock(START_MS), DrivenMachineClock()), make_mint()
    async with Database.opened(tmp_path / "agent.db", ballast_bytes=4096) as database:
        await database.run(lambda db: first_start.claim(db, AGENT, STORE, clocks, mint, sold_before=False))
        await database.run(lambda db: agent_row.keep_settings(db, store_settings(tills=3)))
    hq.online = False
    async with running(tmp_path, hq) as agent:
        await until(lambda: "t3" in agent.agent._tills.served, "till 3")
        assert await agent.database.read(receipts.tills_with_series) == ["t1", "t2", "t3"]
        assert (await agent.database.read(outbox.position)).last_seq == 4
