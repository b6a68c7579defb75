"""The scale beside a till: what it says now, and that the next goods are really on it.

What may be sold by is decided in `edge_agent/devices/scales/weighing.py` alone, under its seal; this gives its answers
the till's words.
"""

from __future__ import annotations

from edge_agent.devices.ports import Weight, WeightProblem
from edge_agent.devices.scales.weighing import Weighing


class Scaled:
    """The last weight a scale gave, and whether it has changed since a line was weighed with it.

    After a weighed line the weight has to change before the next one, also with other lines between: else the goods
    of the line before are still lying there.
    """

    def __init__(self) -> None:
        self._weighing = Weighing()

    @property
    def now(self) -> Weight | None:
        """What the scale says now, for display."""
        return self._weighing.shown()

    def note(self, weight: Weight) -> None:
        """Take what the scale says now."""
        self._weighing.take(weight)

    def take(self, *, released: bool = False) -> tuple[int | None, str]:
        """Return the weight to sell by, or None and why not."""
        if released:
            self._weighing.release()
        problem, weight = self._weighing.problem(), self._weighing.live
        if problem is WeightProblem.SAME_WEIGHT:
            return None, "weight_unchanged"
        if problem is not None or weight is None:
            return None, "weight_unsteady"
        return weight.grams, ""

    def used(self) -> None:
        """Say that a line was weighed with what lies there now."""
        weight = self._weighing.live
        if weight is not None and weight.grams is not None:
            self._weighing.sold(weight.grams)
