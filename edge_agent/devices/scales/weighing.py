"""Weighing: from what a scale writes to whole grams, and which weight may be sold by.

Everything that a weights inspector has to look at is in this one module, and nothing else is. Its version and the
SHA-256 of its text are shown while a line is weighed (`weighing_seal`); a change of the text needs a new version, which
a test holds us to. Grams are integers; no float takes part.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.resources import files

from edge_agent.devices.ports import Weight, WeightProblem

VERSION = "1.1"

MICROGRAMS: Mapping[str, int] = {
    "kg": 1_000_000_000,
    "g": 1_000_000,
    "lb": 453_592_370,
    "oz": 28_349_523,
    "jin": 500_000_000,
    "sj": 500_000_000,
    "tj": 600_000_000,
    "tl": 37_500_000,
}
"""Units by the word a scale writes, lower case: 市斤 (SJ) is half a kilogram, the Taiwan catty (TJ) 600 g, its tael
(TL) 37.5 g. An ounce is 28.349523125 g; what is left out is less than 1 g in 8 t."""
_FIGURE = re.compile(r"(?P<sign>[+-]?) *(?P<whole>\d*)(?:\.(?P<part>\d*))?")
_MICROGRAMS_OF_GRAM = 1_000_000
_MAX_DIGITS = 9
_TOO_HEAVY = frozenset({WeightProblem.OVERLOAD, WeightProblem.OUT_OF_RANGE})
"""With these a figure of zero is no empty platform."""


class NotAWeight(ValueError):
    """Text that is no weight, or in a unit nobody knows."""


def grams(figure: str, unit: str) -> int:
    """Return a figure as whole grams, half a gram up (away from zero). Raise NotAWeight."""
    found = _FIGURE.fullmatch(figure.strip())
    micrograms = MICROGRAMS.get(unit.strip().lower())
    if found is None or micrograms is None:
        raise NotAWeight(f"{figure!r} {unit!r} is no weight")
    digits = found["whole"] + (found["part"] or "")
    if not digits or len(digits) > _MAX_DIGITS:
        raise NotAWeight(f"{figure!r} is no weight")
    divisor: int = _MICROGRAMS_OF_GRAM * 10 ** len(found["part"] or "")
    rounded = (2 * int(digits) * micrograms + divisor) // (2 * divisor)
    return -rounded if found["sign"] == "-" else rounded


def in_jin(weight_g: int) -> str:
    """Return grams as 斤 with three decimals, exactly: 1 斤 is 500 g."""
    sign, whole = ("-", -weight_g) if weight_g < 0 else ("", weight_g)
    return f"{sign}{whole // 500}.{whole % 500 * 2:03}"


def in_kg(weight_g: int) -> str:
    """Return grams as kilograms with three decimals, exactly."""
    sign, whole = ("-", -weight_g) if weight_g < 0 else ("", weight_g)
    return f"{sign}{whole // 1000}.{whole % 1000:03}"


class Weighing:
    """One scale's weights, and which of them may be sold by.

    A weight is sold only when the scale says that it is stable, above zero, within its range and without any problem.
    After a weight was sold the goods must come off: the next sale needs a zero, or a weight that differs by more than
    two steps, so that one melon is not sold twice. A supervisor may `release` it.
    """

    def __init__(self, step_g: int | None = None) -> None:
        self.live: Weight | None = None
        self._sold_g: int | None = None
        self.use_step(step_g)

    def use_step(self, step_g: int | None) -> None:
        """Take note by how many grams the scale's weights go up; None: nobody says, so 5."""
        self._differs_g = 2 * (step_g or 5)

    def take(self, weight: Weight) -> None:
        """Take what the scale says now."""
        self.live = weight
        if self._sold_g is None or weight.grams is None:
            return
        gone = weight.zero or weight.grams <= 0
        other = weight.stable and abs(weight.grams - self._sold_g) > self._differs_g
        if (gone and not _TOO_HEAVY.intersection(weight.problems)) or other:
            self._sold_g = None

    def lose(self) -> None:
        """Forget the weight: the scale went away. That a weight was sold is kept."""
        self.live = None

    def problem(self) -> WeightProblem | None:
        """Say why there is nothing to sell by now; None when there is."""
        now = self.live
        if now is None:
            return WeightProblem.SILENT
        if now.problems:
            return now.problems[0]
        if now.grams is None or not now.stable:
            return WeightProblem.MOVING
        if now.grams <= 0:
            return WeightProblem.EMPTY if now.grams == 0 else WeightProblem.NEGATIVE
        return WeightProblem.SAME_WEIGHT if self._sold_g is not None else None

    @property
    def is_sold(self) -> bool:
        """Whether what lies there was sold already, for all that is known."""
        return self._sold_g is not None

    def sold(self, weight_g: int) -> None:
        """Take note that a weight was sold by."""
        self._sold_g = weight_g

    def release(self) -> None:
        """Let the same weight be sold again: a supervisor has looked."""
        self._sold_g = None

    def shown(self) -> Weight | None:
        """Return the weight for the display: with `same_weight` among its problems while it was sold already."""
        if self.live is None or self.problem() is not WeightProblem.SAME_WEIGHT:
            return self.live
        return replace(self.live, problems=(WeightProblem.SAME_WEIGHT,))


@dataclass(frozen=True, slots=True)
class WeighingSeal:
    """Which weighing code runs: its version and the SHA-256 of its text, in hex."""

    version: str
    hash: str


def weighing_seal() -> WeighingSeal:
    """Return the version and hash to show on the till and to an inspector."""
    text = files(__package__).joinpath("weighing.py").read_bytes()
    return WeighingSeal(VERSION, sha256(text).hexdigest())
