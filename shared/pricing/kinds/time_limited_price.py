"""限时特价: a price for a stated time, which may shut out everything later."""

from __future__ import annotations

from shared.money import UnitPrice
from shared.pricing.promotion import Money, PricePromotion
from shared.pricing.window import When


class TimeLimitedPrice(PricePromotion, frozen=True, kw_only=True, omit_defaults=True, tag="time_limited_price"):
    """Every piece in scope at a price while `when` lasts; a flash price is `exclusive` and shuts later layers out.

    | regular | flash               | other promotion | at    | pays |
    |---------|---------------------|-----------------|-------|------|
    | 5.00    | 3.00, 18:00-20:00   | 10% off         | 17:59 | 4.50 |
    | 5.00    | 3.00, 18:00-20:00   | 10% off         | 18:00 | 2.70 |
    | 5.00    | 3.00, exclusive     | 10% off         | 18:00 | 3.00 |
    """

    price_minor: int
    basis: int = 1

    def check(self) -> None:
        """Refuse a price that is none, or without an end."""
        UnitPrice(self.price_minor, self.basis)
        if self.when == When():
            raise ValueError("a time-limited price says when")

    def unit_price(self, tier: str) -> UnitPrice | None:
        """Return the price."""
        del tier
        return UnitPrice(self.price_minor, self.basis)

    def face(self) -> int:
        """A lower price promises more."""
        return -self.price_minor

    def gives(self, money: Money) -> dict[str, str]:
        """Say the price."""
        return {"en": f"for {money(self.price_minor)} now", "zh": f"限时价 {money(self.price_minor, short=True)}"}
