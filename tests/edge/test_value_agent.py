"""A whole agent lets go at HQ what its baskets gave up, also what was given up while HQ was away."""

from __future__ import annotations

from pathlib import Path

from edge_agent.value import holds
from edge_agent.value.holds import Hold, Kind
from shared.wire.messages import AskRelease
from tests.edge.agents import running
from tests.edge.hq import MemoryHq, entry
from tests.edge.test_agent import MILK as SOLD
from tests.edge.test_agent import book, ready
from tests.edge.tills import store_settings
from tests.edge.waiting import until
from tests.factories import START_MS, new_id


async def test_what_a_basket_gave_up_while_hq_was_away_is_let_go_when_it_is_back(tmp_path: Path) -> None:
    hq = MemoryHq(store_settings())
    hq.timeline = [entry(hq.bodies, 1, book(), START_MS)]
    hold = new_id()
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await until(lambda: agent.agent._uplink.connected_by is not None, "the link")
        till = agent.agent._tills.served["t1"].station.till
        await till.scan(SOLD)
        view = await till.view()
        assert view is not None
        aside = Hold(hold, view.basket, "t1", Kind.MONEY, 400, START_MS + 900_000)
        await agent.agent._database.run(lambda db: holds.keep(db, aside))
        hq.online = False
        hq.cut()
        await until(lambda: agent.agent._uplink.connected_by is None, "the cut")
        await till.void_basket()
    hq.online = True
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        await until(lambda: agent.agent._uplink.connected_by is not None, "the link")
        agent.agent._tills.served["t1"].station.till.releases.ring()
        await until(lambda: any(isinstance(one.body, AskRelease) for one in hq.questions), "the release")
        released = [one.body for one in hq.questions if isinstance(one.body, AskRelease)]
        assert released[0] == AskRelease(basket=view.basket, till="t1")
        till = agent.agent._tills.served["t1"].station.till
        await till.releases.step()
        assert await agent.agent._database.read(lambda db: holds.releases(db, "t1")) == []
