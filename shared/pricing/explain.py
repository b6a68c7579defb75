"""What became of a promotion, in words a cashier can read out, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from shared.pricing.layers import REASONS
from shared.pricing.model import Outcome, Status
from shared.pricing.promotion import Money, Promotion, times_words

Words = dict[str, str]

WHY_NOT: Mapping[str, Mapping[str, str]] = {
    "not_this_store": {"en": "not in this store", "zh": "本店不参加"},
    "not_this_till": {"en": "not at this kind of till", "zh": "本收银台不参加"},
    "not_now": {"en": "not at this time", "zh": "不在活动时间内"},
    "members_only": {"en": "for members only", "zh": "仅限会员"},
    "non_members_only": {"en": "only for customers without a card", "zh": "仅限非会员"},
    "not_this_tier": {"en": "not for this member's tier", "zh": "会员等级不符"},
    "not_this_segment": {"en": "not for this member", "zh": "该会员不在活动范围内"},
    "not_this_purchase": {"en": "not on this purchase", "zh": "不是活动指定的第几次消费"},
    "purchase_unknown": {
        "en": "cannot be checked now: how often the member bought is not known here",
        "zh": "暂时无法核实会员消费次数",
    },
    "birthday_unknown": {
        "en": "cannot be checked now: the member's birthday is not known here",
        "zh": "暂时无法核实会员生日",
    },
    "budget_used": {"en": "used up", "zh": "活动名额已用完"},
    "budget_unknown": {"en": "cannot be checked while offline", "zh": "离线时无法核实活动名额"},
    "beaten": {"en": "another offer saves more", "zh": "已享受更优惠的活动"},
    "not_enough": {"en": "not enough bought for it", "zh": "未达到活动门槛"},
    "nothing_left": {"en": "nothing left to take it off", "zh": "已无可优惠金额"},
    "nothing_in_scope": {"en": "nothing in the basket it is for", "zh": "没有适用的商品"},
    "floor": {"en": "the goods are at their lowest price", "zh": "商品已是最低价"},
    "unknown_coupon": {"en": "this coupon is not known", "zh": "无法识别的优惠券"},
    "coupon_twice": {"en": "this coupon was entered before", "zh": "该优惠券已使用"},
    "coupons_used_up": {"en": "no more of these coupons in one basket", "zh": "本单可用张数已满"},
    "take_gift": {"en": "take the gift and scan it", "zh": "请取赠品并扫码"},
    "take_item": {"en": "take the item that goes with it", "zh": "请取活动商品并扫码"},
    "choose_item": {"en": "choose an item", "zh": "可选换购商品"},
    "points_not_chosen": {"en": "ask the member whether to spend points", "zh": "请询问会员是否使用积分"},
    "no_points_asked": {"en": "no points were asked for", "zh": "未使用积分"},
    "too_few_points": {"en": "too few points", "zh": "积分不足"},
}
"""Why a promotion does nothing, by machine code and language."""


def explain(outcome: Outcome, promotion: Promotion | None, *, exponent: int = 2) -> Words:
    """Return one line about an outcome by language. `promotion` is None for a coupon that stands for none."""
    money = Money(exponent)
    name = _names(outcome, promotion)
    if outcome.status is Status.APPLIED:
        told = _applied(outcome, money)
    elif outcome.status is Status.NEAR and promotion is not None:
        told = near_miss(outcome, promotion, money)
    else:
        told = dict(WHY_NOT.get(outcome.reason, {"en": outcome.reason, "zh": outcome.reason}))
    return {"en": f"{name['en']}: {told['en']}", "zh": f"{name['zh']}：{told['zh']}"}


def near_miss(outcome: Outcome, promotion: Promotion, money: Money) -> Words:
    """Say what is missing and what it would give: "3.00 more gives 10.00 off", 再买 3.00 减 10."""
    gives = promotion.gives(money)
    if outcome.missing_minor:
        missing = money(outcome.missing_minor)
        return {"en": f"{missing} more gives {gives['en']}", "zh": f"再买 {missing} {gives['zh']}"}
    count = outcome.missing_quantity
    return {"en": f"{count} more: {gives['en']}", "zh": f"再买 {count} 件，{gives['zh']}"}


def _applied(outcome: Outcome, money: Money) -> Words:
    english, chinese = [], []
    if outcome.minor:
        english.append(f"{money(outcome.minor)} saved")
        chinese.append(f"优惠 {money(outcome.minor)}")
    if outcome.points:
        english.append(f"{outcome.points} points")
        chinese.append(f"送 {outcome.points} 积分")
    if outcome.multiplier_bp:
        times = times_words(outcome.multiplier_bp)
        english.append(f"{times} times the points on {money(outcome.base_minor)}")
        chinese.append(f"{money(outcome.base_minor)} 享 {times} 倍积分")
    if outcome.spent_points:
        english.append(f"{outcome.spent_points} points spent")
        chinese.append(f"使用 {outcome.spent_points} 积分")
    if outcome.issues:
        english.append(f"{len(outcome.issues)} coupon for next time")
        chinese.append(f"送优惠券 {len(outcome.issues)} 张")
    if outcome.gifts:
        pieces = sum(gift.quantity for gift in outcome.gifts)
        english.append(f"{pieces} gift to take")
        chinese.append(f"另有赠品 {pieces} 件")
    if outcome.withheld_minor:
        english.append(f"{money(outcome.withheld_minor)} held back by the lowest price")
        chinese.append(f"受最低价限制少优惠 {money(outcome.withheld_minor)}")
    if outcome.missing_minor:
        english.append(f"{money(outcome.missing_minor)} more for the next step")
        chinese.append(f"再买 {money(outcome.missing_minor)} 可享下一档")
    return {"en": ", ".join(english) or "applied", "zh": "，".join(chinese) or "已享受"}


def _names(outcome: Outcome, promotion: Promotion | None) -> Words:
    kind = REASONS.get(outcome.kind, {})
    given = promotion.names if promotion is not None else {}
    fallback = outcome.coupon or outcome.promotion
    return {language: given.get(language) or kind.get(language) or fallback for language in ("en", "zh")}
