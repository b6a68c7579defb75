"""Everything held about a member as one page, for them to print or keep: no scripts, no links, nothing loaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from cloud.members.profile import PROFILE, shown
from shared.web.words import HTML_LANGUAGE, Language

_TITLE = {"en": "Everything we hold about you", "zh": "我们保存的关于您的全部信息"}
_NOTHING = {"en": "nothing", "zh": "无"}
_PARTS: Mapping[str, Mapping[Language, str]] = {
    "member": {"en": "Membership", "zh": "会员资料"},
    "merged": {"en": "Known before as", "zh": "合并前的会员记录"},
    "fields": {"en": "What you told us", "zh": "您提供的信息"},
    "cards": {"en": "Cards", "zh": "会员卡"},
    "consents": {"en": "What you agreed to", "zh": "您的授权"},
    "points": {"en": "Balances", "zh": "余额"},
    "postings": {"en": "How they came about", "zh": "余额明细"},
    "purses": {"en": "Stored value", "zh": "储值账户"},
    "years": {"en": "Years", "zh": "年度消费"},
    "days": {"en": "Days you bought on", "zh": "消费日期"},
    "standing": {"en": "Tier", "zh": "会员等级"},
    "tier_changes": {"en": "Changes of tier", "zh": "等级变动"},
    "tier_gifts": {"en": "Gifts of your tier", "zh": "等级礼遇"},
    "referrals": {"en": "Friends brought", "zh": "推荐好友"},
    "transfers": {"en": "Points handed on", "zh": "积分转赠"},
    "tier_by_hand": {"en": "Tier given by hand", "zh": "人工授予的等级"},
    "corrections": {"en": "Corrected by hand", "zh": "人工更正"},
    "coupons_given": {"en": "Coupons given to you", "zh": "获得的优惠券"},
    "gifts": {"en": "Gifts for points", "zh": "积分兑换"},
    "draws": {"en": "Prize draws", "zh": "抽奖记录"},
    "to_fetch": {"en": "Waiting to be fetched", "zh": "待领取"},
    "sales": {"en": "Purchases", "zh": "购买记录"},
    "sale_lines": {"en": "What was bought", "zh": "商品明细"},
    "discounts": {"en": "Reductions", "zh": "优惠明细"},
    "coupons": {"en": "Coupons", "zh": "用券明细"},
    "tenders": {"en": "Payments", "zh": "付款方式"},
    "returns": {"en": "Returns", "zh": "退货"},
    "return_lines": {"en": "What was returned", "zh": "退货商品"},
    "swipes": {"en": "Times the card was shown", "zh": "刷卡记录"},
    "known_to_stores": {"en": "Stores that know you", "zh": "知道您的门店"},
    "blocks": {"en": "Restrictions", "zh": "限制"},
    "family": {"en": "Family", "zh": "家庭"},
    "notices": {"en": "Notices", "zh": "通知"},
    "staff_card": {"en": "Known as staff", "zh": "员工身份"},
    "duplicates": {"en": "May be the same as", "zh": "疑似重复"},
    "merges": {"en": "Made one with", "zh": "合并记录"},
    "claims": {"en": "Points claimed by receipt", "zh": "小票补积分"},
    "reviews": {"en": "Looked into", "zh": "核查记录"},
    "offers_used": {"en": "Limited offers you used", "zh": "已享受的限次优惠"},
    "segments": {"en": "Groups you are counted in", "zh": "您所在的人群分组"},
    "messages": {"en": "Messages sent to you", "zh": "发给您的消息"},
    "signed_in": {"en": "Browsers you are signed in with", "zh": "已登录的浏览器"},
    "wechat": {"en": "WeChat", "zh": "微信"},
    "audit": {"en": "Who did what", "zh": "操作记录"},
}
_STYLE = (
    "body{font:15px/1.5 system-ui,'Noto Sans SC','PingFang SC','Microsoft YaHei',sans-serif;margin:2rem;color:#111}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}table{border-collapse:collapse;font-size:.85rem}"
    "th,td{border:1px solid #bbb;padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
)


def page(facts: Mapping[str, Any], language: Language) -> str:
    """Return the page of what `cloud.members.disclosure.export` gives."""
    parts = "".join(_part(name, rows, language) for name, rows in facts.items())
    title = _TITLE[language]
    return (
        f'<!doctype html><html lang="{HTML_LANGUAGE[language]}"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>{parts}</body></html>"
    )


def _part(name: str, rows: Any, language: Language) -> str:
    heading = f"<h2>{escape(_PARTS[name][language])}</h2>"
    found: Sequence[Mapping[str, Any]] = [rows] if isinstance(rows, Mapping) else rows
    if not found:
        return f"{heading}<p>{_NOTHING[language]}</p>"
    if name == "fields":
        found = [_field(row, language) for row in found]
    columns = list(found[0])
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td>{escape('' if row[column] is None else str(row[column]))}</td>" for column in columns)
        + "</tr>"
        for row in found
    )
    return f"{heading}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _field(row: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """Name a field and its choices as people do."""
    name, value = str(row["name"]), str(row["value"])
    return {**row, "name": PROFILE[name].names[language], "value": shown(name, value, language)}
