"""The clock by which prices switch: what is latched once stays, so a PC's clock gone wrong must not switch for good."""

from __future__ import annotations

from edge_agent.clock import SystemBusinessClock
from edge_agent.hq.hq_time import HqTime
from shared.clock import BusinessClock

AHEAD_MS = 60_000
"""By how much this machine may be ahead of head office and still be believed."""


class SwitchClock:
    """Business time, but never ahead of head office's once that is known; implements `shared.clock.BusinessClock`."""

    def __init__(self, business: BusinessClock, hq_time: HqTime) -> None:
        self._business = business
        self._hq_time = hq_time

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        now_ms, hq_ms = self._business.now_ms(), self._hq_time.now_ms()
        return now_ms if hq_ms is None else min(now_ms, hq_ms + AHEAD_MS)


def switch_clock(business: BusinessClock, hq_time: HqTime) -> BusinessClock:
    """Return the clock to switch prices by. Business time that is driven from outside has nothing to do with HQ's."""
    return SwitchClock(business, hq_time) if isinstance(business, SystemBusinessClock) else business
