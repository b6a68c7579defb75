"""What HQ's clock says, estimated from the round trips of heartbeats and their acks."""

from __future__ import annotations

from dataclasses import dataclass

from shared.clock import MachineClock

_WINDOW = 8
_BEST_FOR_SECONDS = 900.0


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
        self._samples = [sample for sample in self._samples if now - sample.at < _BEST_FOR_SECONDS][-_WINDOW + 1 :]
        self._samples.append(_Sample(hq_sent_ms - middle_ms, (now - asked) * 500, now))
        best = min(self._samples, key=lambda sample: sample.error_ms)
        wall_ms = self._clock.wall_ms()
        offset_ms = round(best.hq_less_monotonic_ms + now * 1000 - wall_ms)
        return Estimate(offset_ms, round(best.error_ms), wall_ms)
