"""A limit on how often somebody may fail: so often in a window, counted by caller, in this process."""

from __future__ import annotations

import threading
from collections import deque
from ipaddress import IPv6Address, ip_address, ip_network

from cloud.errors import CloudError
from shared.clock import MachineClock

_MAX_CALLERS = 10_000
_LINE_BITS = 64
"""Of an IPv6 address: what one line has to itself (RFC 6177 and 7421), with 2^64 addresses to ask from."""


class TooMany(CloudError):
    """The caller has to wait; `wait_s` says how long."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"too many attempts; try again in {wait_s} s")
        self.wait_s = wait_s


def caller_of(host: str) -> str:
    """Return as whom somebody counts who asks from an address: of IPv6 the whole line, else a home is a crowd."""
    try:
        found = ip_address(host)
    except ValueError:
        return host
    if not isinstance(found, IPv6Address):
        return host
    return str(found.ipv4_mapped or ip_network((found.packed, _LINE_BITS), strict=False))


class FailureLimit:
    """At most `limit` failures of one caller in any `window_s` seconds; success costs nothing."""

    def __init__(self, clock: MachineClock, *, limit: int, window_s: float) -> None:
        self._clock = clock
        self._limit = limit
        self._window_s = window_s
        self._failures: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    def admit(self, caller: str) -> None:
        """Let a caller try. Raise TooMany after too many failures."""
        now = self._clock.monotonic()
        with self._lock:
            self._require(caller, now)

    def attempt(self, caller: str) -> None:
        """Let a caller try, and count a failure until `succeeded`: many at once get no more tries than one by one.

        Raise TooMany.
        """
        now = self._clock.monotonic()
        with self._lock:
            self._require(caller, now)
            self._count(caller, now)

    def succeeded(self, caller: str) -> None:
        """Take back the last attempt of a caller: it was none of the failures."""
        with self._lock:
            if recent := self._failures.get(caller):
                recent.pop()

    def failed(self, caller: str) -> None:
        """Count a failure."""
        now = self._clock.monotonic()
        with self._lock:
            self._count(caller, now)

    def _require(self, caller: str, now: float) -> None:
        recent = self._recent(caller, now)
        if len(recent) >= self._limit:
            raise TooMany(max(1, int(recent[0] + self._window_s - now) + 1))

    def _count(self, caller: str, now: float) -> None:
        if len(self._failures) > _MAX_CALLERS:
            self._failures = {who: when for who, when in self._failures.items() if self._is_live(when, now)}
        self._recent(caller, now).append(now)

    def _recent(self, caller: str, now: float) -> deque[float]:
        recent = self._failures.setdefault(caller, deque())
        while recent and recent[0] <= now - self._window_s:
            recent.popleft()
        return recent

    def _is_live(self, failures: deque[float], now: float) -> bool:
        return bool(failures) and failures[-1] > now - self._window_s
