"""The scales beside a till: what they say now, which one is sold by, and that the next goods are really on it.

What may be sold by is decided in `edge_agent/devices/scales/weighing.py` alone, under its seal; this gives its answers
the till's words, and knows which line was weighed last.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _One:
    """One scale: what it said last, and which line was weighed by it."""

    weighing: Weighing = field(default_factory=Weighing)
    weighed: WeighedLine | None = None

    @property
    def holds_goods(self) -> bool:
        """Whether something lies there that no line was weighed with."""
        live = self.weighing.live
        return live is not None and (live.grams or 0) > 0 and not self.weighing.is_sold

    @property
    def works(self) -> bool:
        """Whether it has said something other than that no cashier can mend it."""
        live = self.weighing.live
        return live is not None and BROKEN.isdisjoint(live.problems)


class Scaled:
    """The last weight each scale gave, and whether it has changed since a line was weighed with it.

    After a weighed line the weight has to change before the next one, also with other lines between: else the goods
    of the line before are still lying there. Of several scales the one that holds goods is sold by, or the one that
    somebody chose; with goods on two of them none is, until somebody chooses.
    """

    def __init__(self) -> None:
        self._ones: dict[str, _One] = {}
        self._scales: Callable[[], Mapping[str, Scale]] = dict
        self._last = ""
        self._chosen = ""

    def stands(self, scales: Callable[[], Mapping[str, Scale]]) -> None:
        """Take note how to find the scales that stand here now, by their names at the till."""
        self._scales = scales

    @property
    def names(self) -> tuple[str, ...]:
        """The scales that stand here, by name; one that nobody named has spoken where there is none of these."""
        return tuple(self._scales()) or tuple(self._ones)

    @property
    def name(self) -> str:
        """The scale that is sold by: chosen, else the one that holds goods, else the one of before; '' for none."""
        names = self.names
        if self._chosen in names:
            return self._chosen
        holding = self._holding(names)
        if self._last not in (holding or names):
            self._last = next(iter(holding or names), "")
        return self._last

    @property
    def is_chosen(self) -> bool:
        """Whether somebody said which scale is sold by."""
        return self._chosen in self.names

    @property
    def is_unclear(self) -> bool:
        """Whether goods lie on several scales, and nobody said which are meant."""
        return not self.is_chosen and len(self._holding(self.names)) > 1

    def choose(self, name: str) -> None:
        """Sell by this scale from now on; by the one that holds goods again with ''."""
        self._chosen = name

    @property
    def scale(self) -> Scale | None:
        """The scale that is sold by, None where there is none."""
        return self._scales().get(self.name)

    @property
    def now(self) -> Weight | None:
        """What the scale says now, for display."""
        return self.shown_by(self.name)

    def shown_by(self, name: str) -> Weight | None:
        """Return what one of the scales says now, for display."""
        one = self._ones.get(name)
        return None if one is None else one.weighing.shown()

    @property
    def weighed(self) -> WeighedLine | None:
        """The line whose goods still lie there, for all that is known."""
        one = self._one(self.name)
        return one.weighed if one.weighing.is_sold else None

    @property
    def is_steady(self) -> bool:
        """Whether it shows a weight to sell by."""
        return not self.is_unclear and self._one(self.name).weighing.problem() is None

    @property
    def is_there(self) -> bool:
        """Whether a scale belongs here: it stands here now, or has spoken."""
        return bool(self._scales()) or any(one.weighing.live is not None for one in self._ones.values())

    @property
    def by_hand(self) -> bool:
        """Whether a weight may be typed in: there is no scale, or none that works."""
        return not any(self._one(name).works for name in self.names)

    def note(self, weight: Weight, name: str = "") -> None:
        """Take what a scale says now; without a name the one that is sold by."""
        name = name or self.name
        one, scale = self._ones.setdefault(name, _One()), self._scales().get(name)
        if scale is not None:
            one.weighing.use_step(scale.step_g)
        one.weighing.take(weight)

    async def settled(self) -> Weight | WeightProblem:
        """Return a weight to sell by, said after this was asked, or why there is none; sold already or not."""
        name, scale = self.name, self.scale
        if scale is not None:
            try:
                self.note(await scale.settled(SETTLE_SECONDS), name)
            except DeviceUnavailable:
                return WeightProblem.SILENT
            except DeviceRefused as refused:
                return WeightProblem(refused.code)
        weighing = self._one(name).weighing
        problem, weight = weighing.problem(), weighing.live
        if weight is None or problem not in (None, WeightProblem.SAME_WEIGHT):
            return problem or WeightProblem.SILENT
        return weight

    def used(self, line: WeighedLine, weight_g: int, name: str = "") -> None:
        """Say that a line was weighed with what lies there now; without a name on the scale that is sold by."""
        one = self._ones.setdefault(name or self.name, _One())
        one.weighed = line
        one.weighing.sold(weight_g)

    def unsold(self, basket: UUID, line: int | None = None) -> None:
        """Say that a line (or a whole basket) is no longer sold: its goods may be weighed again."""
        for one in self._ones.values():
            weighed = one.weighed
            if weighed is not None and weighed.basket == basket and line in (None, weighed.line):
                one.weighing.release()

    def _holding(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in names if self._one(name).holds_goods)

    def _one(self, name: str) -> _One:
        return self._ones.get(name) or _One()
