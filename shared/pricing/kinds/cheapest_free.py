"""N 件免最低: the cheapest of every N pieces free."""

from __future__ import annotations

from typing import ClassVar

from shared.money import BASIS_POINTS
from shared.pricing.effect import Effect, Miss, Portion
from shared.pricing.kinds.giving import Giving
from shared.pricing.promotion import Layer, Money, Promotion


class CheapestFree(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="cheapest_free"):
    """`free` of every `n` pieces free: the cheapest of all, or with `each_set` the cheapest of each set in turn.

    | pieces            | offer             | discount      |
    |-------------------|-------------------|---------------|
    | 9, 5, 3           | cheapest of 3     | 3.00          |
    | 9, 8, 7, 3, 2, 1  | cheapest of 3     | 3.00 (1 and 2)|
    | 9, 8, 7, 3, 2, 1  | of 3, in each set | 8.00 (7 and 1)|
    | 9, 5              | cheapest of 3     | 0.00          |
    """

    LAYER: ClassVar[Layer] = Layer.SET
    FAMILY: ClassVar[str] = "set"

    n: int
    free: int = 1
    each_set: bool = False

    def check(self) -> None:
        """Refuse sets that are none."""
        if not 0 < self.free < self.n:
            raise ValueError("free is at least 1 and less than n")

    def effect(self, portion: Portion) -> Effect | Miss:
        """Give the cheapest."""
        rule = Giving(self.n - self.free, self.free, BASIS_POINTS, "each_set" if self.each_set else "cheapest")
        return rule.effect(portion)

    def face(self) -> int:
        """The share given of a set, in basis points."""
        return BASIS_POINTS * self.free // self.n

    def gives(self, money: Money) -> dict[str, str]:
        """Say the offer."""
        del money
        which = "the cheapest" if self.free == 1 else f"the {self.free} cheapest"
        return {"en": f"{which} of {self.n} free", "zh": f"{self.n}件免最低价{self.free}件"}
