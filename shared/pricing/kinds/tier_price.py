"""等级价: a price by the member's tier."""

from __future__ import annotations

from shared.money import UnitPrice
from shared.pricing.promotion import Money, PricePromotion


class TierPrice(PricePromotion, frozen=True, kw_only=True, omit_defaults=True, tag="tier_price"):
    """Every piece in scope at the price of the member's tier; a tier that is not named has none.

    | regular | prices              | tier   | pays |
    |---------|---------------------|--------|------|
    | 5.00    | silver 4.5, gold 4  | gold   | 4.00 |
    | 5.00    | silver 4.5, gold 4  | silver | 4.50 |
    | 5.00    | silver 4.5, gold 4  | none   | 5.00 |
    """

    tier_minor: dict[str, int]
    basis: int = 1

    def check(self) -> None:
        """Refuse prices that are none."""
        if not self.tier_minor or "" in self.tier_minor:
            raise ValueError("a tier price names at least one tier and its price")
        for minor in self.tier_minor.values():
            UnitPrice(minor, self.basis)

    @property
    def members_only(self) -> bool:
        """Only members have a tier."""
        return True

    def unit_price(self, tier: str) -> UnitPrice | None:
        """Return the tier's price."""
        minor = self.tier_minor.get(tier)
        return None if minor is None else UnitPrice(minor, self.basis)

    def face(self) -> int:
        """A lower price promises more."""
        return -min(self.tier_minor.values())

    def gives(self, money: Money) -> dict[str, str]:
        """Say the prices."""
        prices = [(tier, money(minor)) for tier, minor in self.tier_minor.items()]
        return {
            "en": "for " + ", ".join(f"{price} ({tier})" for tier, price in prices),
            "zh": "等级价 " + "、".join(f"{tier} {price}" for tier, price in prices),
        }
