"""The layers of a price, in order. Each takes what the layer before left and gives discounts with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.pricing.book import Price
from shared.pricing.model import BasketLine, Discount, PaperCoupon, Payer, PricingContext

MEMBER_PRICE = "member_price"
PAPER_COUPON = "paper_coupon"
COUPON_MATCH = "coupon_match"


def lowest_price(line: BasketLine, price: Price, gross_minor: int, context: PricingContext) -> list[Discount]:
    """Layer 1: the lowest price this customer is eligible for wins; a line is rounded before it is compared."""
    member = price.member()
    if member is None or context.member is None:
        return []
    saving = gross_minor - member.amount(line.quantity)
    if saving <= 0:
        return []
    return [Discount(reason=MEMBER_PRICE, minor=saving)]


def coupons(left_minor: int, handed_over: Sequence[PaperCoupon]) -> list[Discount]:
    """Layer 5: paper coupons in the order handed over, supplier's part first, capped at what is left."""
    discounts: list[Discount] = []
    for coupon in handed_over:
        for reason, minor, payers in (
            (PAPER_COUPON, coupon.supplier_minor, {Payer.SUPPLIER: 10_000}),
            (COUPON_MATCH, coupon.chain_minor, {}),
        ):
            taken = min(minor, left_minor)
            if taken > 0:
                discounts.append(Discount(reason=reason, minor=taken, source=coupon.code, payers=payers))
                left_minor -= taken
    return discounts


REASONS: Mapping[str, Mapping[str, str]] = {
    MEMBER_PRICE: {"en": "Member price", "zh": "会员价"},
    PAPER_COUPON: {"en": "Coupon", "zh": "优惠券"},
    COUPON_MATCH: {"en": "Coupon, store's share", "zh": "优惠券（门店补贴）"},
}
"""Words for each reason a discount can carry, by language."""
