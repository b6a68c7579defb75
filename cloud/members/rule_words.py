"""The rules about members in words, a sentence each."""

from __future__ import annotations

from cloud.members import rules
from cloud.members.profile import PROFILE
from cloud.web.figures import money
from shared.web.words import Language

_WORDS: dict[str, dict[Language, str]] = {
    "free": {"en": "Anybody may join.", "zh": "任何人都可以入会。"},
    "spend": {
        "en": "Who spent {minor} or more with the card within {days} days may join.",
        "zh": "持卡 {days} 天内累计消费满 {minor} 可入会。",
    },
    "receipt": {
        "en": "Who shows one receipt of {minor} or more from the last {days} days may join.",
        "zh": "凭 {days} 天内单张满 {minor} 的小票可入会。",
    },
    "cards_endless": {"en": "A card does not end.", "zh": "会员卡长期有效。"},
    "cards": {
        "en": "A card is valid for {months} months. Its member is told {days} days before it ends.",
        "zh": "会员卡有效期 {months} 个月，到期前 {days} 天提醒会员。",
    },
    "untold": {
        "en": "No message goes out before points end: members see it on their page.",
        "zh": "积分到期前不发消息，会员可在会员中心查看。",
    },
    "told": {
        "en": "Members get a message {days} days before points of theirs end.",
        "zh": "积分到期前 {days} 天发消息提醒会员。",
    },
    "no_reward": {"en": "A full profile is worth no points.", "zh": "完善资料不送积分。"},
    "reward": {
        "en": "Who has told all of this gets {points} points, once: {fields}.",
        "zh": "填齐以下资料一次性送 {points} 积分：{fields}。",
    },
    "merging": {
        "en": "Two members made one can be taken apart again for {days} days.",
        "zh": "合并会员后 {days} 天内可以撤销。",
    },
    "merging_never": {
        "en": "Two members made one cannot be taken apart again.",
        "zh": "合并会员后不能撤销。",
    },
    "watch": {
        "en": "A person looks at it when one card has more than {card} baskets a day, or more than {both} at one "
        "cashier.",
        "zh": "同一张卡一天超过 {card} 单，或在同一收银员处超过 {both} 单的，转人工核查。",
    },
    "claims": {
        "en": "The same for more than {cashier} receipts claimed afterwards by one cashier a day, or {member} by one "
        "member.",
        "zh": "同一收银员一天补登超过 {cashier} 张小票，或同一会员超过 {member} 张的，也转人工核查。",
    },
    "own": {
        "en": "And for more than {own} baskets a day that somebody rings up with their own card.",
        "zh": "员工用本人会员卡为自己收银，一天超过 {own} 单的，也转人工核查。",
    },
    "claim_days": {
        "en": "Points of a receipt can be claimed for {days} days. Nothing else here stops a customer.",
        "zh": "小票积分可在 {days} 天内补登；以上其他限额不会拦下顾客。",
    },
    "looks": {
        "en": "One till may ask {minute} times a minute and {hour} times an hour. After that it waits.",
        "zh": "每台收银机每分钟最多 {minute} 次、每小时最多 {hour} 次，超出需等待。",
    },
}


def rule_words(rule: rules.Rule, language: Language, exponent: int) -> list[str]:
    """Return what a rule says."""
    match rule:
        case rules.Entry():
            return [_say(rule.by, language, minor=money(rule.minor, exponent), days=rule.within_days)]
        case rules.Cards():
            key = "cards" if rule.valid_months else "cards_endless"
            return [_say(key, language, months=rule.valid_months, days=rule.notice_days)]
        case rules.ProfileReward():
            return [_reward(rule, language)]
        case rules.Merging() | rules.Notices():
            return [_in_days(rule, language)]
        case rules.Watch():
            return _watch(rule, language)
        case rules.PhoneLooks() | rules.WalletLooks():
            return [_say("looks", language, minute=rule.in_a_minute, hour=rule.in_an_hour)]
    raise TypeError(f"{type(rule).__name__} has no words here")


def _in_days(rule: rules.Merging | rules.Notices, language: Language) -> str:
    if isinstance(rule, rules.Merging):
        return _say("merging" if rule.undo_days else "merging_never", language, days=rule.undo_days)
    return _say("told" if rule.points_days else "untold", language, days=rule.points_days)


def _reward(rule: rules.ProfileReward, language: Language) -> str:
    if not rule.points:
        return _say("no_reward", language)
    names = ("、" if language == "zh" else ", ").join(PROFILE[name].names[language] for name in rule.fields)
    return _say("reward", language, points=rule.points, fields=names)


def _watch(rule: rules.Watch, language: Language) -> list[str]:
    return [
        _say("watch", language, card=rule.baskets_per_card, both=rule.baskets_per_card_and_cashier),
        _say("claims", language, cashier=rule.claims_per_cashier, member=rule.claims_per_member),
        _say("own", language, own=rule.own_card_baskets),
        _say("claim_days", language, days=rule.claim_days),
    ]


def _say(key: str, language: Language, **values: object) -> str:
    return _WORDS[key][language].format(**values)
