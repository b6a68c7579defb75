"""Rules of stored value in words that people check before they publish: the same numbers that tills go by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from cloud.web.figures import with_sign
from shared.value import TopUpCampaign, ValueRule

Language = Literal["en", "zh"]

_WORDS: dict[str, dict[Language, str]] = {
    "named_cap": {
        "en": "A card in a member's name holds at most {money}.",
        "zh": "记名卡余额最高 {money}。",
    },
    "no_named_cap": {"en": "A card in a member's name holds any amount.", "zh": "记名卡余额不设上限。"},
    "unnamed_cap": {"en": "A card in nobody's name holds at most {money}.", "zh": "不记名卡余额最高 {money}。"},
    "no_unnamed_cap": {"en": "A card in nobody's name holds any amount.", "zh": "不记名卡余额不设上限。"},
    "identity": {
        "en": "Whoever tops up {money} or more at once shows an identity card.",
        "zh": "单次充值满 {money} 须登记身份证件。",
    },
    "no_identity": {"en": "Nobody is asked for an identity card.", "zh": "充值无须登记身份证件。"},
    "principal_first": {
        "en": "What was paid in is spent first, gift money after it.",
        "zh": "先用本金，后用赠金。",
    },
    "gift_first": {"en": "Gift money is spent first, what was paid in after it.", "zh": "先用赠金，后用本金。"},
    "in_proportion": {
        "en": "What was paid in and gift money are spent in proportion to what is there.",
        "zh": "本金与赠金按余额比例同时扣减。",
    },
    "campaign": {
        "en": "From {starts} to {ends}, both days included: {gift} on top for a top-up of {start} or more{last}.",
        "zh": "{starts} 至 {ends}（含首尾两日）：充值满 {start} 送 {gift}{last}。",
    },
    "campaign_repeating": {
        "en": "From {starts} to {ends}, both days included: {gift} on top for every full {start} topped up{last}.",
        "zh": "{starts} 至 {ends}（含首尾两日）：每充值 {start} 送 {gift}{last}。",
    },
    "lasts": {"en": ", good for {months} months", "zh": "，赠金 {months} 个月内有效"},
    "no_campaign": {"en": "No top-up brings gift money.", "zh": "充值不送赠金。"},
    "fee": {"en": "Giving a card back costs {fee}; gift money ends with it.", "zh": "退卡手续费 {fee}，赠金同时作废。"},
    "no_fee": {
        "en": "Giving a card back costs nothing; gift money ends with it.",
        "zh": "退卡免手续费，赠金同时作废。",
    },
    "recover": {
        "en": "What a card owes is taken from its next top-up first.",
        "zh": "卡内欠款从下次充值中优先扣回。",
    },
    "no_recover": {
        "en": "What a card owes stays owed; top-ups are not touched.",
        "zh": "卡内欠款挂账，充值时不扣回。",
    },
    "hold": {
        "en": "A till that asks has {minutes} minutes to sell with what was set aside.",
        "zh": "收银台预占的金额须在 {minutes} 分钟内完成结账。",
    },
    "allowance": {
        "en": "Without a network a store may take {money} and {points} points from each of its {members} most recent "
        "members, for {hours} hours, and never more than {percent}% of what they have.",
        "zh": "断网时，门店可为最近到店的 {members} 位会员各扣 {money} 和 {points} 积分，有效 {hours} 小时，"
        "且不超过其可用余额的 {percent}%。",
    },
    "no_allowance": {
        "en": "Without a network nothing can be paid with stored value or points.",
        "zh": "断网时不能使用储值和积分付款。",
    },
    "and": {"en": "{one} and {other}", "zh": "{one}加 {other}"},
}


def rule_words(rule: ValueRule, language: Language, exponent: int = 2, currency: str = "") -> list[str]:
    """Return what the rules say, a sentence each; amounts bear the currency's sign where one is named."""

    def amount(minor: int) -> str:
        return with_sign(minor, exponent, currency)

    lines = [
        _say("named_cap", language, money=amount(rule.named_cap_minor))
        if rule.named_cap_minor
        else _say("no_named_cap", language),
        _say("unnamed_cap", language, money=amount(rule.unnamed_cap_minor))
        if rule.unnamed_cap_minor
        else _say("no_unnamed_cap", language),
        _say("identity", language, money=amount(rule.identity_from_minor))
        if rule.identity_from_minor
        else _say("no_identity", language),
    ]
    lines += [campaign_words(one, language, exponent, currency) for one in rule.campaigns] or [
        _say("no_campaign", language)
    ]
    lines.append(_say(rule.order_of_use, language))
    fee = _fee(rule, language, amount)
    lines.append(_say("fee", language, fee=fee) if fee else _say("no_fee", language))
    lines.append(_say("recover" if rule.recover_debt else "no_recover", language))
    lines.append(_say("hold", language, minutes=rule.hold_minutes))
    lines.append(_allowance(rule, language, amount))
    return lines


def campaign_words(one: TopUpCampaign, language: Language, exponent: int = 2, currency: str = "") -> str:
    """Return what one campaign says."""
    last = _say("lasts", language, months=one.gift_months) if one.gift_months else ""
    key = "campaign_repeating" if one.repeating else "campaign"
    return _say(
        key, language, starts=one.starts, ends=one.ends, gift=with_sign(one.gift_minor, exponent, currency),
        start=with_sign(one.from_minor, exponent, currency), last=last,
    )  # fmt: skip


def _fee(rule: ValueRule, language: Language, amount: Callable[[int], str]) -> str:
    share = f"{rule.return_fee_bp // 100}.{rule.return_fee_bp % 100:02d}%" if rule.return_fee_bp else ""
    fixed = amount(rule.return_fee_minor) if rule.return_fee_minor else ""
    return _say("and", language, one=share, other=fixed) if share and fixed else share or fixed


def _allowance(rule: ValueRule, language: Language, amount: Callable[[int], str]) -> str:
    if not (rule.allowance_minor or rule.allowance_points):
        return _say("no_allowance", language)
    return _say(
        "allowance", language, money=amount(rule.allowance_minor), points=f"{rule.allowance_points:,}",
        members=rule.allowance_members, hours=rule.allowance_hours, percent=rule.allowance_percent,
    )  # fmt: skip


def _say(key: str, language: Language, **values: object) -> str:
    return _WORDS[key][language].format(**values)
