"""第二件半价: every N-th piece at a percentage off."""

from __future__ import annotations

from typing import ClassVar

from shared.money import BASIS_POINTS
from shared.pricing.effect import Effect, Miss, Portion
from shared.pricing.kinds.giving import Giving
from shared.pricing.promotion import Layer, Money, Promotion, Which, percent, tenths


class NthPiece(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="nth_piece"):
    """One of every `n` pieces at `off_bp` off, the cheapest unless `which` says otherwise.

    | pieces            | offer                       | discount            |
    |-------------------|-----------------------------|---------------------|
    | 2 x 5.00          | second at half price        | 2.50                |
    | 3 x 5.00          | second at half price        | 2.50                |
    | 2 x 0.99          | second at half price        | 0.50 (of 0.495)     |
    | 8.00, 6.00 of two | second at half, same article| 0.00                |
    """

    LAYER: ClassVar[Layer] = Layer.SET
    FAMILY: ClassVar[str] = "set"

    n: int = 2
    off_bp: int = 5000
    which: Which = "cheapest"
    same_item: bool = False

    def check(self) -> None:
        """Refuse sets that are none."""
        if self.n < 2 or not 0 < self.off_bp <= BASIS_POINTS:
            raise ValueError("n is at least 2, off_bp 1 to 10000")

    def effect(self, portion: Portion) -> Effect | Miss:
        """Take the percentage off one piece of every set."""
        return Giving(self.n - 1, 1, self.off_bp, self.which, self.same_item).effect(portion)

    def face(self) -> int:
        """The share given of a set, in basis points."""
        return self.off_bp // self.n

    def gives(self, money: Money) -> dict[str, str]:
        """Say the offer."""
        del money
        number = "一二三四五六七八九十"[self.n - 1] if self.n <= 10 else str(self.n)
        rate = "半价" if self.off_bp == 5000 else "免费" if self.off_bp == BASIS_POINTS else tenths(self.off_bp)
        return {"en": f"{percent(self.off_bp)} off piece {self.n}", "zh": f"第{number}件{rate}"}
