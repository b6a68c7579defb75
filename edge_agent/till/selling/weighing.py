"""The scale beside a till: what it says now, and that the next goods are really on it."""

from __future__ import annotations

from edge_agent.devices.ports import Weight

UNCHANGED_G = 5
"""Weights this close to each other are the same goods: a scale of a shop shows steps of 2 or 5 grams."""


class Scaled:
    """The last weight a scale gave, and whether it has changed since a line was weighed with it.

    After a weighed line the weight has to change before the next one, also with other lines between: else the goods
    of the line before are still lying there.
    """

    def __init__(self) -> None:
        self.now: Weight | None = None
        self._used_g: int | None = None

    def note(self, weight: Weight) -> None:
        """Take what the scale says now."""
        self.now = weight
        if self._used_g is not None and (weight.grams is None or abs(weight.grams - self._used_g) > UNCHANGED_G):
            self._used_g = None

    def take(self, *, released: bool = False) -> tuple[int | None, str]:
        """Return the weight to sell by, or None and why not."""
        weight = self.now
        if weight is None or not weight.stable or weight.problems or not weight.grams or weight.grams < 0:
            return None, "weight_unsteady"
        if self._used_g is not None and not released:
            return None, "weight_unchanged"
        return weight.grams, ""

    def used(self) -> None:
        """Say that a line was weighed with what lies there now."""
        self._used_g = self.now.grams if self.now else None
