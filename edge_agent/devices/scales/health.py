"""What shows that a scale is not well: no zero after power-on, a zero that drifts, weights that never settle.

Badly levelled scales and goods left on the platform at power-on make wrong weights that look right. None of this
stops selling by itself: it is shown at the till and at head office.
"""

from __future__ import annotations

from edge_agent.devices.ports import Weight, WeightProblem

NO_ZERO_AT_START = "scale_no_zero_at_start"
ZERO_DRIFT = "scale_zero_drift"
NEVER_STABLE = "scale_never_stable"
SILENT = "scale_silent"
UNREADABLE = "scale_unreadable"

_NEVER_STABLE_SECONDS = 30.0
_DRIFT_SECONDS = 5.0
_START_SECONDS = 5.0
_DRIFT_STEPS = 10
"""So many steps from zero may be dirt or a slope; more is goods."""
_UNREADABLE_IN_A_ROW = 10


class ScaleHealth:
    """Watches one scale's weights and says what is remarkable. Seconds are the machine's monotonic ones."""

    def __init__(self, step_g: int | None = None) -> None:
        self._near_g = _DRIFT_STEPS * (step_g or 5)
        self._opened_at = 0.0
        self._zero_seen = False
        self._loaded = False
        self._restless_since: float | None = None
        self._near_since: float | None = None
        self._unreadable = 0
        self._silent = False

    def opened(self, at: float) -> None:
        """Start afresh: the scale was just opened, and may just have been switched on."""
        self._opened_at, self._zero_seen, self._loaded = at, False, False
        self._restless_since = self._near_since = None
        self._unreadable, self._silent = 0, False

    def take(self, weight: Weight, at: float) -> None:
        """Take the next weight."""
        self._silent = WeightProblem.SILENT in weight.problems
        self._unreadable = self._unreadable + 1 if WeightProblem.UNREADABLE in weight.problems else 0
        self._zero_seen = self._zero_seen or weight.zero
        restless = WeightProblem.MOVING in weight.problems or (not weight.stable and not weight.problems)
        self._restless_since = (self._restless_since or at) if restless else None
        if weight.grams is None:
            return
        settled_near_zero = weight.stable and 0 < abs(weight.grams) <= self._near_g
        if weight.zero:
            self._loaded = False
        elif abs(weight.grams) > self._near_g:
            self._loaded = True
        drifting = settled_near_zero and self._loaded
        self._near_since = (self._near_since or at) if drifting else None

    def conditions(self, at: float) -> list[str]:
        """Return everything remarkable at this moment."""
        found = []
        if self._silent:
            found.append(SILENT)
        if self._unreadable >= _UNREADABLE_IN_A_ROW:
            found.append(UNREADABLE)
        if not self._zero_seen and not self._silent and at - self._opened_at >= _START_SECONDS:
            found.append(NO_ZERO_AT_START)
        if _since(self._near_since, at, _DRIFT_SECONDS):
            found.append(ZERO_DRIFT)
        if _since(self._restless_since, at, _NEVER_STABLE_SECONDS):
            found.append(NEVER_STABLE)
        return found


def _since(start: float | None, at: float, seconds: float) -> bool:
    return start is not None and at - start >= seconds
