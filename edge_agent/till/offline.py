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
        "A card that only HQ knows shows no name.",
        "仅总部可查的会员卡不显示姓名。",
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

ACTIONS: Mapping[str, Action] = {
    "scan": _CARD,
    "attach_card": _CARD,
    "swipe": _CARD,
    "set_quantity": _YES,
    "weigh": _YES,
    "pour": _YES,
    "coupon": _YES,
    "void_line": _YES,
    "begin": _YES,
    "hold": _YES,
    "recall": _YES,
    "void_basket": _YES,
    "tender": _MONEY,
    "take_back_tenders": _YES,
    "resolve_payments": _MONEY,
    "settle_payment": _YES,
    "unresolved_payments": _YES,
    "view": _YES,
    "find": _YES,
    "held": _YES,
    "note_printed": _YES,
}
"""Every use case of `edge_agent.till.till.Till` by its name. None asks HQ and waits, so none is refused offline."""
