"""Which use case each thing that can be chosen at a till leads to: what its offline mark on the page is read from."""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.till.offline import ACTIONS, Action, Offline
from edge_agent.web.screen.asking import Option, Question
from shared.wire.events import TenderKind
from shared.wire.till_events import CashMove

MENUS = frozenset({"more", "returns", "desk", "customer", "offers", "shift"})
"""Questions whose options are the flows that they start; an option's value may say more after a colon."""
_WAYS = frozenset({"pay", "value_pay"})
"""Questions whose options are ways to pay, by the name of the way before an amount."""
_TIMES = "×"

FLOW_USE_CASES: Mapping[str, str] = {
    "take_back": "returns.take",
    "exchange": "returns.exchange",
    "no_receipt": "returns.take_without_receipt",
    "undo_sale": "returns.void_last_sale",
    "refund_cash": "returns.refund_in_cash",
    "points": "value.use_points",
    "points_used": "value.use_points",
    "own_coupons": "members.wallet",
    "stored_value": "members.wallet",
    "value_card": "members.wallet",
    "value_amount": "members.wallet",
    "coupon_code": "take_coupon_code",
    "gifts": "choose",
    "coupon_off": "put_back_coupon",
    "coupon": "coupon",
    "open_shift": "drawer.open",
    "count": "drawer.count",
    "x_report": "drawer.x_report",
    "close_shift": "drawer.close",
    "past": "drawer.past",
    **{f"cash_{move.value}": "drawer.move" for move in CashMove},
    "desk_enrol": "desk.enrol",
    "desk_gift_card": "counter.offer",
    "desk_undo": "counter.undo",
    "desk_top_up": "counter.offer",
    "desk_claim": "desk.claim",
    "desk_gifts": "desk.gifts",
    "desk_cards": "desk.change_card",
    "desk_return": "counter.apply_return",
    "desk_pay_out": "counter.due",
    "desk_slip": "reprint",
}
"""What flows do first of all, by their names; the actions of a till stand in `actions.ACTIONS`."""
_WAY_USE_CASES: Mapping[TenderKind, str] = {
    TenderKind.WECHAT: "tender",
    TenderKind.ALIPAY: "tender",
    TenderKind.STORED_VALUE: "members.wallet",
    TenderKind.GIFT_CARD: "members.wallet",
}
"""Ways to pay that somebody outside answers. Money, and cards by the terminal's slip, need nobody."""
_WORKS = Action(Offline.YES)


def mark_of(question: Question, option: Option, actions: Mapping[str, str]) -> Action:
    """Tell whether an answer works without a network. `actions`: the use case of each of the till's actions.

    A menu's option that leads nowhere known is an error (KeyError), so that none goes unmarked. Answers that start
    nothing, such as an item of a list, are no worse without a network.
    """
    name = option.value.partition(":")[0]
    if question.id in _WAYS:
        way = option.value.partition(_TIMES)[0]
        known = _WAY_USE_CASES.get(TenderKind(way)) if way in set(TenderKind) else None
        return ACTIONS[known] if known else _WORKS
    if question.id == "more":
        return ACTIONS[actions[name]]
    return ACTIONS[FLOW_USE_CASES[name]] if question.id in MENUS else _WORKS


def mark_of_flow(flow: str, actions: Mapping[str, str]) -> Action:
    """Tell whether what is being done works without a network, by its flow's name; `actions` as in `mark_of`."""
    known = actions.get(flow) or FLOW_USE_CASES.get(flow)
    return ACTIONS[known] if known else _WORKS
