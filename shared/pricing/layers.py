"""Paper coupons of one line, and the words for every reason a discount can carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.pricing.model import PaperCoupon, Payer
from shared.pricing.state import State, WorkLine

MEMBER_PRICE = "member_price"
PAPER_COUPON = "paper_coupon"
COUPON_MATCH = "coupon_match"
_BY_SUPPLIER = {Payer.SUPPLIER: 10_000}
_BY_CHAIN: dict[Payer, int] = {}


def paper_coupons(state: State, handed_over: Sequence[PaperCoupon]) -> None:
    """Take paper coupons off their lines in the order handed over, the supplier's part first, as far as it is left."""
    by_number = {work.line.n: work for work in state.work}
    for coupon in handed_over:
        work = by_number.get(coupon.line)
        if work is not None and not work.row.closed:
            for reason, minor, payers in (
                (PAPER_COUPON, coupon.supplier_minor, _BY_SUPPLIER),
                (COUPON_MATCH, coupon.chain_minor, _BY_CHAIN),
            ):
                taken = min(minor, _room(state, work))
                if taken > 0:
                    work.take(taken, reason, coupon.code, payers)
                    state.net[work.row.index] -= taken


def _room(state: State, work: WorkLine) -> int:
    """Return what may still come off a line."""
    return min(work.net, state.room(work.row.index)) if state.floored else work.net


REASONS: Mapping[str, Mapping[str, str]] = {
    MEMBER_PRICE: {"en": "Member price", "zh": "会员价"},
    PAPER_COUPON: {"en": "Coupon", "zh": "优惠券"},
    COUPON_MATCH: {"en": "Coupon, store's share", "zh": "优惠券（门店补贴）"},
    "price_override": {"en": "Price changed", "zh": "改价"},
    "rounding": {"en": "Rounding", "zh": "抹零"},
    "weight_by_hand": {"en": "Weight typed in", "zh": "手工输入重量"},
    "weight_repeated": {"en": "Same weight again", "zh": "重量相同放行"},
    "special_price": {"en": "Special price", "zh": "特价"},
    "tier_price": {"en": "Tier price", "zh": "等级价"},
    "time_limited_price": {"en": "Flash price", "zh": "限时特价"},
    "percent_off": {"en": "Discount", "zh": "打折"},
    "amount_off": {"en": "Money off", "zh": "立减"},
    "n_for_price": {"en": "Multi-buy", "zh": "多件优惠"},
    "buy_x_get_y": {"en": "Buy and get", "zh": "买赠"},
    "nth_piece": {"en": "N-th piece", "zh": "多件折扣"},
    "cheapest_free": {"en": "Cheapest free", "zh": "最低价免单"},
    "bundle_price": {"en": "Bundle", "zh": "组合优惠"},
    "spend_and_get": {"en": "Spend and save", "zh": "满减"},
    "free_gift": {"en": "Free gift", "zh": "赠品"},
    "buy_with_purchase": {"en": "Add-on offer", "zh": "换购"},
    "order_percent": {"en": "Order discount", "zh": "整单折扣"},
    "coupon": {"en": "Coupon", "zh": "优惠券"},
    "points_redemption": {"en": "Paid with points", "zh": "积分抵现"},
    "points_multiplier": {"en": "Points multiplied", "zh": "多倍积分"},
    "extra_points": {"en": "Extra points", "zh": "加赠积分"},
}
"""Words for each reason a discount can carry, by language; the first after the coupons' are what people take off."""
