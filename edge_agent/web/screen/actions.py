"""What can be done at a till, each with its key: printed on the screen, and remapped by the store's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.till.offline import ACTIONS as OFFLINE
from edge_agent.till.offline import Action as OfflineAction
from edge_agent.web.screen import flows_amending as amending
from edge_agent.web.screen import flows_counter as counter
from edge_agent.web.screen import flows_desk as service
from edge_agent.web.screen import flows_joining as joining
from edge_agent.web.screen import flows_looking as looking
from edge_agent.web.screen import flows_members as members
from edge_agent.web.screen import flows_offers as offering
from edge_agent.web.screen import flows_paying as paying
from edge_agent.web.screen import flows_returns as returning
from edge_agent.web.screen import flows_selling as selling
from edge_agent.web.screen import flows_shifts as shifts
from edge_agent.web.screen import flows_staff as staff
from edge_agent.web.screen import flows_value as value
from edge_agent.web.screen import flows_weighing as weighing
from edge_agent.web.screen.asking import Asked, Option, Question
from edge_agent.web.screen.hand import Done, Flow, Hand, Outcome
from edge_agent.web.screen.saying import Plain, says
from shared.web.words import marked
from shared.wire.event_base import TillKind


@dataclass(frozen=True, slots=True)
class Action:
    """One action: its name in settings, its words, its key as shipped ('' has none), its use case for offline marks.

    `front` ones stand on the page, the others behind "More". `kinds`: at tills of which kind it is there at all.
    """

    name: str
    words: str
    key: str
    use_case: str
    front: bool = True
    kinds: frozenset[TillKind] = frozenset(TillKind)

    @property
    def offline(self) -> OfflineAction:
        """Whether it works without a network."""
        return OFFLINE[self.use_case]


_AT_DESK = frozenset({TillKind.SERVICE_DESK})

ACTIONS: tuple[Action, ...] = (
    Action("pay", marked("Pay"), "+", "tender"),
    Action("member", marked("Member"), "F2", "attach_card"),
    Action("quick_keys", marked("Quick keys"), "F3", "catalogue.quick_keys"),
    Action("hold", marked("Hold"), "F4", "hold"),
    Action("recall", marked("Recall"), "F5", "recall"),
    Action("price_check", marked("Price check"), "F6", "catalogue.price_check"),
    Action("override", marked("Change price"), "F7", "set_price"),
    Action("round_off", marked("Drop cents"), "F8", "round_off"),
    Action("void_line", marked("Remove line"), "Delete", "void_line"),
    Action("offers", marked("Offers"), "F11", "value.points"),
    Action("desk", marked("Service desk"), "F12", "desk.look_up", kinds=_AT_DESK),
    Action("more", marked("More"), "F1", "view"),
    Action("returns", marked("Returns"), "F9", "returns.take", front=False),
    Action("shift", marked("Shift and cash"), "F10", "drawer.view", front=False),
    Action("void_basket", marked("Give the basket up"), "", "void_basket", front=False),
    Action("points", marked("Points as money"), "", "value.use_points", front=False),
    Action("coupon_code", marked("A coupon by its code"), "", "take_coupon_code", front=False),
    Action("own_coupons", marked("The member's own coupons"), "", "members.wallet", front=False),
    Action("gifts", marked("Gifts and add-on items"), "", "choose", front=False),
    Action("coupon_off", marked("Take a coupon off"), "", "put_back_coupon", front=False),
    Action("coupon", marked("Paper coupon"), "", "coupon", front=False),
    Action("reprint", marked("Print a receipt again"), "", "reprint", front=False),
    Action("no_sale", marked("Open the drawer"), "", "drawer.move", front=False),
    Action("scale", marked("Zero or tare the scale"), "", "zero_scale", front=False),
    Action("lock", marked("Lock the till"), "Pause", "people.lock", front=False),
    Action("take_break", marked("Take a break"), "", "people.take_break", front=False),
    Action("sign_out", marked("Sign out"), "", "people.sign_out", front=False),
    Action("practise", marked("Practise, or end it"), "", "people.practise", front=False),
    Action("free_pin", marked("Free a PIN"), "", "people.free_pin", front=False),
)
BY_NAME: Mapping[str, Action] = {action.name: action for action in ACTIONS}
USE_CASES: Mapping[str, str] = {action.name: action.use_case for action in ACTIONS}


def keys_of(remapped: Mapping[str, str]) -> dict[str, str]:
    """Return the key of each action, as the store has it or as shipped; of two with one key the first has it.

    What a store has chosen comes before every shipped key: whoever puts another action on F9 means it. A key is named
    as browsers name it (`F2`, `Delete`, `+`).
    """
    keys: dict[str, str] = {}
    for action in sorted(ACTIONS, key=lambda one: one.name not in remapped):
        key = remapped.get(action.name, action.key)
        keys[action.name] = "" if key in keys.values() else key
    return {action.name: keys[action.name] for action in ACTIONS}


async def more(ask: Asked, hand: Hand) -> Outcome:
    """Choose one of everything that can be done here, but for what stands on the page with a key of its own."""
    keys = keys_of(hand.settings.policies.keys)
    chosen = await ask(
        Question(
            id="more",
            title=says(marked("What do you want to do?")),
            prompt=says(marked("Number")),
            options=tuple(
                Option(value=one.name, words=says(one.words), note=Plain(keys[one.name]))
                for one in ACTIONS
                if one.name != "more" and not (one.front and keys[one.name]) and hand.till.kind in one.kinds
            ),
            free=False,
            wide=True,
            pane="more",
        )
    )
    return Done(then=chosen)


FLOWS: Mapping[str, Flow] = {
    "pay": paying.pay,
    "by_code": paying.by_code,
    "waiting": paying.waiting,
    "settle": paying.settle,
    "member": members.member,
    "people": members.people,
    "offers": offering.offers,
    "coupon_code": offering.coupon_code,
    "coupon_scanned": offering.coupon_scanned,
    "own_coupons": offering.own_coupons,
    "own_coupon": offering.own_coupon,
    "coupon_off": offering.coupon_off,
    "gifts": offering.gifts,
    "ring_chosen": offering.ring_chosen,
    "points": value.points,
    "points_used": value.points_used,
    "stored_value": value.stored_value,
    "gift_card": value.gift_card,
    "value_card": value.value_card,
    "value_amount": value.value_amount,
    "search": looking.search,
    "found": looking.found,
    "quick_keys": looking.quick_keys,
    "measure": weighing.measure,
    "weigh": weighing.weigh,
    "tare": weighing.tare,
    "scale": weighing.scale,
    "pour": weighing.pour,
    "age": selling.age,
    "open_price": selling.open_price,
    "hold": selling.hold,
    "recall": selling.recall,
    "price_check": looking.price_check,
    "override": amending.override,
    "round_off": amending.round_off,
    "void_line": amending.void_line,
    "void_basket": amending.void_basket,
    "coupon": amending.coupon,
    "returns": returning.returns,
    "take_back": returning.take_back,
    "exchange": returning.exchange,
    "no_receipt": returning.no_receipt,
    "undo_sale": returning.undo_sale,
    "refund_cash": returning.refund_cash,
    "shift": shifts.shift,
    "open_shift": shifts.open_shift,
    "cash": shifts.cash,
    "no_sale": shifts.no_sale,
    "count": shifts.count,
    "x_report": shifts.x_report,
    "close_shift": shifts.close_shift,
    "z_report": shifts.z_report,
    "past": shifts.past,
    "more": more,
    "desk": service.desk,
    "desk_customer": service.customer,
    "desk_nobodys": service.nobodys,
    "desk_join": joining.join,
    "desk_enrol": joining.enrol,
    "desk_slip": joining.slip_again,
    "desk_cards": service.cards,
    "desk_claim": service.claim,
    "desk_gifts": service.gifts,
    "desk_top_up": counter.top_up,
    "desk_gift_card": counter.gift_card,
    "desk_pay": counter.pay,
    "desk_undo": counter.undo,
    "desk_return": counter.give_back,
    "desk_pay_out": counter.pay_out,
    "reprint": staff.reprint,
    "sign_in": staff.sign_in,
    "begin": staff.begin,
    "lock": staff.lock,
    "take_break": staff.take_break,
    "sign_out": staff.sign_out,
    "practise": staff.practise,
    "free_pin": staff.free_pin,
}
"""Every flow by its name. "ring" and "attach" are not flows: the screen does them as if a code had been scanned."""
MENUS = frozenset({"more", "offers", "returns", "shift", "desk", "desk_customer", "desk_nobodys"})
"""Flows that only choose another one: nothing is done by them, so a step back from that leads to them again."""
