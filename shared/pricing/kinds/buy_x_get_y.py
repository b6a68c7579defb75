"""买 X 送 Y: buy some, get some free or at a percentage off, of the same goods or of others."""

from __future__ import annotations

from typing import ClassVar

from shared.money import BASIS_POINTS
from shared.pricing.effect import Effect, Miss, Portion
from shared.pricing.kinds.giving import Giving
from shared.pricing.promotion import Layer, Money, Promotion, Which, percent, tenths
from shared.pricing.scope import Scope


class BuyXGetY(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="buy_x_get_y"):
    """For every `buy` pieces of the scope, `get` pieces at `off_bp` off: of `get_scope`, or of the scope itself.

    The cheapest eligible pieces are the given ones unless `which` says otherwise; whole sets only. `given_bear` leaves
    the discount on the given pieces instead of spreading it over all of the set.

    | pieces               | offer              | discount |
    |----------------------|--------------------|----------|
    | 3 x 5.00             | buy 2 get 1        | 5.00     |
    | 5 x 5.00             | buy 2 get 1        | 5.00     |
    | 10, 8, 6, 4, 2, 1    | buy 2 get 1        | 3.00     |
    | 10, 8, 6, 4, 2, 1    | ... in each set    | 7.00     |
    | 2 x 5.00, 1 x 3.00   | buy 2, other free  | 3.00     |
    """

    LAYER: ClassVar[Layer] = Layer.SET
    FAMILY: ClassVar[str] = "set"

    buy: int
    get: int = 1
    off_bp: int = BASIS_POINTS
    get_scope: Scope | None = None
    which: Which = "cheapest"
    same_item: bool = False
    given_bear: bool = False

    def check(self) -> None:
        """Refuse sets that are none."""
        if self.buy < 1 or self.get < 1 or not 0 < self.off_bp <= BASIS_POINTS:
            raise ValueError("buy and get are at least 1, off_bp 1 to 10000")
        if self.get_scope is not None and (self.same_item or self.which == "each_set"):
            raise ValueError("what is given comes from the same article or set, or from get_scope, not both")

    def scopes(self) -> list[Scope]:
        """Return what is bought, then what is given."""
        return [self.scope] if self.get_scope is None else [self.scope, self.get_scope]

    def effect(self, portion: Portion) -> Effect | Miss:
        """Give as many as were bought for."""
        rule = Giving(self.buy, self.get, self.off_bp, self.which, self.same_item, self.given_bear)
        return rule.effect(portion, portion.others[0] if portion.others else None)

    def face(self) -> int:
        """The share given of a set, in basis points."""
        return self.off_bp * self.get // (self.buy + self.get)

    def gives(self, money: Money) -> dict[str, str]:
        """Say the offer."""
        del money
        free = self.off_bp == BASIS_POINTS
        return {
            "en": f"buy {self.buy} get {self.get} " + ("free" if free else f"at {percent(self.off_bp)} off"),
            "zh": f"买{self.buy}送{self.get}" if free else f"买{self.buy}件，另{self.get}件{tenths(self.off_bp)}",
        }
