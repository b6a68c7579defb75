"""Rules in words that people check before they publish: the same numbers the engine uses, in English and Chinese."""

from __future__ import annotations

from typing import Literal

from cloud.web.figures import with_sign
from shared.loyalty import EarningRule
from shared.receipt.words import TENDERS
from shared.wire.events import TenderKind

Language = Literal["en", "zh"]

_WORDS: dict[str, dict[Language, str]] = {
    "earn": {
        "en": "From {day} on, members earn {points} per {spend} spent, each receipt rounded down once.",
        "zh": "自 {day} 起，会员每消费 {spend} 得 {points}，每张小票只向下取整一次。",
    },
    "earn_nothing": {
        "en": "From {day} on, members earn no points.",
        "zh": "自 {day} 起，会员消费不积分。",
    },
    "excluded": {"en": "Nothing is earned on {paths}.", "zh": "以下分类不积分：{paths}。"},
    "excluded_tenders": {
        "en": "What is paid by {tenders} earns nothing.",
        "zh": "用以下方式支付的部分不积分：{tenders}。",
    },
    "months": {
        "en": "Points end after {count} months, their last day included.",
        "zh": "积分自获得起 {count} 个月有效（含最后一天）。",
    },
    "year_end": {
        "en": "Points end with the year in which they were earned.",
        "zh": "积分于获得当年年底失效。",
    },
    "year_end_later": {
        "en": "Points end with year {count} after the one in which they were earned.",
        "zh": "积分于获得后第 {count} 年年底失效。",
    },
    "pending": {
        "en": "Points can be spent after {count} days.",
        "zh": "积分 {count} 天后可用。",
    },
    "example": {
        "en": "A receipt of {spend} earns {points}.",
        "zh": "一张 {spend} 的小票得 {points}。",
    },
    "owed": {
        "en": "Goods whose points are spent may come back: the member owes those points.",
        "zh": "积分已使用的商品可以退货，已用积分记为会员欠积分。",
    },
    "refused": {
        "en": "Goods whose points are spent do not come back where the till can ask; without a network the member owes "
        "those points.",
        "zh": "积分已使用的商品，联网时不予退货；断网时可退，已用积分记为会员欠积分。",
    },
    "points": {"en": "{count} points", "zh": "{count} 积分"},
    "one_point": {"en": "1 point", "zh": "1 积分"},
    "no_rule": {"en": "No earning rule yet: nobody earns points.", "zh": "还没有积分规则：消费不积分。"},
}


def earning_words(rule: EarningRule, language: Language, exponent: int = 2, currency: str = "") -> list[str]:
    """Return what an earning rule says, with an example, a sentence each; with a currency, amounts bear its sign."""
    if not rule.points:
        return [_say("earn_nothing", language, day=rule.valid_from)]
    spend = rule.per_minor * 10 + rule.per_minor // 2
    lines = [
        _say("earn", language, day=rule.valid_from, points=_points(rule.points, language),
             spend=with_sign(rule.per_minor, exponent, currency)),
        _say("example", language, spend=with_sign(spend, exponent, currency),
             points=_points(rule.earn(spend), language)),
    ]  # fmt: skip
    if rule.excluded_categories:
        separator = "、" if language == "zh" else ", "
        lines.append(_say("excluded", language, paths=separator.join(rule.excluded_categories)))
    if rule.excluded_tenders:
        tenders = [
            TENDERS[TenderKind(one)][language] if one in set(TenderKind) else one for one in rule.excluded_tenders
        ]
        lines.append(_say("excluded_tenders", language, tenders=("、" if language == "zh" else ", ").join(tenders)))
    return [*lines, *_lasting(rule, language), _say(rule.spent_points, language)]


def _lasting(rule: EarningRule, language: Language) -> list[str]:
    """Say how long points wait and last; nothing where they count at once and for ever."""
    lines = []
    if rule.pending_days:
        lines.append(_say("pending", language, count=rule.pending_days))
    if rule.expiry == "months":
        lines.append(_say("months", language, count=rule.expiry_count))
    elif rule.expiry == "year_end":
        lines.append(_say("year_end_later" if rule.expiry_count else "year_end", language, count=rule.expiry_count))
    return lines


def no_rule_words(language: Language) -> str:
    """Say that there is no earning rule."""
    return _say("no_rule", language)


def _points(count: int, language: Language) -> str:
    return _say("one_point", language) if count == 1 else _say("points", language, count=f"{count:,}")


def _say(key: str, language: Language, **values: object) -> str:
    return _WORDS[key][language].format(**values)
