"""整单打折: a percentage off the order."""

from __future__ import annotations

from typing import ClassVar

from shared.money import BASIS_POINTS, share_bp
from shared.pricing.effect import Effect, Miss, Portion, capped, off_rows
from shared.pricing.promotion import Layer, Money, Promotion, percent, tenths


class OrderPercent(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="order_percent"):
    """`off_bp` off what the layers before left of the scope (usually everything), computed once.

    | running total | off         | discount |
    |---------------|-------------|----------|
    | 49.95         | 10%         | 5.00     |
    | 3 x 0.33      | 100%        | 0.99     |
    | 200.00        | 20%, max 30 | 30.00    |
    """

    LAYER: ClassVar[Layer] = Layer.ORDER
    FAMILY: ClassVar[str] = "order"

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
        return {"en": f"{percent(self.off_bp)} off the order", "zh": f"整单{tenths(self.off_bp)}"}
