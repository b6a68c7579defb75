"""The engine that gives one explained price, the same on till and cloud."""

from shared.pricing.context import (
    Choice,
    Counter,
    Coupon,
    MemberFacts,
    Per,
    PointsOffer,
    PricingContext,
)
from shared.pricing.engine import price_basket
from shared.pricing.index import NO_PROMOTIONS, PromotionIndex
from shared.pricing.kinds import ENGINE_LEVEL, KINDS, AnyPromotion
from shared.pricing.model import (
    BasketLine,
    Discount,
    Gift,
    Outcome,
    PaperCoupon,
    Payer,
    PricedBasket,
    PricedLine,
    PriceMissing,
    Status,
    UsedLine,
)
from shared.pricing.price_book import PriceBook
from shared.pricing.price_list import Item, Price, Unit
from shared.pricing.record import PricingFacts, PromotionUse, context_of, facts_of, uses_of

__all__ = [
    "ENGINE_LEVEL",
    "KINDS",
    "NO_PROMOTIONS",
    "AnyPromotion",
    "BasketLine",
    "Choice",
    "Counter",
    "Coupon",
    "Discount",
    "Gift",
    "Item",
    "MemberFacts",
    "Outcome",
    "PaperCoupon",
    "Payer",
    "Per",
    "PointsOffer",
    "Price",
    "PriceBook",
    "PriceMissing",
    "PricedBasket",
    "PricedLine",
    "PricingContext",
    "PricingFacts",
    "PromotionIndex",
    "PromotionUse",
    "Status",
    "Unit",
    "UsedLine",
    "context_of",
    "facts_of",
    "price_basket",
    "uses_of",
]
