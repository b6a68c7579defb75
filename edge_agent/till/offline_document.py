"""`python -m edge_agent.till.offline_document` prints docs/works-offline.md from the table that tills are held to."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.offline import (
    CATALOGUE_ACTIONS,
    COUNTER_ACTIONS,
    DESK_ACTIONS,
    DRAWER_ACTIONS,
    MEMBER_ACTIONS,
    PEOPLE_ACTIONS,
    RETURN_ACTIONS,
    TILL_ACTIONS,
    VALUE_ACTIONS,
    Action,
    Offline,
)

_ANSWERS: Mapping[Offline, str] = {Offline.YES: "yes 可用", Offline.LIMITED: "limited 受限", Offline.NO: "no 不可用"}

NAMES: Mapping[str, tuple[str, str]] = {
    "scan": ("Scan a code", "扫码"),
    "type_in": ("Type a code or an item number", "输入条码、货号"),
    "ring_item": ("Ring up an item chosen from a list or a quick key", "从列表或快捷键选商品"),
    "look_up": ("Look a member up", "查找会员"),
    "enrol": ("Sign up a member", "办理入会"),
    "change_card": ("Give, replace, freeze a card; report it lost", "发卡、补卡、冻结、挂失"),
    "claim": ("Credit a receipt's points", "小票补登积分"),
    "balance": ("See what is on a card", "查询储值余额"),
    "gifts": ("See what gifts wait or can be had", "查看待领与可兑礼品"),
    "give_gift": ("Hand a gift over", "发放礼品"),
    "ready": ("Begin to sell stored value", "开始办理充值、售卡"),
    "offer": ("Ask what a top-up brings", "询问充值赠送"),
    "sell": ("Take the money of a top-up or gift card", "收取储值款"),
    "foresee_undo": ("See what undoing a top-up hands back", "查看撤销充值的退款"),
    "undo": ("Undo a top-up", "撤销充值"),
    "leave_undo": ("Let an undoing be that head office did not do", "放弃未完成的充值撤销"),
    "unfinished": ("See top-ups that are being undone", "查看撤销中的充值"),
    "apply_return": ("Apply to give stored value back", "申请退卡"),
    "due": ("Ask what was approved to be paid out", "查询已批准退卡款"),
    "pay_out": ("Pay out what was approved", "支付退卡款"),
    "attach_card": ("Attach a member", "会员识别"),
    "swipe": ("Record a member card", "会员刷卡登记"),
    "set_quantity": ("Quantity", "数量"),
    "weigh": ("Weigh, with tare", "称重、去皮"),
    "weigh_from_scale": ("Take the scale's weight", "读取电子秤"),
    "tare": ("Take a tare off afterwards", "称重后去皮"),
    "zero_scale": ("Set the scale to zero", "电子秤归零"),
    "tare_scale": ("Let the scale take the tare", "电子秤去皮"),
    "pour": ("Set a volume", "容量"),
    "coupon": ("Paper coupon", "纸质优惠券"),
    "take_coupon_code": ("A coupon's code", "输入券码"),
    "is_coupon": ("Recognise a coupon's code", "识别券码"),
    "put_back_coupon": ("Take a coupon off again", "移除优惠券"),
    "choose": ("Choose gifts and add-on items", "选择赠品、换购品"),
    "offers": ("See what the customer may take or choose", "查看可享赠品与换购"),
    "void_line": ("Take a line out", "删除行"),
    "set_price": ("Change a price", "改价"),
    "round_off": ("Drop cents", "抹零"),
    "ring_at": ("Ring up at an asked price", "现场定价"),
    "confirm_age": ("Confirm an age", "年龄核对"),
    "begin": ("Begin a basket", "开单"),
    "hold": ("Hold a basket", "挂单"),
    "recall": ("Recall a basket at any till", "任意收银台取单"),
    "void_basket": ("Void a basket", "整单作废"),
    "tender": ("Take money", "收款"),
    "pay_by_code": ("Pay by a code on a telephone", "付款码收款"),
    "take_back_tenders": ("Hand money back", "退还已收款项"),
    "resolve_payments": ("Ask for a payment's result", "查询支付结果"),
    "settle_payment": ("Settle a payment from its slip", "按凭条确认支付"),
    "unresolved_payments": ("See payments without a result", "查看未决支付"),
    "view": ("See the basket, or the shift", "查看购物篮或班次"),
    "find": ("Find a basket, or a receipt", "查找单据"),
    "held": ("List held baskets", "挂单列表"),
    "note_printed": ("Note what became of a receipt's paper", "记录小票打印结果"),
    "reprint": ("Print a receipt again", "重打小票"),
    "sign_in": ("Sign in by PIN", "密码登录"),
    "sign_in_by_card": ("Sign in by card", "员工卡登录"),
    "sign_out": ("Sign out", "签退"),
    "lock": ("Lock the till", "锁定"),
    "take_break": ("Break", "暂停收款"),
    "free_pin": ("Free a locked PIN", "解锁密码"),
    "practise": ("Practise", "练习模式"),
    "who": ("See who is signed in", "查看登录员工"),
    "approver": ("Approve in place", "现场授权"),
    "open": ("Open a shift", "开班"),
    "move": ("Cash in, out, drop, no sale", "现金收支、上缴、开钱箱"),
    "count": ("Count the drawer", "清点钱箱"),
    "close": ("Close a shift", "交班"),
    "x_report": ("X report", "X 报表"),
    "z_report": ("Z report", "Z 报表"),
    "past": ("Past shifts", "历史班次"),
    "take": ("Return by receipt", "凭小票退货"),
    "void_last_sale": ("Undo the last sale", "撤销上一笔"),
    "exchange": ("Exchange", "换货"),
    "take_without_receipt": ("Return without a receipt", "无小票退货"),
    "refund_in_cash": ("Pay a refused refund in cash", "改为现金退款"),
    "waiting": ("See refunds without a result", "查看未决退款"),
    "foresee": ("See what a return would pay back", "查看应退金额与方式"),
    "foresee_void": ("See what undoing the last sale would pay back", "查看撤销上一笔的应退金额"),
    "look_at": ("Name goods that come back without a receipt", "识别无小票退回的商品"),
    "foresee_goods": ("See what goods without a receipt would pay back", "查看无小票退货的应退金额"),
    "foresee_waiting": ("See what a waiting refund would pay back", "查看未决退款的应退金额"),
    "leave": ("Leave a refused return undone", "放弃被拒的退货"),
    "by_phone": ("Find a member by phone", "按手机号查会员"),
    "attach": ("Attach the member found", "确认会员"),
    "put_back": ("Take the member off", "移除会员"),
    "wallet": ("See stored value, points and coupons", "查看储值、积分与券"),
    "points": ("See what points may pay", "查看可用积分"),
    "use_points": ("Pay with points", "积分抵现"),
    "put_back_points": ("Take points off again", "取消积分抵现"),
    "take_off": ("Take stored value off the bill", "撤销储值、购物卡支付"),
    "renew": ("Set aside anew what took too long", "重新预留超时款项"),
    "search": ("Search by name, number, initials", "按品名、货号、首字母搜索"),
    "price_check": ("Price check", "查价"),
    "quick_keys": ("Quick keys", "快捷键"),
    "examples": ("Items to try the till with", "试用商品"),
}
"""Every action as people call it."""

_SECTIONS: tuple[tuple[str, Mapping[str, Action]], ...] = (
    ("Selling 收银", TILL_ACTIONS),
    ("People 员工", PEOPLE_ACTIONS),
    ("Shift and drawer 班次与钱箱", DRAWER_ACTIONS),
    ("Returns 退换货", RETURN_ACTIONS),
    ("Members 会员", MEMBER_ACTIONS),
    ("Service desk 服务台", DESK_ACTIONS),
    ("Stored value at the desk 服务台储值", COUNTER_ACTIONS),
    ("Members' value 会员积分与储值", VALUE_ACTIONS),
    ("Looking up 查询", CATALOGUE_ACTIONS),
)
_HEAD = """# What works without a network 离线可用功能

Made from `edge_agent/till/offline.py` by `make documents`; tests hold the till to it. A till never waits for the
network: what is limited says so at once, and what to do instead.
"""


def text() -> str:
    """Return the whole document."""
    parts = [_HEAD]
    for title, actions in _SECTIONS:
        parts.append(f"## {title}\n")
        parts.append("| action | 功能 | offline 离线 | what is limited, and what to do 限制与处理 |\n|---|---|---|---|")
        parts.extend(_row(name, action) for name, action in actions.items())
        parts.append("")
    return "\n".join(parts)


def _row(name: str, action: Action) -> str:
    words, (english, chinese) = action.limits, NAMES[name]
    told = "" if words is None else f"{words.en} {words.next_en}<br>{words.zh}{words.next_zh}"
    return f"| {english} | {chinese} | {_ANSWERS[action.offline]} | {told} |"


if __name__ == "__main__":
    print(text(), end="")  # noqa: T201 - its standard output is the document
