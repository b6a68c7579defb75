"""What else happens at a till, beside sales: people, shifts, cash, baskets given up, copies, goods without a receipt.

Also the facts about a sale that a person decided: prices changed by hand, cents dropped, ages checked.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec

from shared.money import UnitPrice
from shared.wire.event_base import Event, Receipt, Tender, TenderKind


class AdjustmentKind(StrEnum):
    """What a person, or a rule of the store, decided beside price book and scale. Of a weight nothing is taken off."""

    PRICE_OVERRIDE = "price_override"
    ROUNDING = "rounding"
    WEIGHT_BY_HAND = "weight_by_hand"
    """The scale at the till did not work: somebody typed the weight in."""
    WEIGHT_REPEATED = "weight_repeated"
    """A line was weighed by the very weight of the line before: somebody said that these are other goods."""


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Money taken off by hand or by the store's rounding, or a weight somebody answers for: why, by whom, approved by.

    Its parts are discounts of the lines with `kind` as their reason; they add up to `minor`. `line` 0 is the whole
    receipt. `price` is what the line cost a unit afterwards. `by` is empty for a rule.
    """

    kind: AdjustmentKind
    minor: int
    line: int = 0
    price: UnitPrice | None = None
    reason: str = ""
    by: str = ""
    approved_by: str = ""


class AgeProof(StrEnum):
    """How a buyer's age was made sure of. The birth date itself is kept nowhere."""

    BIRTH_DATE = "birth_date"
    SEEN = "seen"


class AgeCheck(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody made sure that the buyer is at least `years` old."""

    years: int
    proof: AgeProof
    by: str = ""


class StaffAction(StrEnum):
    """What a member of the staff did at a till, or what was done to them."""

    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    LOCK = "lock"
    UNLOCK = "unlock"
    BREAK = "break"
    PIN_LOCKED = "pin_locked"
    PIN_FREED = "pin_freed"


class StaffActed(Event, frozen=True, kw_only=True, omit_defaults=True, tag="staff"):
    """Somebody came to, left or locked a till. `cashier` is who; PIN_LOCKED names whose PIN was tried too often."""

    action: StaffAction
    role: str = ""
    approved_by: str = ""


class CashMove(StrEnum):
    """Why a drawer was opened without a sale."""

    IN = "in"
    OUT = "out"
    DROP = "drop"
    NO_SALE = "no_sale"


class ShiftOpened(Event, frozen=True, kw_only=True, omit_defaults=True, tag="shift_open"):
    """A drawer was taken over with `float_minor` in it. `id` is the shift's; everything of it names that id."""

    float_minor: int
    currency: str
    exponent: int = 2


class CashMoved(Event, frozen=True, kw_only=True, omit_defaults=True, tag="cash"):
    """Cash went into a drawer or out of it without a sale, or the drawer was only opened: how much, and why."""

    move: CashMove
    minor: int = 0
    reason: str
    note: str = ""
    approved_by: str = ""


class TenderTotal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one way to pay came to in a shift: taken for sales and for stored value (change taken off), given back.

    `unreferenced`: how many cards were taken without their slip's number, so that nothing ties them to the bank's list.
    """

    method: TenderKind
    count: int = 0
    taken_minor: int = 0
    returned_minor: int = 0
    unreferenced: int = 0


class ReasonTotal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one reason came to: a discount's, or a cash movement's."""

    reason: str
    count: int = 0
    minor: int = 0


class TaxTotal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was sold, less what came back, at one tax rate, and the tax in it."""

    rate_bp: int
    net_minor: int = 0
    tax_minor: int = 0


class ShiftTotals(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a shift's events add up to; the same events always give the same totals.

    `cash_expected_minor` is what should be in the drawer. `missing` counts receipts whose events are no longer on
    the agent's disk: the totals are then without them, and say so. `value_sold` and `value_back` are stored value sold
    and paid back: in the tenders and in the drawer, but no revenue, so in no figure of sales or returns.
    """

    sales: int = 0
    sales_minor: int = 0
    lines: int = 0
    returns: int = 0
    returns_minor: int = 0
    voids: int = 0
    discounts: list[ReasonTotal] = []
    taxes: list[TaxTotal] = []
    tenders: list[TenderTotal] = []
    float_minor: int = 0
    cash_moves: list[ReasonTotal] = []
    no_sales: int = 0
    cash_expected_minor: int = 0
    first_receipt: str = ""
    last_receipt: str = ""
    missing: int = 0
    value_sold: int = 0
    value_sold_minor: int = 0
    value_back: int = 0
    value_back_minor: int = 0


class CountedCash(msgspec.Struct, frozen=True, kw_only=True):
    """So many notes or coins of one value."""

    value_minor: int
    count: int


class ShiftClosed(Event, frozen=True, kw_only=True, omit_defaults=True, tag="shift_close"):
    """A shift's Z report. `version` 1 is made at closing; what comes to the shift later makes the next version.

    `because` names the event that a later version was made for. `unsent` is how many of the store's events HQ did
    not have at that moment, `unresolved` the payment attempts nobody knew the result of.
    """

    version: int
    opened_ms: int
    closed_ms: int
    closed_by: str = ""
    totals: ShiftTotals
    counted: list[CountedCash] = []
    counted_minor: int = 0
    held_moved: list[UUID] = []
    held_cancelled: list[UUID] = []
    unresolved: list[UUID] = []
    unsent: int = 0
    because: UUID | None = None

    @property
    def difference_minor(self) -> int:
        """What was counted less what should be there: negative when cash is missing."""
        return self.counted_minor - self.totals.cash_expected_minor


class BasketVoided(Event, frozen=True, kw_only=True, omit_defaults=True, tag="basket_void"):
    """A basket was given up before it was paid: what it was worth, and why."""

    basket: UUID
    lines: int
    total_minor: int
    reason: str
    approved_by: str = ""


class ReceiptReprinted(Event, frozen=True, kw_only=True, omit_defaults=True, tag="reprint"):
    """A receipt was printed once more, marked as copy number `copy`."""

    original: UUID
    copy: int


class GoodsLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Goods that came back without a receipt, and what was paid back for them (positive minor units)."""

    n: int
    item: str
    quantity: int
    price: UnitPrice
    refund_minor: int
    tax_rate_bp: int = 0
    tax_minor: int = 0
    reason: str = ""


class GoodsReturned(Event, frozen=True, kw_only=True, omit_defaults=True, tag="goods_return"):
    """Goods came back that no receipt was shown for; `book_version` priced them. No member's points move."""

    receipt: Receipt
    lines: list[GoodsLine]
    tenders: list[Tender]
    currency: str
    exponent: int = 2
    total_minor: int
    book_version: int
    approved_by: str = ""
