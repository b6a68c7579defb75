"""Words for every refusal: what happened and what to do next, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.membership.words import MEMBER_WORDS
from edge_agent.till.returning.words import RETURN_WORDS
from edge_agent.till.saying import Words
from edge_agent.till.scanning.words import SCANNING_WORDS
from edge_agent.till.selling.words import SELLING_WORDS
from edge_agent.till.service.words import SERVICE_WORDS
from edge_agent.till.shifts.words import SHIFT_WORDS
from edge_agent.till.staff.words import STAFF_WORDS

__all__ = ["WORDS", "Words"]

WORDS: Mapping[str, Words] = {
    **STAFF_WORDS,
    **SCANNING_WORDS,
    **SELLING_WORDS,
    **SHIFT_WORDS,
    **RETURN_WORDS,
    **SERVICE_WORDS,
    **MEMBER_WORDS,
    # what was scanned
    "unreadable": Words("The code could not be read.", "条码无法识别。", "Scan it again.", "请重新扫描。"),
    "no_known_format": Words(
        "This is not a code of ours.", "不是本店可识别的条码。", "Scan the item's barcode.", "请扫描商品条码。"
    ),
    "check_digit": Words(
        "The code was read wrongly.", "条码校验位错误。", "Scan it again or type it in.", "请重新扫描或手工输入。"
    ),
    "unknown_item": Words(
        "This item is not in the price book.",
        "价格册中没有此商品。",
        "Put it aside and tell HQ.",
        "请放一边并通知总部。",
    ),
    "price_missing": Words(
        "This item has no price.", "此商品没有价格。", "Do not sell it; tell HQ.", "请勿销售，并通知总部。"
    ),
    "not_sellable": Words("This item is not for sale.", "此商品已停售。", "Put it aside.", "请放一边。"),
    "no_price_book": Words(
        "This store has no prices yet.",
        "本店尚无价格。",
        "Wait for HQ's price book; call support.",
        "请等待总部下发价格，并联系支持。",
    ),
    "not_a_card": Words(
        "This is not a member card of ours.", "不是本店会员卡。", "Scan the member card again.", "请重新扫描会员卡。"
    ),
    # the basket
    "no_open_basket": Words("There is nothing rung up.", "当前没有商品。", "Scan an item first.", "请先扫描商品。"),
    "basket_open": Words(
        "Another basket is open.", "已有未结账的购物篮。", "Pay, hold or void it first.", "请先结账、挂单或作废。"
    ),
    "no_such_basket": Words(
        "This basket is not here.", "找不到此购物篮。", "Choose one from the list.", "请从列表中选择。"
    ),
    "basket_full": Words(
        "A receipt has room for 1,000 lines.",
        "一张小票最多一千行。",
        "Take payment and start another.",
        "请先结账，再开新单。",
    ),
    "basket_empty": Words(
        "There is nothing to pay for.", "没有可结账的商品。", "Scan an item first.", "请先扫描商品。"
    ),
    "no_such_line": Words("There is no such line.", "没有此行。", "Choose a line that is shown.", "请选择屏幕上的行。"),
    "weight_missing": Words(
        "An item has not been weighed.", "有商品未称重。", "Weigh it or void its line.", "请称重或删除该行。"
    ),
    "wrong_measure": Words(
        "This item is not sold by that measure.", "此商品不按该方式计量。", "Check the line.", "请检查该行。"
    ),
    "quantity_range": Words(
        "This quantity cannot be sold.",
        "数量超出范围。",
        "Enter a quantity again, or void the line.",
        "请重新输入数量或删除该行。",
    ),
    "coupon_value": Words(
        "This coupon has no value that counts.", "优惠券金额无效。", "Check the coupon.", "请检查优惠券。"
    ),
    "coupon_code": Words(
        "This coupon's code cannot be read.", "优惠券代码无法识别。", "Scan the coupon again.", "请重新扫描优惠券。"
    ),
    "coupons_full": Words(
        "A receipt has room for 500 coupons.",
        "一张小票最多五百张优惠券。",
        "Take payment and start another.",
        "请先结账，再开新单。",
    ),
    "basket_too_large": Words(
        "This basket is too large for one receipt.",
        "购物篮内容超出一张小票的容量。",
        "Void lines or coupons and ring them up as another basket.",
        "请删除部分商品或优惠券，另开一单。",
    ),
    # paying
    "payment_begun": Words(
        "Money has been taken already.",
        "已收取部分款项。",
        "Take the rest, or hand the money back first.",
        "请收取余款，或先退还已收款项。",
    ),
    "payment_unresolved": Words(
        "A payment has not been answered yet.",
        "有一笔支付尚无结果。",
        "Wait, then ask for its result.",
        "请稍候并查询支付结果。",
    ),
    "payment_refused": Words(
        "The payment was refused.", "支付被拒绝。", "Try again or pay another way.", "请重试或换一种支付方式。"
    ),
    "payment_by_gateway": Words(
        "A payment by card or phone cannot be handed back here.",
        "刷卡或手机支付不能在此退还。",
        "Finish the sale, then return it.",
        "请先完成销售，再办理退货。",
    ),
    "no_such_payment": Words(
        "This payment is not waiting for a result.", "该支付无需确认。", "Check the payment slip.", "请核对支付凭条。"
    ),
    "tender_amount": Words("This amount cannot be taken.", "金额无效。", "Enter the amount again.", "请重新输入金额。"),
    "tender_too_much": Words(
        "Only cash gives change.", "只有现金可以找零。", "Take no more than what is due.", "收款不能超过应付金额。"
    ),
    "tender_reference": Words(
        "This payment number is too long.", "支付凭证号过长。", "Enter it again from the slip.", "请按凭条重新输入。"
    ),
    "tender_reference_missing": Words(
        "A card payment needs the number on its slip.",
        "刷卡收款需填写凭条号。",
        "Enter the number that the card terminal printed.",
        "请输入刷卡终端凭条上的编号。",
    ),
    "tenders_full": Words(
        "Money was given in too many parts.",
        "付款次数过多。",
        "Take all that is still due at once.",
        "请一次收清余款。",
    ),
    # the agent
    "disk_full": Words(
        "The disk is full: selling is stopped.",
        "磁盘已满：停止销售。",
        "Call support now. Nothing was lost.",
        "请立即联系支持。数据没有丢失。",
    ),
    "till_id": Words(
        "This till's id is longer than 32 characters.",
        "此收银台编号超过三十二个字符。",
        "Call HQ to give the till a shorter id.",
        "请联系总部更换较短的收银台编号。",
    ),
    "cashier_code": Words(
        "This cashier code is too long or has signs that cannot be printed.",
        "收银员代码过长或含有无法显示的字符。",
        "Sign in with a code of at most 64 characters.",
        "请使用不超过六十四个字符的代码登录。",
    ),
    "till_unknown": Words(
        "This till has not been set up.", "此收银台尚未设置。", "Call HQ to add the till.", "请联系总部添加收银台。"
    ),
}
