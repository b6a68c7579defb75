"""加赠积分: points on top, for the order, for each piece or for each amount."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from shared.pricing.effect import NOT_ENOUGH, Effect, Miss, Portion
from shared.pricing.promotion import Layer, Money, Promotion


class Once(StrEnum):
    """What the points are given once for."""

    ORDER = "order"
    PIECE = "piece"
    SPEND = "spend"
    """Each `per_minor` of what is paid for the scope."""


class ExtraPoints(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="extra_points"):
    """`points` once per order, per piece in scope, or for each whole `per_minor` paid in scope.

    | in scope       | rule              | points |
    |----------------|-------------------|--------|
    | 3 pieces       | 5 a piece         | 15     |
    | 29.99 paid     | 10 each 10.00     | 20     |
    | anything       | 50 an order       | 50     |
    """

    LAYER: ClassVar[Layer] = Layer.REWARD
    FAMILY: ClassVar[str] = "extra_points"

    points: int
    once: Once = Once.ORDER
    per_minor: int = 0

    def check(self) -> None:
        """Refuse points that are none."""
        if self.points < 1 or (self.once is Once.SPEND) != (self.per_minor > 0):
            raise ValueError("points are at least 1; per_minor goes with once = spend")

    @property
    def members_only(self) -> bool:
        """Only members earn points."""
        return True

    def effect(self, portion: Portion) -> Effect | Miss:
        """Count what the points are given for."""
        times = 1
        if self.once is Once.PIECE:
            times = portion.free(portion.rows)
        elif self.once is Once.SPEND:
            net = portion.net()
            times = net // self.per_minor
            if not times:
                return Miss(NOT_ENOUGH, missing_minor=self.per_minor - net, near=2 * net >= self.per_minor)
        times = min(times, portion.most)
        used = [(row, portion.left[row]) for row in portion.rows]
        return Effect(saving=0, uses=times, points=self.points * times, used=used)

    def face(self) -> int:
        """The points."""
        return self.points

    def gives(self, money: Money) -> dict[str, str]:
        """Say the points."""
        del money
        return {"en": f"{self.points} points more", "zh": f"加赠 {self.points} 积分"}
