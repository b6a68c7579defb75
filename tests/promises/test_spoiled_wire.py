"""P1, P2, P3: acks get lost, packets vanish without a word, connections break, MQTT is blocked; tills sell on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories import START_MS
from tests.provision.chain import CARDS, Chain, barcode, running_chain
from tests.provision.patience import until
from tests.provision.proxy import Proxy, proxied
from tests.provision.store_agent import StoreAgent

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain("s1", "s2", agents=False) as started:
        yield started


@pytest.fixture(scope="module")
def wire(chain: Chain) -> Iterator[Proxy]:
    with proxied("127.0.0.1", chain.hq.ports["broker"]) as made:
        yield made


@pytest.fixture(scope="module")
def agent(chain: Chain, wire: Proxy) -> StoreAgent:
    """An agent that can reach HQ by nothing but MQTT over the wire."""
    enrolled = chain.enrol("s1", "s1-a", link="mqtt")
    enrolled.reach_by(broker_port=wire.port)
    chain.start(enrolled)
    return enrolled


def test_p1_acks_lost(chain: Chain, agent: StoreAgent, wire: Proxy) -> None:
    wire.black_hole("down")
    before = chain.count_at_hq()
    for _ in range(10):
        chain.sell(agent)
    until(lambda: chain.count_at_hq() > before, "head office to have what it cannot ack")
    assert agent.status()["backlog"] >= 10
    agent.wait_for("to give the connection up", link=None)
    wire.heal()
    chain.settle()


def test_p1_p2_packets_black_holed(chain: Chain, agent: StoreAgent, wire: Proxy) -> None:
    with chain.trading(agent) as wait_for:
        wait_for(10)
        wire.black_hole()
        agent.wait_for("to notice that nothing comes through", link=None)
        wait_for(10)
        wire.heal()
        wait_for(10)
    chain.settle()


def test_p1_p2_connections_cut_and_slow(chain: Chain, agent: StoreAgent, wire: Proxy) -> None:
    with chain.trading(agent) as wait_for:
        wire.delay(0.2)
        wait_for(20)
        before = agent.connections
        wire.cut()
        wait_for(10)
        wire.heal()
        until(lambda: agent.connections > before, "a new connection", 40)
    chain.settle()


def test_p1_p3_everything_flows_by_https_where_mqtt_is_blocked(chain: Chain) -> None:
    with proxied("127.0.0.1", chain.hq.ports["broker"]) as blocked:
        blocked.black_hole()
        agent = chain.enrol("s2", "s2-a")
        agent.reach_by(broker_port=blocked.port)
        agent.write_settings(business_start_ms=START_MS, step_seconds=1.0)
        chain.start(agent, 60)
        assert agent.status()["link"] == "https"
        assert blocked.accepted >= 3
        at_hq = chain.status_at_hq(agent.name)
        assert at_hq.reported is not None
        assert not at_hq.gone
        # Up: batches and their acks.
        for _ in range(10):
            chain.sell(agent)
        chain.settle()
        # Down: desired state and bodies.
        version = chain.hq.publish("by https", prices=["main,1001,7.77,,1,"])
        agent.wait_for("the new book", in_force=version)
        # And a question: whose card is this?
        card = {"do": "basket", "till": "t2", "id": str(chain.a_basket().id)}
        assert agent.ask({**card, "steps": [{"card": CARDS[0]}, {"scan": barcode("1001")}]})["ok"]
        until(lambda: '"card_named"' in agent.process.written(), "the answer to a question")
        agent.ask({"do": "void", "till": "t2"})
        agent.process.stop()
