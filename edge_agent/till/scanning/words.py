"""Words for scans that are not rung up: what was scanned, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edge_agent.till.saying import Words

SCANNING_WORDS: Mapping[str, Words] = {
    "label_check_digit": Words(
        "The scale's label was read wrongly.",
        "秤标签校验位错误。",
        "Scan it again, or weigh the goods again.",
        "请重新扫描，或重新称重打签。",
    ),
    "label_price_old": Words(
        "The scale that printed this label has another price.",
        "秤标签价格与系统不符。",
        "Weigh it again here, and have the scale's prices updated.",
        "请重新称重，并通知更新电子秤价格。",
    ),
    "label_no_measure": Words(
        "The label has no weight or amount to sell by.",
        "秤标签上没有可用的重量或金额。",
        "Weigh the goods again.",
        "请重新称重。",
    ),
    "label_wrong_unit": Words(
        "This item is not sold by what the label says.",
        "该商品的计价方式与秤标签不符。",
        "Ring it up by its own code, and tell HQ.",
        "请按商品条码录入，并通知总部。",
    ),
    "expired": Words(
        "This expired {days} day(s) ago.",
        "过期 {days} 天。",
        "Take another pack and put this one aside.",
        "请更换商品，并将此商品下架。",
    ),
    "past_sell_by": Words(
        "The last day to sell this was {days} day(s) ago.",
        "已超过销售期限 {days} 天。",
        "Take another pack and put this one aside.",
        "请更换商品，并将此商品下架。",
    ),
    "recalled": Words(
        "This has been called back.",
        "此商品已被召回。",
        "Do not sell it; put it aside.",
        "请勿销售，放一边等待处理。",
    ),
    "payment_code_early": Words(
        "This is a payment code.",
        "这是付款码。",
        "Press pay first, then scan it.",
        "请先按结账，再扫付款码。",
    ),
    "not_a_payment_code": Words(
        "This is not a payment code.",
        "这不是付款码。",
        "Ask for the payment code, and scan it again.",
        "请顾客出示付款码后重新扫描。",
    ),
    "member_code_unreadable": Words(
        "The member code could not be read.",
        "会员码无法识别。",
        "Scan it again, or use the card.",
        "请重新扫描，或使用会员卡。",
    ),
    "member_code_unknown_key": Words(
        "This member code was not made by our head office.",
        "会员码不是本公司签发的。",
        "Ask for the member card.",
        "请出示会员卡。",
    ),
    "member_code_forged": Words(
        "This member code is not genuine.",
        "会员码校验失败。",
        "Ask for the member card.",
        "请出示会员卡。",
    ),
    "member_code_too_old": Words(
        "This member code has run out.",
        "会员码已过期。",
        "Ask for the code to be refreshed, and scan it again.",
        "请顾客刷新会员码后重新扫描。",
    ),
    "member_code_too_early": Words(
        "This member code is not valid yet: a clock is wrong.",
        "会员码尚未生效，时钟可能不准。",
        "Ask for the member card, and tell support about the clock.",
        "请出示会员卡，并通知支持检查时钟。",
    ),
    "scan_cut": Words("The code broke off.", "条码传输中断。", "Scan it again.", "请重新扫描。"),
    "scan_too_long": Words(
        "The code is too long to be one of ours.", "条码过长。", "Scan the item's barcode.", "请扫描商品条码。"
    ),
    "keys_dropped": Words("Part of the code was lost on the way.", "条码部分丢失。", "Scan it again.", "请重新扫描。"),
    "card_unreadable": Words(
        "The card could not be read.",
        "卡片无法识别。",
        "Show it again, or type its number.",
        "请重新读卡或手工输入卡号。",
    ),
    "bank_card": Words("This is a bank card.", "这是银行卡。", "Ask for the member card.", "请出示会员卡。"),
}


def filled(words: Words, **values: int) -> Words:
    """Return words with figures put into what happened."""
    return replace(words, en=words.en.format(**values), zh=words.zh.format(**values))
