"""A chain's stores after a broker was away: spread by full jitter, and back within a stated time."""

from __future__ import annotations

from random import Random

import pytest

from edge_agent.hq.link import LONGEST_PAUSE_SECONDS, Pauses, back_within

STORES = 2_000
STEP_SECONDS = 10.0


def returns(away_seconds: float, store: int) -> float:
    """Return how long after the broker's return a store comes back; each try while it is away fails at once."""
    pauses, now = Pauses(Random(store).random), 0.0
    now += pauses.after(3_600.0)  # the connection that broke was a long one
    while now < away_seconds:
        now += pauses.after(0.0)
    return now - away_seconds


@pytest.mark.parametrize("away_seconds", [0.1, 5.0, 60.0, 600.0, 86_400.0])
def test_every_store_is_back_within_the_stated_time(away_seconds: float) -> None:
    waited = [returns(away_seconds, store) for store in range(STORES)]
    assert max(waited) + 3 * STEP_SECONDS <= back_within(STEP_SECONDS)
    assert back_within(STEP_SECONDS) == 90


def test_stores_come_back_spread_over_the_longest_pause_and_not_at_once() -> None:
    waited = sorted(returns(3_600.0, store) for store in range(STORES))
    seconds = [sum(second <= one < second + 1 for one in waited) for second in range(int(LONGEST_PAUSE_SECONDS))]
    assert max(seconds) < STORES * 0.06, "no second sees more than a twentieth of the chain"
    assert waited[STORES // 2] < LONGEST_PAUSE_SECONDS / 2, "half of them are back in half of that"


def test_jitter_is_full_from_nothing_to_the_doubling_ceiling() -> None:
    least, most = Pauses(lambda: 0.0), Pauses(lambda: 1.0)
    assert [least.after(0.0) for _ in range(9)] == [0.0] * 9
    assert [most.after(0.0) for _ in range(8)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert most.after(60.0) == 1.0, "after a good connection it begins small again"


def test_connections_that_break_at_once_do_not_begin_small_again() -> None:
    """A broker that accepts and dies would otherwise see the whole chain every second."""
    pauses = Pauses(lambda: 1.0)
    assert [pauses.after(lasted) for lasted in (5.0, 5.0, 5.0, 59.0)] == [1, 2, 4, 8]
