"""Words about what may be sold, and what people change about a line or a total."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.devices.ports import WeightProblem
from edge_agent.devices.scales.advice import WEIGHTS
from edge_agent.till.saying import Words
from edge_agent.till.selling.coupon_words import COUPON_WORDS
from edge_agent.till.selling.scaled import BROKEN, CODES


def _of_weight(problem: WeightProblem) -> Words:
    """Return what the scale's own advice says; where nobody at the platform can mend it, a weight may be typed in."""
    said = WEIGHTS[problem]
    if problem not in BROKEN:
        return Words(said.en, said.zh, said.next_en, said.next_zh)
    return Words(
        said.en,
        said.zh,
        f"{said.next_en} Meanwhile type the weight in kg.",
        f"{said.next_zh}其间可手工输入重量（公斤）。",
    )


SELLING_WORDS: Mapping[str, Words] = {
    **COUPON_WORDS,
    **{code: _of_weight(problem) for problem, code in CODES.items()},
    "weight_on_two_scales": Words(
        "Goods lie on more than one scale.",
        "不止一台秤上有商品。",
        "Clear the other one, or choose the scale by its key.",
        "请清空另一台秤，或按键选择所用的秤。",
    ),
    "age_check": Words(
        "The buyer must be old enough for this.",
        "此商品有购买年龄限制。",
        "Enter the birth date, or confirm that you have looked.",
        "请输入出生日期，或确认已目视核对。",
    ),
    "too_young": Words("The buyer is too young for this.", "购买者未达到年龄要求。", "Do not sell it.", "请勿销售。"),
    "birth_date": Words(
        "This is not a birth date.", "出生日期无效。", "Enter it as year, month, day.", "请按年月日重新输入。"
    ),
    "sale_hours": Words(
        "This may not be sold at this hour.",
        "当前时段不可销售此商品。",
        "Void its line, or put it aside.",
        "请删除该行，或放一边。",
    ),
    "deposit_line": Words(
        "A deposit belongs to the line above it.",
        "押金行随商品行变化。",
        "Change or void the item's line.",
        "请修改或删除对应商品行。",
    ),
    "deposit_missing": Words(
        "This item's deposit is not in the price book.",
        "价格册中没有此商品的押金项。",
        "Do not sell it; tell HQ.",
        "请勿销售，并通知总部。",
    ),
    "quantity_code": Words(
        "A quantity is followed by a code.",
        "数量后面需要条码或货号。",
        "Enter it as 3*code.",
        "请按“数量*货号”输入。",
    ),
    "reason_needed": Words(
        "This needs a reason from the list.", "请选择原因。", "Choose a reason.", "请从列表中选择原因。"
    ),
    "price_not_lower": Words(
        "A changed price can only be lower.",
        "改价只能低于现价。",
        "Enter a lower price, or leave it.",
        "请输入更低的价格，或不改价。",
    ),
    "open_price": Words(
        "The price of this has to be asked for.",
        "此商品需现场定价。",
        "Enter what a piece costs.",
        "请输入单价。",
    ),
    "open_price_amount": Words(
        "This price cannot be taken.", "单价无效。", "Enter the price of a piece again.", "请重新输入单价。"
    ),
    "round_off_not": Words(
        "Nothing can be dropped from this total.",
        "此金额不能抹零。",
        "Take the total as it is.",
        "请按应收金额收款。",
    ),
    "tare_range": Words(
        "The tare is not less than the weight.",
        "皮重不小于总重。",
        "Weigh again, or enter the tare again.",
        "请重新称重或重新输入皮重。",
    ),
    "tare_line": Words(
        "A tare belongs to a line that was weighed here.",
        "皮重只能用于在此称重的商品行。",
        "Choose that line with the arrow keys, then enter the tare again.",
        "请用方向键选择该行，再输入皮重。",
    ),
    "weighed_times": Words(
        "What is weighed cannot be counted.",
        "称重商品不能按数量录入。",
        "Scan each label, or weigh all of it as one line.",
        "请逐个扫描标签，或合并称重。",
    ),
    "scale_by_its_key": Words(
        "The scale does not take this from the till.",
        "该电子秤不支持由收银台操作。",
        "Press the key on the scale.",
        "请按电子秤上的按键。",
    ),
    "payment_code": Words(
        "This is not the payment code of that kind.",
        "付款码与支付方式不符。",
        "Ask for the right code and scan it.",
        "请出示正确的付款码并重新扫描。",
    ),
    "practice_only": Words(
        "This cannot be done while practising.",
        "练习模式下不能进行此操作。",
        "End the practice first.",
        "请先退出练习模式。",
    ),
    "coupon_misread": Words(
        "This is no coupon code: a sign of it is wrong.",
        "券码有误，请核对。",
        "Scan it again, or type it as it is printed.",
        "请重新扫描，或按票面逐位输入。",
    ),
    "coupon_twice_here": Words(
        "This coupon is on this receipt already.",
        "本单已使用该优惠券。",
        "Go on, or take it off first.",
        "请继续收银，或先移除该券。",
    ),
    "coupon_not_here": Words(
        "This coupon is not on this receipt.",
        "本单没有该优惠券。",
        "Look at the coupons of this receipt.",
        "请查看本单已用的券。",
    ),
    "coupon_other_basket": Words(
        "The coupon was reserved for another receipt.",
        "该券已为另一单预留。",
        "Enter it again for this one.",
        "请在本单重新输入券码。",
    ),
    "coupon_unanswered": Words(
        "HQ did not answer about this coupon.",
        "总部未应答，无法核验该券。",
        "Try once more, or sell without it: the customer keeps the coupon.",
        "请再试一次，或不使用该券，券仍归顾客保留。",
    ),
    "offer_unknown": Words(
        "This offer is not in the prices of this receipt.",
        "本单适用价格中没有该活动。",
        "Look at the offers of this receipt again.",
        "请重新查看本单可享的活动。",
    ),
    "offer_items": Words(
        "This cannot be chosen for the offer.",
        "该活动不能选择此商品。",
        "Choose from the items the offer lists.",
        "请在活动所列商品中选择。",
    ),
}
