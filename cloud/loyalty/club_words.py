"""The rules of friends brought, the leaderboard and points handed on, in words."""

from __future__ import annotations

from cloud.loyalty.words import Language
from cloud.members import rules
from cloud.web.figures import money, with_sign

_WORDS: dict[str, dict[Language, str]] = {
    "referral_off": {"en": "Bringing a friend is worth nothing yet.", "zh": "推荐好友暂无奖励。"},
    "referral": {
        "en": "Whoever brings a friend gets {points} points, the friend {friend}, when the friend's first purchase of "
        "{least} or more within {within} days of joining has stayed bought for {pending} days.",
        "zh": "好友入会 {within} 天内首次消费满 {least}，且 {pending} 天内未退货，推荐人得 {points} 积分，"
        "好友得 {friend} 积分。",
    },
    "referral_back": {
        "en": "Goods that come back later take both back.",
        "zh": "之后退货的，双方奖励一并收回。",
    },
    "referral_odd": {
        "en": "More than {most} friends a month, friends of one's own family or enrolled by one's own hand go to the "
        "review desk.",
        "zh": "每月超过 {most} 位好友、同一家庭成员，或由推荐人本人办理入会的，转人工核查。",
    },
    "board_off": {"en": "There is no leaderboard.", "zh": "未开启排行榜。"},
    "board": {
        "en": "The first {places} by {by} of each {period}, masked. Only whoever agreed to it stands there.",
        "zh": "每{period}按{by}排出前 {places} 名，姓名脱敏，仅展示本人同意上榜的会员。",
    },
    "ties": {"en": "Equal figures share a place.", "zh": "数值相同者名次并列。"},
    "transfers_off": {"en": "Members cannot hand points on.", "zh": "会员之间不能转赠积分。"},
    "transfers": {
        "en": "Members can hand on {least} to {once} points at a time and {month} a month, to {to}.",
        "zh": "会员可将积分转赠给{to}，每次 {least} 至 {once} 积分，每月最多 {month} 积分。",
    },
    "fee": {
        "en": "{fee} % of them stay with the chain. Points keep the day on which they end.",
        "zh": "收取 {fee}% 手续费；积分有效期不变。",
    },
    "no_fee": {"en": "Points keep the day on which they end.", "zh": "积分有效期不变。"},
    "spend": {"en": "spend", "zh": "消费额"},
    "visits": {"en": "visits", "zh": "到店次数"},
    "points": {"en": "points earned", "zh": "所得积分"},
    "month": {"en": "month", "zh": "月"},
    "quarter": {"en": "quarter", "zh": "季度"},
    "year": {"en": "year", "zh": "年"},
    "family": {"en": "members of their family", "zh": "同一家庭的会员"},
    "all": {"en": "any member", "zh": "任何会员"},
}


def club_words(rule: rules.Rule, language: Language, exponent: int, currency: str) -> list[str]:
    """Return what a rule says, a sentence each; amounts bear the currency's sign."""
    match rule:
        case rules.Referral():
            return _referral(rule, language, with_sign(rule.least_minor, exponent, currency))
        case rules.Leaderboard():
            return _leaderboard(rule, language)
        case rules.Transfers():
            return _transfers(rule, language)
    raise TypeError(f"{type(rule).__name__} has no words here")


def _referral(rule: rules.Referral, language: Language, least: str) -> list[str]:
    if not rule.is_on:
        return [_say("referral_off", language)]
    said = _say(
        "referral", language, points=rule.points, friend=rule.friend_points, within=rule.within_days,
        least=least, pending=rule.pending_days,
    )  # fmt: skip
    return [said, _say("referral_back", language), _say("referral_odd", language, most=rule.most_in_a_month)]


def _leaderboard(rule: rules.Leaderboard, language: Language) -> list[str]:
    if not rule.on:
        return [_say("board_off", language)]
    by, period = _say(rule.by, language), _say(rule.period, language)
    return [_say("board", language, places=rule.places, by=by, period=period), _say("ties", language)]


def _transfers(rule: rules.Transfers, language: Language) -> list[str]:
    if rule.to == "nobody":
        return [_say("transfers_off", language)]
    said = _say(
        "transfers", language, least=rule.least, once=rule.most_at_once, month=rule.most_in_a_month,
        to=_say(rule.to, language),
    )  # fmt: skip
    fee = _say("fee", language, fee=money(rule.fee_bp, 2)) if rule.fee_bp else _say("no_fee", language)
    return [said, fee]


def _say(key: str, language: Language, **values: object) -> str:
    return _WORDS[key][language].format(**values)
