"""Tier rules in words that people check before they publish: what reaches a tier, how long it holds, what it brings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cloud.loyalty.words import Language
from cloud.web.figures import with_sign
from shared.loyalty import (
    Benefit,
    BirthdayGift,
    CouponsMonthly,
    CouponsOnReaching,
    MemberDay,
    OwnPrices,
    PointsTimes,
    Tier,
    TierRule,
)
from shared.money import BASIS_POINTS

_WORDS: dict[str, dict[Language, str]] = {
    "no_tiers": {
        "en": "There are no tiers: all members are equal.",
        "zh": "没有会员等级：所有会员一视同仁。",
    },
    "from": {"en": "From {day} on:", "zh": "自 {day} 起："},
    "tier": {"en": "{name} ({code}): {what} {window}{less}.", "zh": "{name}（{code}）：{window}{what}{less}。"},
    "spend": {"en": "{amount} or more spent", "zh": "消费满 {amount}"},
    "less": {"en": ", less what came back", "zh": "（已扣除退货）"},
    "visits": {"en": "{amount} or more visits", "zh": "到店消费满 {amount} 次"},
    "growth": {"en": "a growth value of {amount} or more", "zh": "成长值达到 {amount}"},
    "all": {"en": "{one} and {other}", "zh": "{one}，并且{other}"},
    "any": {"en": "{one} or {other}", "zh": "{one}，或者{other}"},
    "calendar_year": {"en": "in a calendar year", "zh": "一个自然年内"},
    "anniversary_year": {"en": "in a year from the day of joining", "zh": "入会起每满一年内"},
    "rolling": {"en": "in the last {months} months", "zh": "最近 {months} 个月内"},
    "growth_is": {
        "en": "Growth value: 1 for every full {per} spent, {visit} for each visit.",
        "zh": "成长值：每消费满 {per} 得 1，每次到店得 {visit}。",
    },
    "never": {"en": "A tier once reached is never lost.", "zh": "达到的等级不会降低。"},
    "holds_year": {
        "en": "A tier holds until the end of the year after the one in which it was reached.",
        "zh": "达到的等级保留到次年年底。",
    },
    "holds_anniversary": {
        "en": "A tier holds until the end of the membership year after the one in which it was reached.",
        "zh": "达到的等级保留到下一个会员年度结束。",
    },
    "holds_months": {
        "en": "A tier holds for {months} months after the last day on which it was reached.",
        "zh": "等级在最后一次达标之日起保留 {months} 个月。",
    },
    "goes_at_once": {
        "en": "A tier goes on the day on which the last {months} months reach it no more.",
        "zh": "最近 {months} 个月不再达标之日即降级。",
    },
    "one_step": {"en": "Then it falls by one tier at a time.", "zh": "降级时每次只降一级。"},
    "to_earned": {"en": "Then it falls to what is reached.", "zh": "降级时降到当前达到的等级。"},
    "initial": {
        "en": "Everybody has {name} at least; no gifts come with that.",
        "zh": "所有会员至少为{name}；初始等级不送礼。",
    },
    "balance": {
        "en": "Points spent change no tier: it never follows the balance.",
        "zh": "等级与积分余额无关，使用积分不影响等级。",
    },
    "own_prices": {
        "en": "{name}: prices of its own (promotion {promotion}).",
        "zh": "{name}：专享价格（促销 {promotion}）。",
    },
    "points_times": {"en": "{name}: {times} times the points.", "zh": "{name}：{times} 倍积分。"},
    "member_day": {
        "en": "{name}: {times} times the points on {days}.",
        "zh": "{name}：会员日（{days}）{times} 倍积分。",
    },
    "month_day": {"en": "day {day} of the month", "zh": "每月 {day} 日"},
    "coupons_on_reaching": {
        "en": "{name}: {count} × coupon {batch} on reaching it, {often}.",
        "zh": "{name}：升级时送优惠券 {batch} × {count}，{often}。",
    },
    "once": {"en": "once for ever", "zh": "终身一次"},
    "every_months": {"en": "once in {months} months", "zh": "每 {months} 个月一次"},
    "coupons_monthly": {
        "en": "{name}: {count} × coupon {batch} each month from day {day} on.",
        "zh": "{name}：每月 {day} 日起送优惠券 {batch} × {count}。",
    },
    "birthday_coupons": {
        "en": "{name}: {count} × coupon {batch} once a year, from {before} days before the birthday to {after} after.",
        "zh": "{name}：每年生日前 {before} 天至后 {after} 天内送优惠券 {batch} × {count}，一年一次。",
    },
    "birthday_points": {
        "en": "{name}: {points} points once a year, from {before} days before the birthday to {after} after.",
        "zh": "{name}：每年生日前 {before} 天至后 {after} 天内送 {points} 积分，一年一次。",
    },
    "feb_28": {
        "en": "Whoever was born on 29 February has it on 28 February in other years.",
        "zh": "2 月 29 日出生的会员，平年按 2 月 28 日。",
    },
    "mar_1": {
        "en": "Whoever was born on 29 February has it on 1 March in other years.",
        "zh": "2 月 29 日出生的会员，平年按 3 月 1 日。",
    },
    "reason_earned": {"en": "reached now", "zh": "当前已达标"},
    "reason_kept": {"en": "kept from before", "zh": "保级期内"},
    "reason_never_down": {"en": "reached once, never lost", "zh": "曾达标，不降级"},
    "reason_one_step": {"en": "one step down at a time", "zh": "逐级降级中"},
    "reason_floor": {"en": "given by hand", "zh": "人工授予"},
    "reason_initial": {"en": "what everybody has", "zh": "初始等级"},
    "reason_": {"en": "reaches no tier", "zh": "未达到任何等级"},
}
_WEEKDAYS: dict[Language, tuple[str, ...]] = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
}
_COMMA: dict[Language, str] = {"en": ", ", "zh": "、"}


def tier_words(rule: TierRule, language: Language, exponent: int = 2, currency: str = "") -> list[str]:
    """Return what a tier rule says: a sentence for each tier, the lowest first, how they hold, what they bring.

    With a currency, amounts bear its sign.
    """
    if not rule.tiers:
        return [_say("no_tiers", language)]
    lines = [] if rule.valid_from is None else [_say("from", language, day=rule.valid_from)]
    window = _say(rule.window, language, months=rule.months)
    less = _say("less", language) if rule.measure in ("spend", "mix") else ""
    lines += [
        _say("tier", language, name=tier.name(language), code=tier.code, window=window,
             what=_asks(rule, tier, language, partial(with_sign, exponent=exponent, currency=currency)), less=less)
        for tier in rule.ladder
    ]  # fmt: skip
    if rule.measure == "growth":
        per = with_sign(rule.growth_per_minor, exponent, currency)
        lines.append(_say("growth_is", language, per=per, visit=rule.growth_per_visit))
    lines += _holds(rule, language)
    initial = rule.tier(rule.initial)
    if initial is not None:
        lines.append(_say("initial", language, name=initial.name(language)))
    lines += [benefit_words(one, tier, language) for tier in rule.ladder for one in tier.benefits]
    return [*lines, _say("balance", language)]


def _asks(rule: TierRule, tier: Tier, language: Language, amount: Callable[[int], str]) -> str:
    if rule.measure == "visits":
        return _say("visits", language, amount=tier.from_minor)
    if rule.measure == "growth":
        return _say("growth", language, amount=f"{tier.from_minor:,}")
    spend = _say("spend", language, amount=amount(tier.from_minor))
    if rule.measure == "mix" and tier.from_visits:
        return _say(rule.mix, language, one=spend, other=_say("visits", language, amount=tier.from_visits))
    return spend


def _holds(rule: TierRule, language: Language) -> list[str]:
    if rule.downgrade == "never":
        return [_say("never", language)]
    key = {"calendar_year": "holds_year", "anniversary_year": "holds_anniversary", "rolling": "holds_months"}
    held = "goes_at_once" if rule.downgrade == "rolling" else key[rule.window]
    step = "one_step" if rule.step == "one" else "to_earned"
    return [_say(held, language, months=rule.months), _say(step, language)]


def benefit_words(benefit: Benefit, tier: Tier, language: Language) -> str:
    """Return what a benefit of a tier says, as a sentence."""
    name = tier.name(language)
    match benefit:
        case OwnPrices():
            return _say("own_prices", language, name=name, promotion=benefit.promotion)
        case PointsTimes():
            return _say("points_times", language, name=name, times=times_words(benefit.times_bp))
        case MemberDay():
            times, days = times_words(benefit.times_bp), days_words(benefit, language)
            return _say("member_day", language, name=name, times=times, days=days)
        case CouponsOnReaching():
            often = _say("every_months" if benefit.every_months else "once", language, months=benefit.every_months)
            return _say(
                "coupons_on_reaching", language, name=name, count=benefit.count, batch=benefit.batch, often=often
            )
        case CouponsMonthly():
            return _say(
                "coupons_monthly", language, name=name, count=benefit.count, batch=benefit.batch, day=benefit.day
            )
        case BirthdayGift():
            return _birthday_words(benefit, name, language)


def _birthday_words(gift: BirthdayGift, name: str, language: Language) -> str:
    said = _say(
        "birthday_points" if gift.points else "birthday_coupons", language, name=name, count=gift.count,
        batch=gift.batch, points=f"{gift.points:,}", before=gift.days_before, after=gift.days_after,
    )  # fmt: skip
    return f"{said} {_say(gift.leap_day, language)}" if language == "en" else said + _say(gift.leap_day, language)


def reason_words(reason: str, language: Language) -> str:
    """Return why somebody stands where they stand."""
    return _say(f"reason_{reason}", language)


def days_words(benefit: MemberDay, language: Language) -> str:
    """Return which days are member days, such as "day 8 of the month, Tuesday"."""
    days = [_say("month_day", language, day=day) for day in benefit.month_days]
    return _COMMA[language].join([*days, *(_WEEKDAYS[language][day - 1] for day in benefit.weekdays)])


def times_words(times_bp: int) -> str:
    """Return a multiplier as people write it: 2, 1.5."""
    whole, rest = divmod(times_bp, BASIS_POINTS)
    return f"{whole}.{rest:04d}".rstrip("0") if rest else str(whole)


def _say(key: str, language: Language, **values: object) -> str:
    return _WORDS[key][language].format(**values)
