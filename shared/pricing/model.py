"""What goes into the engine and what comes out: lines, member facts, coupons; priced lines with reasons."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from shared.money import UnitPrice
from shared.pricing.book import Unit


class Payer(StrEnum):
    """Who bears a discount."""

    CHAIN = "chain"
    STORE = "store"
    SUPPLIER = "supplier"


class BasketLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line as rung up: which item, how much of it in the item's unit. `n` counts from 1 and is never reused."""

    n: int
    item: str
    quantity: int
    code: str = ""


class PaperCoupon(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A paper coupon handed over for one line.

    `supplier_minor` is its face value, which the supplier repays; `chain_minor` is what the chain adds
    (a doubled coupon). Each is capped at what is left of the line.
    """

    code: str
    line: int
    supplier_minor: int = 0
    chain_minor: int = 0


class MemberFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What pricing may know of the member. A card of the chain counts as a member even before HQ knows it."""

    tier: str = ""


class PricingContext(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything beside basket and book on which a price may depend. The sale records it."""

    at_ms: int
    time_zone: str
    member: MemberFacts | None = None


class Discount(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, array_like=True):
    """Money taken off a line: why, how much, and who bears it (basis points by payer; empty means the chain).

    `source` names the promotion or coupon behind it; empty where the reason says all.
    """

    reason: str
    minor: int
    source: str = ""
    payers: dict[Payer, int] = {}


class PricedLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, array_like=True):
    """A line with its price and every reason for it: what is left of it after its discounts, never below 0.

    On the wire an array: fields are only ever appended. `code` is what was scanned, empty when it was the item's
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


class PricedBasket(msgspec.Struct, frozen=True, kw_only=True):
    """The priced lines in basket order and what they add up to."""

    lines: list[PricedLine]
    total_minor: int
    saved_minor: int


class PriceMissing(LookupError):
    """An item has no price in the book: the line is blocked, never sold at 0."""

    def __init__(self, item: str, version: int) -> None:
        super().__init__(f"item {item} has no price in price book {version}")
        self.item = item
        self.version = version
