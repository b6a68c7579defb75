"""What each action of a till does without a network: what cashiers are told, and what tests hold the till to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.till.words import Words


class Offline(StrEnum):
    """Whether an action works without a network."""

    YES = "yes"
    LIMITED = "limited"
    NO = "no"


@dataclass(frozen=True, slots=True)
class Action:
    """One action: whether it works, and in words what is limited about it and what to do then."""

    offline: Offline
    limits: Words | None = None


_YES = Action(Offline.YES)
_CARD = Action(
    Offline.LIMITED,
    Words(
        "A card that only HQ knows shows no name, and a telephone number finds nobody.",
        "仅总部可查的会员卡不显示姓名，手机号无法查询。",
        "Go on: member prices apply, and HQ credits the points.",
        "请继续：会员价照常，积分由总部入账。",
    ),
)
_MONEY = Action(
    Offline.LIMITED,
    Words(
        "A way to pay that is answered from outside may not be answered.",
        "需要外部应答的支付方式可能无应答。",
        "Take cash, or settle the payment from the slip.",
        "请收现金，或按凭条确认支付结果。",
    ),
)

_REFUND = Action(
    Offline.LIMITED,
    Words(
        "A refund by phone may not be answered, only sales of this store can be returned, and spent points are not"
        " asked about: the member owes them.",
        "手机退款可能无应答；仅可退本店销售的商品；积分是否已用无法核验，已用部分记为会员欠积分。",
        "Leave it waiting and ask again later, or pay it back in cash with approval.",
        "请稍后再查询，或经授权以现金退款。",
    ),
)
_EXCHANGE = Action(
    Offline.LIMITED,
    Words(
        "Only goods sold in this store can be exchanged, and spent points are not asked about: the member owes them.",
        "仅可换本店销售的商品；积分是否已用无法核验，已用部分记为会员欠积分。",
        "Sell the new goods now; what another store sold comes back when the network is there.",
        "请先销售新商品；其他门店销售的商品待联网后再退。",
    ),
)
_CODE = Action(
    Offline.NO,
    Words(
        "A payment code has to be asked of its payment service.",
        "付款码需联网向支付方确认。",
        "Take cash, or a card by the terminal.",
        "请收现金，或用刷卡终端。",
    ),
)

_COUPON_CODE = Action(
    Offline.LIMITED,
    Words(
        "Only codes that are the same for everybody work; a coupon of one's own is asked of HQ.",
        "仅通用券码可用；个人券码需联网向总部核验。",
        "Sell without it: the customer keeps the coupon for next time.",
        "请不使用该券，券仍归顾客下次使用。",
    ),
)

TILL_ACTIONS: Mapping[str, Action] = {
    "scan": _CARD,
    "type_in": _CARD,
    "ring_item": _YES,
    "attach_card": _CARD,
    "swipe": _CARD,
    "set_quantity": _YES,
    "weigh": _YES,
    "weigh_from_scale": _YES,
    "tare": _YES,
    "zero_scale": _YES,
    "tare_scale": _YES,
    "pour": _YES,
    "coupon": _YES,
    "take_coupon_code": _COUPON_CODE,
    "put_back_coupon": _YES,
    "is_coupon": _YES,
    "choose": _YES,
    "offers": _YES,
    "void_line": _YES,
    "set_price": _YES,
    "round_off": _YES,
    "confirm_age": _YES,
    "ring_at": _YES,
    "begin": _YES,
    "hold": _YES,
    "recall": _YES,
    "void_basket": _YES,
    "tender": _MONEY,
    "pay_by_code": _CODE,
    "take_back_tenders": _YES,
    "resolve_payments": _MONEY,
    "settle_payment": _YES,
    "unresolved_payments": _YES,
    "view": _YES,
    "find": _YES,
    "held": _YES,
    "note_printed": _YES,
    "reprint": _YES,
}
"""Every use case of `edge_agent.till.till.Till` by its name."""

PEOPLE_ACTIONS: Mapping[str, Action] = dict.fromkeys(
    ("sign_in", "sign_in_by_card", "sign_out", "lock", "take_break", "free_pin", "practise", "who", "approver"), _YES
)
"""Every use case of `edge_agent.till.staff.people.People`: the staff is on the store's own disk."""

DRAWER_ACTIONS: Mapping[str, Action] = dict.fromkeys(
    ("open", "move", "count", "close", "x_report", "z_report", "view", "past"), _YES
)
"""Every use case of `edge_agent.till.shifts.drawer.Drawer`: what HQ lacks is said in the report and goes later."""

