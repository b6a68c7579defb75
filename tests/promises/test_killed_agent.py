"""P1, P3, P9: the agent dies at any moment of a sale, the broker with all it holds; nothing is lost or doubled."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.provision.chain import Chain, running_chain
from tests.provision.patience import until

pytestmark = pytest.mark.processes

MOMENTS = (
    "basket.change_stored:2",
    "sale.before_transaction",
    "sale.in_transaction",
    "sale.after_commit",
    "batch.before_send",
    "batch.sent",
    "ack.applied:2",
)
KILLS = 5


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain("s1") as started:
        yield started


@pytest.mark.parametrize("moment", MOMENTS)
def test_p1_p9_agent_killed_at(chain: Chain, moment: str) -> None:
    (agent,) = chain.agents
    agent.process.kill()
    agent.start(dies_at=moment)
    wanted = chain.a_basket()
    with ThreadPoolExecutor(1) as till:
        ringing = till.submit(agent.ring, wanted)
        assert agent.process.ended() == -signal.SIGKILL
        agent.start()
        chain.note(ringing.result(60))
    # Whatever the cashier saw, asking again is answered with the sale that is there.
    chain.sell(agent, wanted)
    chain.sell(agent)
    chain.settle()


def test_p1_p9_agent_killed_at_random_moments_under_load(chain: Chain) -> None:
    (agent,) = chain.agents
    draws = random.Random(20260101)
    with chain.trading(agent) as wait_for:
        for _ in range(KILLS):
            wait_for(draws.randrange(1, 40))
            agent.restart()
        wait_for(10)
    chain.settle()


def test_p3_broker_killed_and_its_storage_wiped_under_load(chain: Chain) -> None:
    (agent,) = chain.agents
    with chain.trading(agent) as wait_for:
        for _ in range(2):
            wait_for(20)
            before = agent.connections
            chain.hq.kill_broker(wipe=True)
            wait_for(20)
            until(lambda: agent.connections > before, "the broker is back", 40)  # noqa: B023 - called at once
    chain.settle()
