"""A limit on how often somebody may try: so many in a window, counted by caller, in this process."""

from __future__ import annotations

import threading
from collections import deque

from cloud.errors import CloudError
from shared.clock import MachineClock

_MAX_CALLERS = 10_000


class TooMany(CloudError):
    """The caller has to wait; `wait_s` says how long."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many attempts; try again in {wait_s} s")
        self.wait_s = wait_s


class RateLimit:
    """At most `limit` attempts of one caller in any `window_s` seconds."""

    def __init__(self, clock: MachineClock, *, limit: int, window_s: float) -> None:
        self._clock = clock
        self._limit = limit
        self._window_s = window_s
        self._attempts: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def attempt(self, caller: str) -> None:
        """Count an attempt. Raise TooMany when it is one too many."""
        now = self._clock.monotonic()
        with self._lock:
            if len(self._attempts) > _MAX_CALLERS:
                self._attempts = {who: when for who, when in self._attempts.items() if self._is_live(when, now)}
            recent = self._attempts.setdefault(caller, deque())
            while recent and recent[0] <= now - self._window_s:
                recent.popleft()
            if len(recent) >= self._limit:
                raise TooMany(max(1, int(recent[0] + self._window_s - now) + 1))
            recent.append(now)

    def _is_live(self, attempts: deque[float], now: float) -> bool:
        return bool(attempts) and attempts[-1] > now - self._window_s
