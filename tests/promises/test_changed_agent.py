"""P1, P9: an agent put back from an old copy, running twice, replaced, on a full disk, rung at twice at once."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from tests.factories import START_MS
from tests.provision.chain import Chain, running_chain
from tests.provision.patience import until
from tests.provision.store_agent import Sold, StoreAgent

pytestmark = pytest.mark.processes

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain("s1", "s2") as started:
        yield started


@pytest.fixture
def agent(chain: Chain) -> StoreAgent:
    return chain.agents[0]


def database_files(agent: StoreAgent) -> list[Path]:
    return sorted(agent.state.glob("agent.db*"))


def copy_files(state: Path, to: Path) -> None:
    """Copy a state directory; an agent that was killed has left its socket there, which is no file."""
    shutil.copytree(state, to, ignore=shutil.ignore_patterns("*.sock"), dirs_exist_ok=True)


@pytest.mark.parametrize("dies_at", ["", "epoch.opened"])
def test_p1_p9_agent_restored_from_an_old_copy(chain: Chain, agent: StoreAgent, dies_at: str, tmp_path: Path) -> None:
    chain.sell(agent)
    agent.process.kill()
    copy_files(agent.state, tmp_path / "old")
    agent.start()
    agent.wait_ready()
    for _ in range(5):
        chain.sell(agent)
    agent.wait_for("everything acked", backlog=0)
    agent.process.stop()
    # The database comes back from the copy; the witness beside it knows better.
    for path in database_files(agent):
        path.unlink()
    for path in (tmp_path / "old").glob("agent.db*"):
        shutil.copy(path, agent.state)
    if dies_at:
        agent.start(dies_at=dies_at)
        assert agent.process.ended() == -signal.SIGKILL
    agent.start()
    agent.wait_ready()
    assert '"reason": "restored"' in agent.process.written()
    chain.sell(agent)
    chain.settle()


@pytest.mark.parametrize("sells_at_once", [False, True])
def test_p1_p9_whole_state_restored_from_an_old_copy(
    chain: Chain, agent: StoreAgent, tmp_path: Path, *, sells_at_once: bool
) -> None:
    """Nothing on the machine knows of it: HQ finds out from the chain, and the agent opens a new epoch.

    Until then it gives receipt numbers that HQ has: those sales are kept, and shown to people.
    """
    chain.sell(agent)
    agent.wait_for("everything acked", backlog=0)
    agent.process.stop()
    copy_files(agent.state, tmp_path / "old")
    agent.start()
    agent.wait_ready()
    for _ in range(5):
        chain.sell(agent)
    agent.wait_for("everything acked", backlog=0)
    agent.process.stop()
    shutil.rmtree(agent.state)
    shutil.copytree(tmp_path / "old", agent.state)
    before = agent.process.written().count('"reason": "forked"')
    if sells_at_once:
        chain.hq.kill("ingest")
    agent.start()
    agent.wait_ready()
    for _ in range(3 if sells_at_once else 0):
        chain.sell(agent)
    until(lambda: agent.process.written().count('"reason": "forked"') > before, "a new epoch", 40)
    for _ in range(3):
        chain.sell(agent)
    until(lambda: chain.count_at_hq() == len(chain.sold), "HQ to have every sale", 40)
    known = len(chain.given_twice)
    assert chain.expect_given_twice() - known == (3 if sells_at_once else 0)
    chain.settle()


def test_p1_p9_two_copies_run_at_once(chain: Chain, agent: StoreAgent) -> None:
    agent.wait_for("everything acked", backlog=0)
    agent.process.stop()
    clone = agent.copy("s1-clone")
    copy_files(agent.state, clone.state)
    clone.write_settings(business_start_ms=START_MS)
    agent.start()
    clone.start()
    agent.wait_ready()
    clone.wait_ready()
    try:
        with chain.trading(agent, clone) as wait_for:
            wait_for(40)
        agent.wait_for("everything acked", 60, backlog=0)
        clone.wait_for("everything acked", 60, backlog=0)
    finally:
        clone.process.stop()
    until(lambda: chain.count_at_hq() == len(chain.sold), "HQ to have every sale", 40)
    chain.expect_given_twice()
    chain.settle()


def test_p1_p9_two_tabs_ring_at_one_till(chain: Chain, agent: StoreAgent) -> None:
    baskets = [chain.a_basket("t1") for _ in range(20)]
    with ThreadPoolExecutor(4) as tabs:
        for sold in tabs.map(agent.ring, [basket for basket in baskets for _ in range(2)]):
            chain.note(sold)
    chain.settle()


def test_p1_p9_business_clock_set_back_and_forward(chain: Chain, agent: StoreAgent) -> None:
    for days in (0, -400, 3, -1, 400):
        assert agent.ask({"do": "clock", "ms": START_MS + days * DAY_MS, "force": True})["ok"]
        chain.sell(agent)
        agent.restart()
        chain.sell(agent)
    chain.settle()
    dates = {str(sale.business_date) for sale in chain.sales().values()}
    assert len(dates) >= 4


def test_p1_full_disk_stops_selling_loudly_and_loses_nothing(chain: Chain, agent: StoreAgent) -> None:
    agent.process.stop()
    with closing(sqlite3.connect(agent.state / "agent.db")) as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
    agent.start(pages=pages + 80)
    agent.wait_ready()
    for _ in range(1000):
        wanted = chain.a_basket()
        answer = agent.ask(wanted.question())
        if not answer["ok"]:
            break
        chain.note(Sold(wanted.id, wanted.till, answer["receipt"], answer["total_minor"]))
    assert answer["code"] == "disk_full"
    assert answer["message"]
    assert any(problem.startswith("disk_full") for problem in agent.status()["problems"])
    # What was sold goes up all the same, and head office hears why the store has stopped.
    chain.settle()
    until(lambda: b"disk_full" in (chain.status_at_hq(agent.name).reported or b""), "head office to hear of it")
    agent.process.stop()
    agent.start()
    agent.wait_ready()
    # The basket that was refused is rung to its end.
    chain.sell(agent, wanted)
    chain.sell(agent)
    chain.settle()


def test_p1_p9_replaced_by_a_new_pc_while_the_old_one_drains(chain: Chain) -> None:
    old = chain.agents[1]
    chain.hq.kill("ingest")
    before = [chain.sell(old) for _ in range(10)]
    new = chain.enrol("s2", "s2-b")
    chain.start(new)
    after = [chain.sell(new) for _ in range(10)]
    chain.settle()
    assert chain.status_at_hq(old.name).status == "draining"
    assert not {series_of(sold) for sold in before} & {series_of(sold) for sold in after}
    old.process.stop()


def series_of(sold: Sold) -> str:
    return sold.receipt.rpartition("-")[0]
