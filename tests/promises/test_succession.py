"""P9: another PC, or another disk in the same one, goes on from the last receipt that head office knows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cloud.receipt_series.series import TillSeries, by_till
from cloud.sales.models import ReceiptNumber
from tests.provision.chain import Chain, running_chain
from tests.provision.patience import until

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with running_chain("s1") as started:
        yield started


def series_of(chain: Chain, count: int) -> list[TillSeries]:
    """Return the series of till t1 once HQ knows of so many."""
    found: list[TillSeries] = []

    def known() -> bool:
        with chain.database.snapshot() as session:
            found[:] = by_till(session, {"s1"}).get(("s1", "t1"), [])
        return len(found) == count and found[-1].reason is not None

    until(known, f"{count} series at head office")
    return found


def assert_links(chain: Chain, before: TillSeries, after: TillSeries, number: int) -> None:
    assert (after.previous_series, after.previous_number) == (before.series, number)
    with chain.database.snapshot() as session:
        assert session.get_one(ReceiptNumber, ("s1", "t1", before.series, number)).head is not None


def test_p9_a_replacement_follows_what_head_office_knew_while_the_old_pc_drains(chain: Chain) -> None:
    (old,) = chain.agents
    for _ in range(3):
        chain.sell(old)
    chain.settle()
    old.process.stop()
    new = chain.enrol("s1", "s1-b")
    chain.start(new)
    chain.sell(new)
    one, two = series_of(chain, 2)
    assert [(found.agent, found.reason) for found in (one, two)] == [("s1-a", "first"), ("s1-b", "moved_till")]
    assert_links(chain, one, two, 3)
    # Somebody switches the old one on again and sells there: that comes in as well, and stays before its successor.
    old.start()
    old.wait_ready()
    chain.sell(old)
    chain.settle()
    assert [(found.series, found.complete_to) for found in series_of(chain, 2)] == [(one.series, 4), (two.series, 1)]
    old.process.stop()


def test_p9_a_lost_disk_in_the_same_pc_says_so(chain: Chain) -> None:
    """The identity was kept elsewhere; database and witness are gone, so only head office knows of the past."""
    agent = chain.agents[-1]
    chain.sell(agent)
    chain.settle()
    agent.process.stop()
    for path in [*agent.state.glob("agent.db*"), agent.state / "witness.json"]:
        path.unlink()
    known = series_of(chain, 2)[-1]
    chain.start(agent)
    chain.sell(agent)
    last = series_of(chain, 3)[-1]
    assert (last.agent, last.reason) == ("s1-b", "new_disk")
    assert_links(chain, known, last, known.highest)
    chain.settle()
