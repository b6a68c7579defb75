"""打折: a percentage off the items in scope."""

from __future__ import annotations

from typing import ClassVar

from shared.money import BASIS_POINTS, share_bp
from shared.pricing.effect import Effect, Miss, Portion, capped, off_rows
from shared.pricing.promotion import Layer, Money, Promotion, percent, tenths


class PercentOff(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="percent_off"):
    """`off_bp` basis points off, computed once over all of its items, at most `cap_minor`.

    | items            | off        | discount          |
    |------------------|------------|-------------------|
    | 3 x 0.99         | 10%        | 0.30 (of 0.297)   |
    | 10.00 and 20.00  | 15%        | 4.50: 1.50, 3.00  |
    | 100.00           | 50%, max 20| 20.00             |
    """

    LAYER: ClassVar[Layer] = Layer.ITEM
    FAMILY: ClassVar[str] = "item"

    off_bp: int
    cap_minor: int | None = None

    def check(self) -> None:
        """Refuse a percentage that is none."""
        if not 0 < self.off_bp <= BASIS_POINTS or self.cap_minor == 0:
            raise ValueError("off_bp is 1 to 10000, cap_minor at least 1")

    def effect(self, portion: Portion) -> Effect | Miss:
        """Take the percentage off the sum, rounded once."""
        return off_rows(portion, capped(share_bp(portion.net(), self.off_bp), self.cap_minor))

    def face(self) -> int:
        """The percentage."""
        return self.off_bp

    def gives(self, money: Money) -> dict[str, str]:
        """Say the percentage."""
        del money
        return {"en": f"{percent(self.off_bp)} off", "zh": tenths(self.off_bp)}
