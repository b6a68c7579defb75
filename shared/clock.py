"""The two clocks, as ports. Each side has one module that implements them; no other module reads time."""

from __future__ import annotations

from typing import Protocol


class BusinessClock(Protocol):
    """The time of trade: sale times, activation, windows, expiry. A demo or a test drives it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970 UTC, in business time."""
        ...


class MachineClock(Protocol):
    """The time of the machine: TLS, retries, leases, tokens, ids. Nobody drives it."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 UTC as the machine believes."""
        ...

    def monotonic(self) -> float:
        """Seconds that only rise."""
        ...
