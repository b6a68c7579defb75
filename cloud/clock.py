"""The cloud's two clocks: the only module of this side that reads time."""

from __future__ import annotations

import time


class SystemMachineClock:
    """The machine's own time: TLS, retries, leases, tokens, ids."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 UTC as the machine believes."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Seconds that only rise."""
        return time.monotonic()


class SystemBusinessClock:
    """Business time in production: the wall's."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC."""
        return time.time_ns() // 1_000_000


class DrivenBusinessClock:
    """Business time that a demo or a test drives. It stands still until it is set."""

    def __init__(self, start_ms: int) -> None:
        self._now_ms = start_ms

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC, as last set."""
        return self._now_ms

    def set(self, now_ms: int, *, force: bool = False) -> None:
        """Move to a time. Going back raises ValueError unless forced: trade does not run backwards by accident."""
        if now_ms < self._now_ms and not force:
            raise ValueError(f"business time is {self._now_ms}, it does not go back to {now_ms}")
        self._now_ms = now_ms