RETURN_ACTIONS: Mapping[str, Action] = {
    "find": _YES,
    "take": _REFUND,
    "void_last_sale": _REFUND,
    "exchange": _EXCHANGE,
    "take_without_receipt": _YES,
    "refund_in_cash": _YES,
    "waiting": _YES,
    "foresee": _YES,
    "foresee_void": _YES,
    "look_at": _YES,
    "foresee_goods": _YES,
    "foresee_waiting": _YES,
    "leave": _YES,
}
"""Every use case of `edge_agent.till.returning.returns.Returns`."""

_PHONE = Action(
    Offline.NO,
    Words(
        "No telephone numbers are kept in the store; HQ alone has them.",
        "门店不保存手机号，仅总部可查。",
        "Scan the card or the member's code, or sell without: the receipt can be credited later.",
        "请刷会员卡或扫会员码；也可先收银，事后凭小票补登。",
    ),
)
_WALLET = Action(
    Offline.LIMITED,
    Words(
        "Only what HQ gave this store ahead for the member can be spent; a gift card or coupon of one's own cannot.",
        "仅可使用总部预先授权本店的额度；购物卡与个人券不可用。",
        "Use at most what is shown, and take the rest another way.",
        "请不超过所示额度，余款用其他方式收取。",
    ),
)

MEMBER_ACTIONS: Mapping[str, Action] = {
    "by_phone": _PHONE,
    "attach": _YES,
    "put_back": _YES,
    "wallet": _WALLET,
}
"""Every use case of `edge_agent.till.membership.members.Members`."""

VALUE_ACTIONS: Mapping[str, Action] = {
    "points": _WALLET,
    "use_points": _WALLET,
    "put_back_points": _YES,
    "take_off": _YES,
    "renew": _WALLET,
}
"""Every use case of `edge_agent.till.membership.value.Value`."""

_DESK = Action(
    Offline.NO,
    Words(
        "Members and their cards are HQ's: nothing of this can be done without it.",
        "会员与会员卡由总部管理，断网时无法办理。",
        "Give a new customer a card now: what it buys counts, and they join when the network is back.",
        "可先发卡，持卡消费照常累计；联网后再办理入会。",
    ),
)
_STORED = Action(
    Offline.NO,
    Words(
        "HQ knows what a card may hold; without it no money is taken for one.",
        "卡片限额由总部核定，断网时不收储值款。",
        "Ask the customer to come back when the network is there.",
        "请顾客联网后再来办理。",
    ),
)

DESK_ACTIONS: Mapping[str, Action] = dict.fromkeys(
    ("look_up", "enrol", "change_card", "claim", "balance", "gifts", "give_gift"), _DESK
)
"""Every use case of `edge_agent.till.service.members.MemberDesk`."""

COUNTER_ACTIONS: Mapping[str, Action] = {
    "ready": _YES,
    "offer": _STORED,
    "sell": _MONEY,
    "foresee_undo": _YES,
    "undo": _STORED,
    "leave_undo": _YES,
    "unfinished": _YES,
    "apply_return": _STORED,
    "due": _STORED,
    "pay_out": _YES,
}
"""Every use case of `edge_agent.till.service.counter.ValueCounter`. What HQ has answered can be paid without it."""

CATALOGUE_ACTIONS: Mapping[str, Action] = dict.fromkeys(("search", "price_check", "quick_keys", "examples"), _YES)
"""Every use case of `edge_agent.till.looking.catalogue.Catalogue`: the whole catalogue is in the store."""

ACTIONS: Mapping[str, Action] = {
    **TILL_ACTIONS,
    **{f"people.{name}": action for name, action in PEOPLE_ACTIONS.items()},
    **{f"drawer.{name}": action for name, action in DRAWER_ACTIONS.items()},
    **{f"returns.{name}": action for name, action in RETURN_ACTIONS.items()},
    **{f"members.{name}": action for name, action in MEMBER_ACTIONS.items()},
    **{f"value.{name}": action for name, action in VALUE_ACTIONS.items()},
    **{f"desk.{name}": action for name, action in DESK_ACTIONS.items()},
    **{f"counter.{name}": action for name, action in COUNTER_ACTIONS.items()},
    **{f"catalogue.{name}": action for name, action in CATALOGUE_ACTIONS.items()},
}
"""Every use case of a till, as its pages call it. Members' value, phones and coupons wait for HQ, under a second."""
