"""What HQ's clock says, estimated from the round trips of heartbeats and their acks."""

from __future__ import annotations

from dataclasses import dataclass

from shared.clock import MachineClock

_WINDOW = 8
_BEST_FOR_SECONDS = 900.0
_DRIFT_MS = 1000
OFF_MS = 60_000
"""A clock that is further off is a fault that people have to mend."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What to add to the machine's wall time for HQ's, and by how much it may be wrong, in milliseconds."""

    offset_ms: int
    error_ms: int
    wall_ms: int


@dataclass(frozen=True, slots=True)
class _Sample:
    hq_less_monotonic_ms: float
    error_ms: float
    at: float

    def agrees(self, other: _Sample) -> bool:
        """Tell whether both can be true: HQ's own clock may have been set in between."""
        apart = abs(self.hq_less_monotonic_ms - other.hq_less_monotonic_ms)
        return apart <= self.error_ms + other.error_ms + _DRIFT_MS


class HqTime:
    """Keeps the best of the last round trips.

    Measured against the monotonic clock, so that setting the wall clock in between does not spoil an estimate.
    """

    def __init__(self, clock: MachineClock) -> None:
        self._clock = clock
        self._asked_at: float | None = None
        self._samples: list[_Sample] = []

    def asked(self) -> None:
        """Note that HQ was asked something it answers with an ack."""
        if self._asked_at is None:
            self._asked_at = self._clock.monotonic()

    def heard(self, hq_sent_ms: int) -> Estimate | None:
        """Take an ack that HQ sent at `hq_sent_ms`; return the best estimate now, None when it answers nothing."""
        if self._asked_at is None:
            return None
        now, asked = self._clock.monotonic(), self._asked_at
        self._asked_at = None
        middle_ms = (asked + now) * 500
        heard = _Sample(hq_sent_ms - middle_ms, (now - asked) * 500, now)
        kept = [sample for sample in self._samples if now - sample.at < _BEST_FOR_SECONDS and sample.agrees(heard)]
        self._samples = [*kept[-_WINDOW + 1 :], heard]
        best = self._best()
        wall_ms = self._clock.wall_ms()
        offset_ms = round(best.hq_less_monotonic_ms + now * 1000 - wall_ms)
        return Estimate(offset_ms, round(best.error_ms), wall_ms)

    def now_ms(self) -> int | None:
        """Return HQ's wall time now, whatever this machine's wall clock was set to; None before HQ was heard."""
        if not self._samples:
            return None
        return round(self._best().hq_less_monotonic_ms + self._clock.monotonic() * 1000)

    def problem(self) -> str | None:
        """Return what is to be said of this machine's wall clock, None while it is right enough or nobody knows."""
        now_ms = self.now_ms()
        off_ms = 0 if now_ms is None else self._clock.wall_ms() - now_ms
        if abs(off_ms) <= OFF_MS:
            return None
        return f"clock: it is {round(abs(off_ms) / 60_000)} min {'ahead of' if off_ms > 0 else 'behind'} head office's"

    def _best(self) -> _Sample:
        return min(self._samples, key=lambda sample: sample.error_ms)
