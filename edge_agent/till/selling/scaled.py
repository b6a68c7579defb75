"""The scale beside a till: what it says now, and that the next goods are really on it.

What may be sold by is decided in `edge_agent/devices/scales/weighing.py` alone, under its seal; this gives its answers
the till's words, and knows which line was weighed last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from edge_agent.devices.ports import DeviceRefused, DeviceUnavailable, Scale, Weight, WeightProblem
from edge_agent.devices.scales.weighing import Weighing

SETTLE_SECONDS = 0.6
"""How long a press waits for a scale to come to rest; its weight is one that it said after that press."""
BROKEN = frozenset({WeightProblem.SILENT, WeightProblem.FAULT, WeightProblem.UNREADABLE, WeightProblem.WARMING_UP})
"""What no cashier can mend at the platform: then a weight may be typed in, and is marked as such."""
CODES: Mapping[WeightProblem, str] = {
    **{problem: f"weight_{problem.value}" for problem in WeightProblem},
    WeightProblem.SAME_WEIGHT: "weight_unchanged",
}
"""The refusal of each reason why a weight cannot be sold by."""


@dataclass(frozen=True, slots=True)
class WeighedLine:
    """A line of a basket that was weighed."""

    basket: UUID
    line: int


class Scaled:
    """The last weight a scale gave, and whether it has changed since a line was weighed with it.

    After a weighed line the weight has to change before the next one, also with other lines between: else the goods
    of the line before are still lying there.
    """

    def __init__(self) -> None:
        self._weighing = Weighing()
        self._weighed: WeighedLine | None = None
        self._scale: Callable[[], Scale | None] = lambda: None

    def stands(self, scale: Callable[[], Scale | None]) -> None:
        """Take note how to find the scale that stands here now."""
        self._scale = scale

    @property
    def scale(self) -> Scale | None:
        """The scale that stands here, None where there is none."""
        return self._scale()

    @property
    def now(self) -> Weight | None:
        """What the scale says now, for display."""
        return self._weighing.shown()

    @property
    def weighed(self) -> WeighedLine | None:
        """The line whose goods still lie there, for all that is known."""
        return self._weighed if self._weighing.is_sold else None

    @property
    def is_steady(self) -> bool:
        """Whether it shows a weight to sell by."""
        return self._weighing.problem() is None

    @property
    def is_there(self) -> bool:
        """Whether a scale belongs here: it stands here now, or has spoken."""
        return self._weighing.live is not None or self.scale is not None

    @property
    def by_hand(self) -> bool:
        """Whether a weight may be typed in: there is no scale, or one that does not work."""
        live = self._weighing.live
        return live is None or not BROKEN.isdisjoint(live.problems)

    def note(self, weight: Weight) -> None:
        """Take what the scale says now."""
        scale = self.scale
        if scale is not None:
            self._weighing.use_step(scale.step_g)
        self._weighing.take(weight)

    async def settled(self) -> Weight | WeightProblem:
        """Return a weight to sell by, said after this was asked, or why there is none; sold already or not."""
        scale = self.scale
        if scale is not None:
            try:
                self.note(await scale.settled(SETTLE_SECONDS))
            except DeviceUnavailable:
                return WeightProblem.SILENT
            except DeviceRefused as refused:
                return WeightProblem(refused.code)
        problem, weight = self._weighing.problem(), self._weighing.live
        if weight is None or problem not in (None, WeightProblem.SAME_WEIGHT):
            return problem or WeightProblem.SILENT
        return weight

    def used(self, line: WeighedLine, weight_g: int) -> None:
        """Say that a line was weighed with what lies there now."""
        self._weighed = line
        self._weighing.sold(weight_g)

    def unsold(self, basket: UUID, line: int | None = None) -> None:
        """Say that a line (or a whole basket) is no longer sold: its goods may be weighed again."""
        weighed = self._weighed
        if weighed is not None and weighed.basket == basket and line in (None, weighed.line):
            self._weighing.release()
