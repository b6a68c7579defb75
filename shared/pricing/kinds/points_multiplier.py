"""多倍积分: points multiplied on what is bought."""

from __future__ import annotations

from typing import ClassVar

from shared.money import BASIS_POINTS
from shared.pricing.effect import NOTHING_LEFT, Effect, Miss, Portion
from shared.pricing.promotion import Layer, Money, Promotion, times_words


class PointsMultiplier(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="points_multiplier"):
    """Points of the scope's net amount times `multiplier_bp` (20,000 doubles). HQ's earning rule says how many.

    | net in scope | multiplier | result                    |
    |--------------|------------|---------------------------|
    | 30.00        | 2          | points on 30.00, doubled  |
    | 0.00         | 2          | nothing to earn on        |
    """

    LAYER: ClassVar[Layer] = Layer.REWARD
    FAMILY: ClassVar[str] = "multiplier"

    multiplier_bp: int

    def check(self) -> None:
        """Refuse a multiplier that takes points away."""
        if self.multiplier_bp <= BASIS_POINTS:
            raise ValueError("multiplier_bp is above 10000, which is single")

    @property
    def members_only(self) -> bool:
        """Only members earn points."""
        return True

    def effect(self, portion: Portion) -> Effect | Miss:
        """State the multiplier and what it counts on."""
        base = portion.net()
        if not base:
            return Miss(NOTHING_LEFT)
        used = [(row, portion.left[row]) for row in portion.rows]
        return Effect(saving=0, multiplier_bp=self.multiplier_bp, base_minor=base, used=used)

    def face(self) -> int:
        """The multiplier."""
        return self.multiplier_bp

    def gives(self, money: Money) -> dict[str, str]:
        """Say the multiplier."""
        del money
        times = times_words(self.multiplier_bp)
        return {"en": f"{times} times the points", "zh": f"{times} 倍积分"}
