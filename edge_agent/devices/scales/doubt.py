"""Scales that say zero when they are overloaded (Dibal does): a zero that comes out of a rising load is not believed.

Taken off, goods leave falling weights or none between; put on too heavy, they leave rising ones and then zero. Nothing
is ever sold at zero; what this prevents is a display that says "empty" and a repeated sale that counts it as "taken
off".
"""

from __future__ import annotations

from edge_agent.devices.ports import Weight, WeightProblem


class ZeroDoubt:
    """Turns a zero out of a rising load into an overload, until a weight other than zero comes."""

    def __init__(self) -> None:
        self._before_g = 0
        self._rising = False
        self._doubted = False

    def judge(self, weight: Weight) -> Weight:
        """Return the weight, or the overload that its zero stands for."""
        if weight.grams is None:
            return weight
        if weight.grams != 0:
            self._rising = weight.grams > self._before_g if weight.grams != self._before_g else self._rising
            self._rising = self._rising and not weight.stable
            self._before_g, self._doubted = weight.grams, False
            return weight
        self._doubted = self._doubted or self._rising
        self._before_g, self._rising = 0, False
        return Weight(None, stable=False, problems=(WeightProblem.OVERLOAD,)) if self._doubted else weight
