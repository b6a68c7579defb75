"""The words on receipts, by language, as a shop writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.wire.events import TenderKind

Words = Mapping[str, str]
"""One thing said in each language (`en`, `zh`)."""

SAID: Mapping[str, Words] = {
    "the_chain": {"en": "The chain", "zh": "连锁总公司"},
    "till": {"en": "Till", "zh": "收银台"},
    "cashier": {"en": "Cashier", "zh": "收银员"},
    "receipt": {"en": "Receipt", "zh": "小票号"},
    "time": {"en": "Time", "zh": "时间"},
    "business_date": {"en": "Business date", "zh": "营业日"},
    "items": {"en": "Items", "zh": "件数"},
    "subtotal": {"en": "Before discounts", "zh": "原价"},
    "saved": {"en": "You saved", "zh": "已优惠"},
    "total": {"en": "TOTAL", "zh": "合计"},
    "refund": {"en": "REFUND", "zh": "退款"},
    "change": {"en": "Change", "zh": "找零"},
    "tax_rate": {"en": "Tax rate", "zh": "税率"},
    "tax_net": {"en": "Net", "zh": "不含税"},
    "tax_amount": {"en": "Tax", "zh": "税额"},
    "tax_gross": {"en": "Gross", "zh": "含税"},
    "member": {"en": "Member", "zh": "会员"},
    "tier": {"en": "Tier", "zh": "等级"},
    "to_next": {"en": "{missing} for {tier}", "zh": "{missing}，即可升级为{tier}"},
    "to_next_by": {"en": "{missing} by {day} for {tier}", "zh": "{day} 前{missing}，即可升级为{tier}"},
    "points_earned": {"en": "Points earned", "zh": "本次获得积分"},
    "points_used": {"en": "Points used", "zh": "本次使用积分"},
    "points_taken": {"en": "Points taken back", "zh": "扣回积分"},
    "points_taken_later": {
        "en": "Points of what came back are taken back at head office",
        "zh": "退货商品的积分由总部稍后扣回",
    },
    "points_not_now": {
        "en": "No points for now: the service desk knows more",
        "zh": "暂不积分，详情请咨询服务台",
    },
    "points_later": {
        "en": "Points for what was paid are credited at head office",
        "zh": "积分按实付金额由总部稍后入账",
    },
    "points_before": {"en": "Points before this purchase", "zh": "本次消费前积分"},
    "book": {"en": "Prices", "zh": "价格册"},
    "check": {"en": "Check", "zh": "校验码"},
    "reprint": {"en": "COPY No. {count}", "zh": "补打小票 第{count}次"},
    "training": {"en": "TRAINING - NOT A RECEIPT", "zh": "培训练习 · 非有效小票"},
    "return": {"en": "RETURN", "zh": "退货单"},
    "void_sale": {"en": "SALE VOIDED", "zh": "整单作废退款"},
    "without_receipt": {"en": "Returned without a receipt", "zh": "无小票退货"},
    "price_override": {"en": "Price changed", "zh": "改价"},
    "rounding": {"en": "Rounded off", "zh": "抹零"},
    "void": {"en": "VOID RECEIPT", "zh": "作废小票"},
    "void_means": {
        "en": "This number was taken and nothing was sold under it.",
        "zh": "本小票号已作废，未发生销售。",
    },
    "exchange_return": {"en": "Return", "zh": "退货单号"},
    "exchange_sale": {"en": "New receipt", "zh": "新小票号"},
    "card_shown": {"en": "card shown", "zh": "已出示会员卡"},
    "of_receipt": {"en": "Original receipt", "zh": "原小票"},
    "reason": {"en": "Reason", "zh": "原因"},
    "approved_by": {"en": "Approved by", "zh": "批准人"},
    "discount": {"en": "Discount", "zh": "优惠"},
    "scan": {"en": "Scan for your e-receipt", "zh": "扫码查看电子小票"},
    "thanks": {"en": "Thank you for shopping with us", "zh": "谢谢惠顾，欢迎再次光临"},
    "topped_up": {"en": "STORED VALUE TOP-UP", "zh": "储值充值单"},
    "gift_card_sold": {"en": "GIFT CARD SOLD", "zh": "购物卡售卡单"},
    "value_undone": {"en": "TOP-UP UNDONE", "zh": "充值撤销单"},
    "value_returned": {"en": "CARD RETURNED", "zh": "退卡退款单"},
    "value_principal": {"en": "Paid in", "zh": "充值本金"},
    "value_gift": {"en": "Gift money", "zh": "赠送金额"},
    "value_balance": {"en": "Balance", "zh": "充值后余额"},
    "value_no_invoice": {
        "en": "Prepaid value: tax is shown when it is spent.",
        "zh": "预付款项，消费时再行开具含税小票。",
    },
    "signature": {"en": "Signature", "zh": "签字"},
}

TENDERS: Mapping[TenderKind, Words] = {
    TenderKind.CASH: {"en": "Cash", "zh": "现金"},
    TenderKind.BANK_CARD: {"en": "Bank card", "zh": "银行卡"},
    TenderKind.WECHAT: {"en": "WeChat Pay", "zh": "微信支付"},
    TenderKind.ALIPAY: {"en": "Alipay", "zh": "支付宝"},
    TenderKind.STORED_VALUE: {"en": "Stored value", "zh": "储值"},
    TenderKind.GIFT_CARD: {"en": "Gift card", "zh": "购物卡"},
    TenderKind.EXCHANGE: {"en": "Exchanged goods", "zh": "换货抵扣"},
    TenderKind.OTHER: {"en": "Other", "zh": "其他"},
}

LANGUAGES = ("zh", "en")


def say(words: Words, languages: Sequence[str]) -> str:
    """Return something said in each of the languages, first the main one; twice the same is said once."""
    said = [words.get(language) or words.get("en", "") for language in languages]
    return " ".join(dict.fromkeys(text for text in said if text))


def term(key: str, languages: Sequence[str], **values: object) -> str:
    """Return a word of `SAID` with its values filled in."""
    return say({language: text.format(**values) for language, text in SAID[key].items()}, languages)
