"""What the page of everything held about a member calls the codes that stand in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from cloud.members.journal_words import JOURNALS, OTHER, known
from shared.web.words import Language

_STATES: Mapping[str, tuple[str, str]] = {
    "active": ("in use", "有效"),
    "applied": ("asked for", "已申请"),
    "cancelled": ("cancelled", "已取消"),
    "closed": ("ended", "已注销"),
    "delivered": ("arrived", "已送达"),
    "erased": ("erased", "已删除"),
    "expired": ("over", "已过期"),
    "failed": ("failed", "发送失败"),
    "fetched": ("fetched", "已领取"),
    "frozen": ("frozen", "已冻结"),
    "issued": ("can be used", "可使用"),
    "lost": ("lost", "已挂失"),
    "merged": ("made one with another", "已合并"),
    "open": ("open", "处理中"),
    "ordered": ("waits", "待领取"),
    "paid": ("paid", "已付"),
    "posted": ("done", "已入账"),
    "queued": ("to be sent", "待发送"),
    "refused": ("refused", "已拒绝"),
    "replaced": ("replaced", "已更换"),
    "reserved": ("at a till", "结账占用中"),
    "returned": ("given back", "已退还"),
    "rewarded": ("thanked for", "已奖励"),
    "sent": ("sent", "已发送"),
    "unknown": ("not known", "未知"),
    "used": ("used", "已使用"),
    "voided": ("withdrawn", "已作废"),
    "waiting": ("waits", "待领取"),
}
_SOURCES: Mapping[str, tuple[str, str]] = {
    "api": ("another system", "其他系统"),
    "desk": ("service desk", "服务台"),
    "head_office": ("head office", "总部"),
    "import": ("a file", "批量导入"),
    "member_page": ("your page", "会员中心"),
    "page": ("your page", "会员中心"),
    "phone": ("phone", "电话"),
    "service_desk": ("service desk", "服务台"),
    "store": ("a store", "门店"),
    "till": ("a till", "收银台"),
}
_ACCOUNTS: Mapping[str, tuple[str, str]] = {
    "buy": ("buying", "购物"),
    "coupons": ("coupons", "优惠券"),
    "gift": ("gift", "礼品"),
    "member_debt": ("owed to us", "欠款"),
    "member_points": ("points", "积分"),
    "member_points_held": ("points set aside", "预扣积分"),
    "points": ("points", "积分"),
    "prize": ("prize", "奖品"),
    "purse_debt": ("owed to us", "欠款"),
    "purse_gift": ("given by us", "赠送金"),
    "purse_gift_held": ("given by us, set aside", "预扣赠送金"),
    "purse_principal": ("paid in", "本金"),
    "purse_principal_held": ("paid in, set aside", "预扣本金"),
}
_CHANNELS: Mapping[str, tuple[str, str]] = {
    "email": ("e-mail", "电子邮件"),
    "membership": ("membership", "会员条款"),
    "phone": ("phone", "手机号"),
    "sms": ("SMS", "短信"),
    "wechat": ("WeChat", "微信"),
}
_BY_COLUMN: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "by": _CHANNELS,
    "channel": _CHANNELS,
    "kind": _ACCOUNTS,
    "source": _SOURCES,
    "state": _STATES,
    "status": _STATES,
}


def said(column: str, value: Any, language: Language) -> str:
    """Return a value as people say it; what has no word is shown as it is, for nothing may be left out."""
    chinese = language == "zh"
    if isinstance(value, bool):
        return (("no", "yes"), ("否", "是"))[chinese][value]
    text = str(value)
    if column == "purpose" and (code := known(text)) != OTHER:
        return JOURNALS[code][language]
    if column == "names":
        names: dict[str, str] = msgspec.json.decode(text)
        return names.get(language) or next(iter(names.values()), "")
    word = _BY_COLUMN.get(column, {}).get(text)
    return text if word is None else word[chinese]
