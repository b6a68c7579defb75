"""立减: an amount off each unit, each article, the scope or the whole order."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from shared.money import divide_half_up
from shared.pricing.effect import Effect, Miss, Portion, capped, off_each, off_rows
from shared.pricing.promotion import Layer, Money, Promotion


class Each(StrEnum):
    """What the amount comes off once of."""

    UNIT = "unit"
    """Each `basis` units: a piece, or so many grams."""
    LINE = "line"
    """Each article, however many lines it was scanned in."""
    SCOPE = "scope"
    ORDER = "order"
    """The scope, but in the order layer."""


class AmountOff(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="amount_off"):
    """`off_minor` off `each`, never more than a thing costs, at most `cap_minor` in all.

    | items           | off               | discount             |
    |-----------------|-------------------|----------------------|
    | 3 x 5.00        | 1.00 each unit    | 3.00                 |
    | 3 x 5.00, 1 x 2 | 3.00 each article | 5.00: 3.00, 2.00     |
    | 5.00 and 15.00  | 4.00 off the scope| 4.00: 1.00, 3.00     |
    | 750 g           | 2.00 each 500 g   | 3.00                 |
    """

    LAYER: ClassVar[Layer] = Layer.ITEM

    off_minor: int
    each: Each = Each.UNIT
    basis: int = 1
    cap_minor: int | None = None

    @property
    def family(self) -> str:
        """Among the item promotions, or among the order's."""
        return "order" if self.each is Each.ORDER else "item"

    @property
    def layer(self) -> Layer:
        """The order's amount comes off in the order layer."""
        return Layer.ORDER if self.each is Each.ORDER else Layer.ITEM

    def check(self) -> None:
        """Refuse amounts that are none."""
        if min(self.off_minor, self.basis) < 1 or self.cap_minor == 0:
            raise ValueError("off_minor, basis and cap_minor are at least 1")

    def effect(self, portion: Portion) -> Effect | Miss:
        """Take the amount off."""
        if self.each in {Each.SCOPE, Each.ORDER}:
            return off_rows(portion, capped(self.off_minor, self.cap_minor))
        rows = portion.state.rows
        if self.each is Each.LINE:
            return off_each(portion, [(row, self.off_minor) for row in portion.rows], self.cap_minor)
        amounts = [(row, divide_half_up(self.off_minor * rows[row].quantity, self.basis)) for row in portion.rows]
        return off_each(portion, amounts, self.cap_minor)

    def face(self) -> int:
        """The amount."""
        return self.off_minor

    def gives(self, money: Money) -> dict[str, str]:
        """Say the amount."""
        return {"en": f"{money(self.off_minor)} off", "zh": f"减 {money(self.off_minor, short=True)}"}
