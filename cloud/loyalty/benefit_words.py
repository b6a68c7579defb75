"""What a tier brings, as its members read it: by what a coupon is called, without codes of ours."""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session, col, select

from cloud.coupons.models import CouponBatch
from cloud.loyalty.tier_words import days_words, times_words
from cloud.loyalty.words import Language
from shared.loyalty import (
    Benefit,
    BirthdayGift,
    CouponsMonthly,
    CouponsOnReaching,
    MemberDay,
    OwnPrices,
    PointsTimes,
    Tier,
)

_WORDS: dict[str, dict[Language, str]] = {
    "own_prices": {"en": "Prices of your own on some goods", "zh": "部分商品享专属价"},
    "points_times": {"en": "{times} times the points", "zh": "{times} 倍积分"},
    "member_day": {"en": "{times} times the points on {days}", "zh": "会员日（{days}）{times} 倍积分"},
    "reaching": {"en": "{count} × {coupon} on reaching it", "zh": "升级送{coupon} × {count}"},
    "monthly": {"en": "{count} × {coupon} each month", "zh": "每月送{coupon} × {count}"},
    "birthday_coupons": {"en": "{count} × {coupon} for your birthday", "zh": "生日送{coupon} × {count}"},
    "birthday_points": {"en": "{points} points for your birthday", "zh": "生日送 {points} 积分"},
    "coupon": {"en": "coupon", "zh": "优惠券"},
}


def titles_of(session: Session, tier: Tier) -> Mapping[str, str]:
    """Return what the coupons that a tier brings are called, by batch."""
    batches = [one.batch for one in tier.benefits if isinstance(one, CouponsOnReaching | CouponsMonthly | BirthdayGift)]
    rows = session.exec(select(CouponBatch.id, CouponBatch.title).where(col(CouponBatch.id).in_(batches)))
    return dict(rows.all())


def member_words(benefit: Benefit, titles: Mapping[str, str], language: Language) -> str:
    """Return what a benefit says to whoever has it."""
    match benefit:
        case OwnPrices():
            said = _say("own_prices", language)
        case PointsTimes():
            said = _say("points_times", language, times=times_words(benefit.times_bp))
        case MemberDay():
            days = days_words(benefit, language)
            said = _say("member_day", language, times=times_words(benefit.times_bp), days=days)
        case CouponsOnReaching():
            said = _coupons("reaching", benefit.batch, benefit.count, titles, language)
        case CouponsMonthly():
            said = _coupons("monthly", benefit.batch, benefit.count, titles, language)
        case BirthdayGift(points=0):
            said = _coupons("birthday_coupons", benefit.batch, benefit.count, titles, language)
        case BirthdayGift():
            said = _say("birthday_points", language, points=f"{benefit.points:,}")
    return said


def _coupons(key: str, batch: str, count: int, titles: Mapping[str, str], language: Language) -> str:
    return _say(key, language, count=count, coupon=titles.get(batch) or _say("coupon", language))


def _say(key: str, language: Language, **values: object) -> str:
    return _WORDS[key][language].format(**values)
