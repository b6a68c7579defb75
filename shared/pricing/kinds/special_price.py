"""特价: a special price for everybody."""

from __future__ import annotations

from shared.money import UnitPrice
from shared.pricing.promotion import Money, PricePromotion


class SpecialPrice(PricePromotion, frozen=True, kw_only=True, omit_defaults=True, tag="special_price"):
    """Every piece in scope at a price for `basis` units.

    | regular | special    | bought | pays  |
    |---------|------------|--------|-------|
    | 5.00    | 4.00       | 3      | 12.00 |
    | 5.00    | 6.00       | 3      | 15.00 |
    | 5.00    | 4.00, 2 max| 3      | 13.00 |
    """

    price_minor: int
    basis: int = 1

    def check(self) -> None:
        """Refuse a price that is none."""
        UnitPrice(self.price_minor, self.basis)

    def unit_price(self, tier: str) -> UnitPrice | None:
        """Return the price."""
        del tier
        return UnitPrice(self.price_minor, self.basis)

    def face(self) -> int:
        """A lower price promises more."""
        return -self.price_minor

    def gives(self, money: Money) -> dict[str, str]:
        """Say the price."""
        return {"en": f"for {money(self.price_minor)}", "zh": f"特价 {money(self.price_minor, short=True)}"}
