"""HQ's time as the agent estimates it, what is said of a wrong clock, and why it cannot switch prices early."""

from __future__ import annotations

import pytest

from edge_agent.clock import DrivenBusinessClock, SystemBusinessClock
from edge_agent.hq.hq_time import HqTime
from edge_agent.prices.switching import AHEAD_MS, switch_clock
from tests.factories import START_MS, DrivenMachineClock


def test_hq_time_takes_the_shortest_round_trip_and_survives_a_set_clock() -> None:
    clock = DrivenMachineClock()
    hq_time = HqTime(clock)
    assert hq_time.heard(START_MS) is None
    for there, back in ((400, 2000), (20, 20), (3000, 10)):
        hq_time.asked()
        clock.advance(there)
        hq_ms = clock.wall_ms() + 5000
        clock.advance(back)
        estimate = hq_time.heard(hq_ms)
    assert estimate is not None
    assert (estimate.offset_ms, estimate.error_ms) == (5000, 20)
    clock.set_wall(START_MS - 3_600_000)
    hq_time.asked()
    before = clock.wall_ms()
    clock.advance(900)
    estimate = hq_time.heard(START_MS + 5000 + 6250)
    assert estimate is not None
    assert estimate.offset_ms == pytest.approx(START_MS + 5000 + 5450 - before, abs=900)


def hear_hq(hq_time: HqTime, clock: DrivenMachineClock, offset_ms: int = 0) -> None:
    hq_time.asked()
    clock.advance(20)
    hq_time.heard(clock.wall_ms() + offset_ms - 10)


@pytest.mark.parametrize(
    ("jump_ms", "words"),
    [
        (30_000, None),
        (240_000, "clock: it is 4 min ahead of head office's"),
        (-7_200_000, "clock: it is 120 min behind head office's"),
    ],
)
def test_a_clock_that_went_wrong_is_said(jump_ms: int, words: str | None) -> None:
    """Lessons B2.28: wrong device clocks every week."""
    clock = DrivenMachineClock()
    hq_time = HqTime(clock)
    assert hq_time.problem() is None
    hear_hq(hq_time, clock)
    clock.set_wall(clock.wall_ms() + jump_ms)
    assert hq_time.problem() == words


def test_hqs_own_clock_set_right_is_believed_at_once() -> None:
    clock = DrivenMachineClock()
    hq_time = HqTime(clock)
    hear_hq(hq_time, clock, offset_ms=-3_600_000)
    hear_hq(hq_time, clock)
    assert hq_time.problem() is None


def test_p3_a_clock_that_jumps_ahead_switches_no_prices() -> None:
    """A version that was in force once stays: a wrong clock must not bring tomorrow's prices today."""
    clock = DrivenMachineClock()

    class Wall(SystemBusinessClock):
        def now_ms(self) -> int:
            return clock.wall_ms()

    hq_time = HqTime(clock)
    switching = switch_clock(Wall(), hq_time)
    assert switching.now_ms() == clock.wall_ms()
    hear_hq(hq_time, clock)
    right_ms = clock.wall_ms()
    clock.set_wall(right_ms + 86_400_000)
    assert switching.now_ms() <= right_ms + AHEAD_MS
    clock.set_wall(right_ms)
    assert switching.now_ms() == right_ms
    driven = DrivenBusinessClock(0)
    assert switch_clock(driven, hq_time) is driven
