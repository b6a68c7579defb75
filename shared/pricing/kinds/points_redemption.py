"""积分抵现: points as money."""

from __future__ import annotations

from typing import ClassVar

from shared.money import BASIS_POINTS
from shared.pricing.effect import Effect, Miss, Portion, off_rows
from shared.pricing.promotion import Layer, Money, Promotion, percent


class PointsRedemption(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="points_redemption"):
    """`points` are worth `worth_minor`; at most `cap_bp` of the order, in steps of `step_points`.

    Only what the customer asks for is spent, never more than needed; a part of a minor unit costs a whole point more
    (points are rounded up when spent). `need.spend_minor` is the smallest order.

    | order  | rule                        | asked | spent | discount |
    |--------|-----------------------------|-------|-------|----------|
    | 50.00  | 100 = 1.00, up to 50%       | 1,000 | 1,000 | 10.00    |
    | 50.00  | 100 = 1.00, up to 50%       | 9,000 | 2,500 | 25.00    |
    | 50.00  | 100 = 1.00, steps of 200    | 500   | 400   | 4.00     |
    | 0.10   | 7 = 0.03                    | 100   | 24    | 0.10     |
    """

    LAYER: ClassVar[Layer] = Layer.POINTS
    FAMILY: ClassVar[str] = "points"

    points: int = 100
    worth_minor: int = 100
    cap_bp: int = BASIS_POINTS
    step_points: int = 1

    def check(self) -> None:
        """Refuse rates that are none."""
        if min(self.points, self.worth_minor, self.step_points) < 1 or not 0 < self.cap_bp <= BASIS_POINTS:
            raise ValueError("points, worth_minor and step_points are at least 1, cap_bp 1 to 10000")

    @property
    def members_only(self) -> bool:
        """Only members have points."""
        return True

    def effect(self, portion: Portion) -> Effect | Miss:
        """Spend what was asked, as far as the order, the cap and the member's points go."""
        facts = portion.facts
        asked = min(facts.points_as_money, facts.points_left)
        if not asked:
            return Miss("no_points_asked")
        room = min(portion.net() * self.cap_bp // BASIS_POINTS, portion.money)
        most = -(-room * self.points // self.worth_minor)
        spending = min(asked, most) // self.step_points * self.step_points
        worth = min(spending * self.worth_minor // self.points, room)
        if not worth:
            return Miss("too_few_points")
        effect = off_rows(portion, worth)
        if isinstance(effect, Effect):
            needed = -(-effect.saving * self.points // self.worth_minor)
            effect.spent_points = -(-needed // self.step_points) * self.step_points
        return effect

    def face(self) -> int:
        """What a point is worth, scaled."""
        return self.worth_minor * BASIS_POINTS // self.points

    def gives(self, money: Money) -> dict[str, str]:
        """Say the rate."""
        cap = "" if self.cap_bp == BASIS_POINTS else percent(self.cap_bp)
        return {
            "en": f"{self.points} points pay {money(self.worth_minor)}" + (f", up to {cap}" if cap else ""),
            "zh": f"{self.points} 积分抵 {money(self.worth_minor, short=True)} 元" + (f"，最多抵 {cap}" if cap else ""),
        }
