"""会员价: a price for members."""

from __future__ import annotations

from shared.money import UnitPrice
from shared.pricing.promotion import Money, PricePromotion


class MemberPrice(PricePromotion, frozen=True, kw_only=True, omit_defaults=True, tag="member_price"):
    """Every piece in scope at a price for whoever shows a member card, beside the member prices of the price rows.

    | regular | member price | customer | bought | pays |
    |---------|--------------|----------|--------|------|
    | 5.00    | 4.50         | anybody  | 2      | 10.00|
    | 5.00    | 4.50         | member   | 2      | 9.00 |
    """

    price_minor: int
    basis: int = 1

    def check(self) -> None:
        """Refuse a price that is none."""
        UnitPrice(self.price_minor, self.basis)

    @property
    def members_only(self) -> bool:
        """Only members get it, whatever `who` says beside."""
        return True

    def unit_price(self, tier: str) -> UnitPrice | None:
        """Return the price."""
        del tier
        return UnitPrice(self.price_minor, self.basis)

    def face(self) -> int:
        """A lower price promises more."""
        return -self.price_minor

    def gives(self, money: Money) -> dict[str, str]:
        """Say the price."""
        return {
            "en": f"for {money(self.price_minor)} with a member card",
            "zh": f"会员价 {money(self.price_minor, short=True)}",
        }
