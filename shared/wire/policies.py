"""What a store lets its tills do, decided by HQ: who may sign in, what needs approval, reasons, keys, limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class StaffRole(StrEnum):
    """What a member of the staff may do; each may do what the one before may."""

    CASHIER = "cashier"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"

    def covers(self, other: StaffRole) -> bool:
        """Tell whether this role may do what `other` may."""
        ranks = list(StaffRole)
        return ranks.index(self) >= ranks.index(other)


class StaffMember(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody who works at this store's tills.

    `pin` is a hash in the form of `shared.pins` ('' for nobody's), `card` what a staff card's number comes to with
    the store's `staff_card_salt`. `adult`: old enough to sell what has an age limit.
    """

    code: str
    name: str
    role: StaffRole = StaffRole.CASHIER
    pin: str = ""
    card: bytes = b""
    adult: bool = True


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """A reason a cashier may choose: a code for programs, and its words by language (`en`, `zh`)."""

    code: str
    words: dict[str, str]


class QuickKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A key of the till's page that rings up an item: loose vegetables, bags. `page` groups keys."""

    item: str
    words: dict[str, str]
    page: str = ""


class Approval(StrEnum):
    """What may need somebody's approval."""

    PRICE_OVERRIDE = "price_override"
    ROUND_OFF = "round_off"
    VOID_LINE = "void_line"
    VOID_BASKET = "void_basket"
    RETURN = "return"
    RETURN_WITHOUT_RECEIPT = "return_without_receipt"
    REFUND_IN_CASH = "refund_in_cash"
    VOID_SALE = "void_sale"
    CASH_OUT = "cash_out"
    NO_SALE = "no_sale"
    SETTLE_PAYMENT = "settle_payment"
    SELL_AGED = "sell_aged"
    FREE_PIN = "free_pin"
    TAKE_OVER = "take_over"
    CLOSE_SHIFT = "close_shift"
    TRAINING = "training"
    CARD_CHANGE = "card_change"
    """A member's card reported lost, replaced, frozen or thawed at the service desk."""
    UNDO_TOP_UP = "undo_top_up"
    PAY_OUT_VALUE = "pay_out_value"
    """Money for a stored-value card that HQ approved to be returned."""
    SAME_WEIGHT = "same_weight"
    """A line by the very weight of the line before: other goods that happen to weigh the same."""


_SUPERVISED = (
    Approval.PRICE_OVERRIDE,
    Approval.ROUND_OFF,
    Approval.RETURN,
    Approval.REFUND_IN_CASH,
    Approval.VOID_SALE,
    Approval.SETTLE_PAYMENT,
    Approval.FREE_PIN,
    Approval.TAKE_OVER,
    Approval.UNDO_TOP_UP,
    Approval.PAY_OUT_VALUE,
    Approval.SAME_WEIGHT,
)

DEFAULT_APPROVALS: dict[str, StaffRole] = {
    **{one.value: StaffRole.SUPERVISOR for one in _SUPERVISED},
    Approval.RETURN_WITHOUT_RECEIPT.value: StaffRole.MANAGER,
}
"""What needs whose approval where the store says nothing else; what is not named needs none."""


MEMBERSHIP = "membership"
"""The channel of the text that somebody agrees to when they join; the others are ways to be written to (`sms`)."""


class ConsentText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody agrees to: for which channel, in which version, in words by language (`en`, `zh`).

    Nobody joins without agreeing to the `required` ones; each of the others is asked for by itself. Another text is
    another version.
    """

    channel: str
    version: str
    words: dict[str, str]
    required: bool = False


class TillPolicies(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How this store's tills work. Amounts are minor units; 0 means no limit unless said otherwise.

    `sign_in` none: whoever stands there is named by the program that drives the till, and nothing needs approval.
    `approvals` maps an `Approval` to the role it needs, over DEFAULT_APPROVALS ('' takes the need away).
    `pin_tries` wrong PINs lock it until a supervisor frees it; from the third on each try has to wait.
    `shifts` required: nothing is sold without an open shift. `blind_count`: cashiers count without seeing what
    should be there.
    `round_off_step`: what may be dropped by hand brings the total to a multiple of this (0: never); `round_off_max`
    is the most without approval. `cash_step`: what is paid in cash alone is dropped to a multiple of this.
    `return_days`: how long after its sale a receipt can be used for a return. `no_receipt_max`: the most paid back
    without a receipt at once (0: never). `refund`: to the tenders of the sale, or always in cash.
    `denominations`: the notes and coins that a count lists, largest first.
    `consents`: the texts that are shown to whoever joins at the service desk; none: as shipped.
    `ask_referrer`: whoever joins there is asked who brought them.
    `card_reference`: whether the slip's number of a card that a terminal took by itself is asked, and must be given.
    `keys`: what a till's page does at a key, by action (`{"hold": "F4"}`), where it differs from as shipped.
    """

    sign_in: Literal["none", "pin"] = "none"
    approvals: dict[str, str] = {}
    pin_tries: int = 6
    lock_after_seconds: int = 0
    staff_card_prefixes: list[str] = []
    shifts: Literal["none", "required"] = "none"
    blind_count: bool = True
    quick_keys: list[QuickKey] = []
    override_reasons: list[Reason] = []
    void_reasons: list[Reason] = []
    return_reasons: list[Reason] = []
    cash_reasons: list[Reason] = []
    round_off_step: int = 0
    round_off_max: int = 0
    cash_step: int = 0
    return_days: int = 0
    no_receipt_max: int = 0
    refund: Literal["original", "cash"] = "original"
    denominations: list[int] = []
    keys: dict[str, str] = {}
    consents: list[ConsentText] = []
    ask_referrer: bool = False
    card_reference: Literal["none", "optional", "required"] = "optional"

    def needs(self, approval: Approval) -> StaffRole | None:
        """Return the role that something needs, None when anybody may do it."""
        if self.sign_in == "none":
            return None
        chosen = self.approvals.get(approval, DEFAULT_APPROVALS.get(approval, ""))
        return StaffRole(chosen) if chosen else None
