"""Rules in words that people check before they publish: the same numbers the engine uses, in English and Chinese."""

from __future__ import annotations

from typing import Literal

from shared.loyalty import EarningRule

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


def earning_words(rule: EarningRule, language: Language, exponent: int = 2) -> list[str]:
    """Return what an earning rule says, with an example, a sentence each."""
    if not rule.points:
        return [_say("earn_nothing", language, day=rule.valid_from)]
    spend = rule.per_minor * 10 + rule.per_minor // 2
    lines = [
        _say("earn", language, day=rule.valid_from, points=_points(rule.points, language),
             spend=money(rule.per_minor, exponent)),
        _say("example", language, spend=money(spend, exponent), points=_points(rule.earn(spend), language)),
    ]  # fmt: skip
    if rule.excluded_categories:
        separator = "、" if language == "zh" else ", "
        lines.append(_say("excluded", language, paths=separator.join(rule.excluded_categories)))
    lines.append(_say(rule.spent_points, language))
    return lines


def no_rule_words(language: Language) -> str:
    """Say that there is no earning rule."""
    return _say("no_rule", language)


def money(minor: int, exponent: int) -> str:
    """Write minor units as people do; without the currency's sign, which is the store's."""
    whole, rest = divmod(minor, 10**exponent)
    return f"{whole:,}.{rest:0{exponent}d}" if exponent else f"{whole:,}"


def _points(count: int, language: Language) -> str:
    return _say("one_point", language) if count == 1 else _say("points", language, count=f"{count:,}")


def _say(key: str, language: Language, **values: object) -> str:
    return _WORDS[key][language].format(**values)
