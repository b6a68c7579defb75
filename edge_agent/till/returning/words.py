"""Words about goods that come back."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.saying import Words

RETURN_WORDS: Mapping[str, Words] = {
    "no_such_receipt": Words(
        "This receipt is not held in this store.",
        "本店没有此小票记录。",
        "Check the number, or return it in the store that sold it.",
        "请核对小票号，或到原购买门店退货。",
    ),
    "receipt_form": Words(
        "This is not a receipt's number.",
        "小票号格式不对。",
        "Type it as printed, with the till before it: 1/38 or 1/x6epw1-000038. Or scan the receipt's code.",
        "请按小票输入，编号前加收银台号：1/38 或 1/x6epw1-000038；也可扫描小票二维码。",
    ),
    "receipt_ambiguous": Words(
        "Several tills have a receipt of this number.",
        "多个收银台有相同编号的小票。",
        "Scan its code, or enter the till before the number.",
        "请扫描小票二维码，或在编号前加收银台号。",
    ),
    "receipt_too_old": Words(
        "This sale is too long ago for a return.",
        "已超过退货期限。",
        "Tell the customer until when it was possible.",
        "请向顾客说明退货期限。",
    ),
    "receipt_no_detail": Words(
        "This sale's lines are no longer kept here.",
        "本店已不保存此单的明细。",
        "Ask HQ, or return the goods without a receipt.",
        "请联系总部，或按无小票退货办理。",
    ),
    "points_spent": Words(
        "The points this sale brought are spent; the chain's rule lets nothing of it come back.",
        "此单所得积分已使用，按规定不能退货。",
        "Tell the member how many points are missing. With those points on the account it can come back.",
        "请告知会员尚缺的积分，补足后方可退货。",
    ),
    "nothing_returned": Words(
        "There is nothing to return.", "没有可退的商品。", "Choose lines and quantities.", "请选择退货商品和数量。"
    ),
    "returned_before": Words(
        "So much of this line is no longer left to return.",
        "此行可退数量不足。",
        "Enter no more than what is left.",
        "退货数量不能超过剩余数量。",
    ),
    "goods_unknown": Words(
        "No goods of this store have this code.",
        "本店没有此条码或货号的商品。",
        "Scan it again, or leave it out; what is in the list stays.",
        "请重新扫描，或不退此件；已录入的仍保留。",
    ),
    "all_returned": Words(
        "All of this receipt has come back already.",
        "此小票商品已全部退回。",
        "Look at the receipt of that return: nothing is left to pay back.",
        "请查看该退货小票，已无可退金额。",
    ),
    "no_receipt_never": Words(
        "This store takes nothing back without a receipt.",
        "本店不办理无小票退货。",
        "Ask for the receipt.",
        "请顾客出示小票。",
    ),
    "no_receipt_limit": Words(
        "This is more than may be paid back without a receipt.",
        "超过无小票退款限额。",
        "Return less, or ask for the receipt.",
        "请减少退货金额，或请顾客出示小票。",
    ),
    "refund_refused": Words(
        "The refund was refused by whoever moves the money.",
        "退款被支付方拒绝。",
        "Ask for its result again, or pay it back in cash with approval.",
        "请再次查询，或经授权以现金退款。",
    ),
    "refund_waiting": Words(
        "A refund has not been answered yet.",
        "有一笔退款尚无结果。",
        "Wait, then ask for its result. Do not pay it back twice.",
        "请稍候并查询退款结果，请勿重复退款。",
    ),
    "refund_moved": Words(
        "Some of this refund has been paid back already.",
        "部分款项已退回，不能放弃此退货。",
        "Pay the rest in cash with approval.",
        "请经授权以现金退还余款。",
    ),
    "no_sale_to_void": Words(
        "There is no sale of this till to undo.",
        "本收银台没有可撤销的销售。",
        "Return the goods by their receipt.",
        "请凭小票办理退货。",
    ),
    "exchange_begun": Words(
        "An exchange is part of this basket.",
        "此单包含换货。",
        "Finish the sale, or hand the money back first.",
        "请完成销售，或先退还已收款项。",
    ),
}
