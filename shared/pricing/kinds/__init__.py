"""Every kind of promotion this engine knows, one file each. A new kind is a file and a line here."""

from __future__ import annotations

from shared.pricing.kinds.amount_off import AmountOff
from shared.pricing.kinds.bundle_price import BundlePrice
from shared.pricing.kinds.buy_with_purchase import BuyWithPurchase
from shared.pricing.kinds.buy_x_get_y import BuyXGetY
from shared.pricing.kinds.cheapest_free import CheapestFree
from shared.pricing.kinds.coupon_off import CouponOff
from shared.pricing.kinds.extra_points import ExtraPoints
from shared.pricing.kinds.free_gift import FreeGift
from shared.pricing.kinds.member_price import MemberPrice
from shared.pricing.kinds.n_for_price import NForPrice
from shared.pricing.kinds.nth_piece import NthPiece
from shared.pricing.kinds.order_percent import OrderPercent
from shared.pricing.kinds.percent_off import PercentOff
from shared.pricing.kinds.points_multiplier import PointsMultiplier
from shared.pricing.kinds.points_redemption import PointsRedemption
from shared.pricing.kinds.special_price import SpecialPrice
from shared.pricing.kinds.spend_and_get import SpendAndGet
from shared.pricing.kinds.tier_price import TierPrice
from shared.pricing.kinds.time_limited_price import TimeLimitedPrice
from shared.pricing.promotion import Promotion

__all__ = [
    "ENGINE_LEVEL",
    "KINDS",
    "AmountOff",
    "AnyPromotion",
    "BundlePrice",
    "BuyWithPurchase",
    "BuyXGetY",
    "CheapestFree",
    "CouponOff",
    "ExtraPoints",
    "FreeGift",
    "MemberPrice",
    "NForPrice",
    "NthPiece",
    "OrderPercent",
    "PercentOff",
    "PointsMultiplier",
    "PointsRedemption",
    "SpecialPrice",
    "SpendAndGet",
    "TierPrice",
    "TimeLimitedPrice",
]

AnyPromotion = (
    SpecialPrice
    | MemberPrice
    | TierPrice
    | TimeLimitedPrice
    | PercentOff
    | AmountOff
    | NForPrice
    | BuyXGetY
    | NthPiece
    | CheapestFree
    | BundlePrice
    | SpendAndGet
    | FreeGift
    | BuyWithPurchase
    | OrderPercent
    | CouponOff
    | PointsRedemption
    | PointsMultiplier
    | ExtraPoints
)
"""A row of a price book's `promotions` body, told apart by its `kind`."""

KINDS: dict[str, type[Promotion]] = {
    "special_price": SpecialPrice,
    "member_price": MemberPrice,
    "tier_price": TierPrice,
    "time_limited_price": TimeLimitedPrice,
    "percent_off": PercentOff,
    "amount_off": AmountOff,
    "n_for_price": NForPrice,
    "buy_x_get_y": BuyXGetY,
    "nth_piece": NthPiece,
    "cheapest_free": CheapestFree,
    "bundle_price": BundlePrice,
    "spend_and_get": SpendAndGet,
    "free_gift": FreeGift,
    "buy_with_purchase": BuyWithPurchase,
    "order_percent": OrderPercent,
    "coupon": CouponOff,
    "points_redemption": PointsRedemption,
    "points_multiplier": PointsMultiplier,
    "extra_points": ExtraPoints,
}
"""Kinds by the tag their rows carry."""

ENGINE_LEVEL = 3
"""Rises with every kind and every field this engine learns; HQ refuses a book that needs more than a till has."""
