"""What goes into the engine and what comes out: lines and paper coupons; priced lines with reasons."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from shared.money import UnitPrice
from shared.pricing.price_list import Unit


class Payer(StrEnum):
    """Who bears a discount."""

    CHAIN = "chain"
    STORE = "store"
    SUPPLIER = "supplier"


class BasketLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line as rung up: which item, how much of it in the item's unit. `n` counts from 1 and is never reused.

    `label_minor` is what a scale's label says a weighed line costs: the customer has it in print, so it is the line's
    price for the whole quantity, whatever quantity times the book's price rounds to. So is what was asked for at the
    till for an item with an open price.
    """

    n: int
    item: str
    quantity: int
    code: str = ""
    label_minor: int | None = None


class PaperCoupon(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A paper coupon handed over for one line.

    `supplier_minor` is its face value, which the supplier repays; `chain_minor` is what the chain adds
    (a doubled coupon). Each is capped at what is left of the line.
    """

    code: str
    line: int
    supplier_minor: int = 0
    chain_minor: int = 0


class Discount(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, array_like=True):
    """Money taken off a line: why, how much, and who bears it (basis points by payer; empty means the chain).

    `source` names the promotion or coupon behind it; empty where the reason says all.
    """

    reason: str
    minor: int
    source: str = ""
    payers: dict[Payer, int] = {}


class PricedLine(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, array_like=True):
    """A line with its price and every reason for it: what is left of it after its discounts, never below 0.

    It travels as a `SoldLine` (`shared/wire/sold_lines.py`). `code` is what was scanned, empty when it was the item's
    first barcode. `category` and `cost_minor` are empty when the book names them: HQ owns them and looks them up.
    """

    n: int
    item: str
    quantity: int
    price: UnitPrice
    net_minor: int
    discounts: list[Discount] = []
    unit: Unit = Unit.EACH
    tax_code: str = "standard"
    tax_rate_bp: int = 0
    tax_minor: int = 0
    code: str = ""
    category: str = ""
    cost_minor: int | None = None

    @property
    def gross_minor(self) -> int:
        """What the line costs at its price, before any discount."""
        return self.price.amount(self.quantity)


class Status(StrEnum):
    """What became of a promotion that had to do with the basket."""

    APPLIED = "applied"
    REFUSED = "refused"
    NEAR = "near"
    """A little more and it applies."""
    OFFERED = "offered"
    """The customer has earned it and has yet to choose or take something."""


class UsedLine(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, array_like=True):
    """A promotion's part in a line: how much of the line it used, and what it took off."""

    n: int
    quantity: int
    minor: int


class Gift(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, array_like=True):
    """Pieces of an item that the customer may have and that are not in the basket. `add`: the till rings them up."""

    item: str
    quantity: int
    add: bool = False


class Outcome(msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What a promotion did, or why it did nothing. `shared.pricing.explain` puts it into words.

    `reason` is a machine code, empty where it applied without more to say. `missing_minor` or `missing_quantity` is
    what the customer still has to buy for (more of) it. `withheld_minor` is what floors kept back of `minor`.
    `multiplier_bp` of 20,000 doubles the points on `base_minor`; `points` are given, `spent_points` taken.
    """

    promotion: str
    kind: str
    status: Status
    minor: int = 0
    uses: int = 0
    lines: list[UsedLine] = []
    reason: str = ""
    coupon: str = ""
    missing_minor: int = 0
    missing_quantity: int = 0
    withheld_minor: int = 0
    points: int = 0
    spent_points: int = 0
    multiplier_bp: int = 0
    base_minor: int = 0
    gifts: list[Gift] = []
    issues: list[str] = []
    """Coupon promotions of which the customer gets one each for a later visit."""


class PricedBasket(msgspec.Struct, frozen=True, kw_only=True):
    """The priced lines in basket order, what they add up to, and what became of every promotion concerned.

    What people take off afterwards is not the engine's: see `shared.adjustments`.
    """

    lines: list[PricedLine]
    total_minor: int
    saved_minor: int
    outcomes: list[Outcome] = []


class PriceMissing(LookupError):
    """An item has no price in the book: the line is blocked, never sold at 0."""

    def __init__(self, item: str, version: int) -> None:
        super().__init__(f"item {item} has no price in price book {version}")
        self.item = item
        self.version = version
