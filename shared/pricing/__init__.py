"""The engine that gives one explained price, the same on till and cloud."""

from shared.pricing.book import Item, Price, PriceBook, Unit
from shared.pricing.engine import ENGINE_LEVEL, price_basket
from shared.pricing.model import (
    BasketLine,
    Discount,
    MemberFacts,
    PaperCoupon,
    Payer,
    PricedBasket,
    PricedLine,
    PriceMissing,
    PricingContext,
)

__all__ = [
    "ENGINE_LEVEL",
    "BasketLine",
    "Discount",
    "Item",
    "MemberFacts",
    "PaperCoupon",
    "Payer",
    "Price",
    "PriceBook",
    "PriceMissing",
    "PricedBasket",
    "PricedLine",
    "PricingContext",
    "Unit",
    "price_basket",
]
