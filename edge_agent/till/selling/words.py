"""Words about what may be sold, and what people change about a line or a total."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.saying import Words

SELLING_WORDS: Mapping[str, Words] = {
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
        "价格本中没有此商品的押金项。",
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
    "weight_unsteady": Words(
        "The scale has no steady weight.",
        "电子秤读数未稳定。",
        "Wait until it is still, then weigh again.",
        "请待读数稳定后再称重。",
    ),
    "weight_unchanged": Words(
        "The weight is still that of the line before.",
        "重量与上一行相同，商品尚未更换。",
        "Take the goods off and put the next ones on, or have a supervisor release it.",
        "请取下商品再放上下一件，或由主管放行。",
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
}
