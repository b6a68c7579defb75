"""赠品: something free with a purchase."""

from __future__ import annotations

from typing import ClassVar

from shared.pricing.effect import Effect, Miss, Portion, last_that, take_in_order
from shared.pricing.kinds.spend_and_get import give_gifts
from shared.pricing.promotion import Layer, Money, Promotion
from shared.pricing.scope import Scope
from shared.pricing.threshold import towards


class FreeGift(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="free_gift"):
    """`quantity` pieces of the `gifts` free once `need` is met in the scope; `every`: once per `need.spend_minor`.

    The gift must be in the basket, or with `add` is rung up by the till (one sort of gift only). Pieces given do not
    count towards `need`.

    | basket                  | offer                | pays  | says                |
    |-------------------------|----------------------|-------|---------------------|
    | 60.00, mug 9.00         | mug free from 50.00  | 60.00 |                     |
    | 60.00                   | mug free from 50.00  | 60.00 | take your gift      |
    | 60.00                   | ..., is added        | 60.00 | add 1 mug           |
    | 45.00, mug 9.00         | mug free from 50.00  | 54.00 | 5.00 more           |
    """

    LAYER: ClassVar[Layer] = Layer.ORDER
    FAMILY: ClassVar[str] = "gift"
    BY_PIECE: ClassVar[bool] = True

    gifts: list[str]
    quantity: int = 1
    add: bool = False
    every: bool = False

    def check(self) -> None:
        """Refuse gifts that are none."""
        if not self.gifts or self.quantity < 1:
            raise ValueError("a free gift names at least one item and at least 1 piece")
        if self.add and len(self.gifts) > 1:
            raise ValueError("the till can only add a gift when there is one sort")
        if self.every and not self.need.spend_minor:
            raise ValueError("a gift for every amount needs need.spend_minor")

    def scopes(self) -> list[Scope]:
        """Return what counts, then the gifts."""
        return [self.scope, Scope(items=self.gifts)]

    def effect(self, portion: Portion) -> Effect | Miss:
        """Give what is there, and name what is missing."""
        uses = self._times(portion)
        rows = portion.others[0]
        return give_gifts(portion, rows, self.gifts, self.quantity * uses, add=self.add, uses=uses)

    def aside(self, portion: Portion) -> list[tuple[int, int]]:
        """Set the gifts that are given apart: they are not spent for. Those beyond them are bought like anything."""
        return self._apart(portion, self._times(portion))

    def _times(self, portion: Portion) -> int:
        """Return how often the gift is given, 1 where it is not (yet) given at all."""
        if not self.every:
            return 1
        amount = self.need.spend_minor

        def holds(times: int) -> bool:
            return towards(portion, self, self._apart(portion, times)) >= amount * times

        return max(1, last_that(holds, min(towards(portion, self) // amount, portion.most)))

    def _apart(self, portion: Portion, times: int) -> list[tuple[int, int]]:
        return take_in_order(portion.left, portion.cheapest_first(portion.others[0]), self.quantity * times)

    def face(self) -> int:
        """The number of pieces."""
        return self.quantity

    def gives(self, money: Money) -> dict[str, str]:
        """Say that there is a gift."""
        del money
        return {"en": f"a free gift ({self.quantity})", "zh": f"送赠品 {self.quantity} 件"}
