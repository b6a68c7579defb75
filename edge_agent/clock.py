"""The agent's clocks: the one place on this side where time is read."""

from __future__ import annotations

import time
from dataclasses import dataclass

from shared.clock import BusinessClock, MachineClock


class SystemMachineClock:
    """The machine's own wall and monotonic time."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 UTC as the machine believes."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that only rise, also while the machine sleeps."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)


class SystemBusinessClock:
    """Business time in a real store: the wall clock."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000


class DrivenBusinessClock:
    """Business time set from outside: a demo replays a year of trade in minutes."""

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC, as last set."""
        return self._now_ms

    def set(self, now_ms: int, *, force: bool = False) -> None:
        """Move to `now_ms`; a time before the present one is ignored unless forced."""
        if force or now_ms > self._now_ms:
            self._now_ms = now_ms


@dataclass(frozen=True, slots=True)
class Clocks:
    """The two clocks, handed down together."""

    business: BusinessClock
    machine: MachineClock
