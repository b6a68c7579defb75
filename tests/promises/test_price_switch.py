"""P8: prices switch at their moment with head office and broker gone, stay switched, and go back in one step."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import msgspec
import pytest

from shared.wire.messages import Reported
from tests.factories import START_MS, new_id
from tests.provision.chain import Chain, barcode, running_chain
from tests.provision.patience import until
from tests.provision.store_agent import StoreAgent, basket

pytestmark = pytest.mark.processes

HOUR_MS = 3_600_000
ITEM = "1001"


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain("s1") as started:
        yield started


def price_of(chain: Chain, agent: StoreAgent) -> int:
    return chain.sell(agent, basket("t1", [barcode(ITEM)])).total_minor


def set_time(chain: Chain, agent: StoreAgent, ms: int, *, hq: bool = True) -> None:
    assert agent.ask({"do": "clock", "ms": ms, "force": True})["ok"]
    if hq:
        chain.hq.set_clock(ms)


def test_p8_switches_at_its_moment_with_head_office_and_broker_gone(chain: Chain) -> None:
    (agent,) = chain.agents
    old = price_of(chain, agent)
    # The store is in Shanghai, where it is 08:00 at START_MS.
    version = chain.hq.publish("ten o'clock", prices=[f"main,{ITEM},5.55,,1,"], activates_local="2026-01-01T10:00:00")
    agent.wait_for("to hold what is staged", staged=[version])
    chain.hq.signal_everyone(signal.SIGSTOP)
    try:
        set_time(chain, agent, START_MS + 2 * HOUR_MS - 1, hq=False)
        assert price_of(chain, agent) == old
        agent.restart()
        set_time(chain, agent, START_MS + 2 * HOUR_MS, hq=False)
        assert price_of(chain, agent) == 555
        # A clock set back, and a restart, change nothing any more.
        set_time(chain, agent, START_MS - 30 * 24 * HOUR_MS, hq=False)
        assert price_of(chain, agent) == 555
        agent.restart()
        assert price_of(chain, agent) == 555
    finally:
        chain.hq.signal_everyone(signal.SIGCONT)
    set_time(chain, agent, START_MS + 3 * HOUR_MS)
    chain.settle()
    until(lambda: versions_reported(chain, agent) == {version}, "tills to report what they run")


def test_p8_rolled_back_under_a_new_number(chain: Chain) -> None:
    (agent,) = chain.agents
    before = price_of(chain, agent)
    wrong = chain.hq.publish("a slip", prices=[f"main,{ITEM},0.05,,1,"])
    agent.wait_for("the slip", in_force=wrong)
    good = wrong - 1
    back = chain.hq.ask("POST", f"/prices/versions/{good}/rollback", {"reason": "a slip"})["version"]
    assert back > wrong
    agent.wait_for("the old prices under a new number", in_force=back)
    assert price_of(chain, agent) == before
    chain.settle()


def test_p8_a_missing_price_blocks_the_line(chain: Chain) -> None:
    (agent,) = chain.agents
    version = chain.hq.publish("one without a price", items=[f"1099,New,New,{barcode('1099')},food,each"])
    agent.wait_for("the item without a price", in_force=version)
    question = {"do": "basket", "till": "t2", "id": str(new_id()), "steps": [{"scan": barcode("1099")}]}
    answer = agent.ask(question)
    assert (answer["ok"], answer["code"]) == (False, "price_missing")
    assert "price" in answer["message"].lower()
    # The till goes on with the rest of the basket, at prices that are there.
    agent.ask({"do": "void", "till": "t2"})
    assert chain.sell(agent, basket("t2", [barcode("1002")])).total_minor > 0
    chain.settle()


def versions_reported(chain: Chain, agent: StoreAgent) -> set[int]:
    content = chain.status_at_hq(agent.name).reported
    return {till.version for till in msgspec.json.decode(content, type=Reported).tills} if content else set()
