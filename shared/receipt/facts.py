"""What a receipt says beside the event it is made of: names, the shop, the member as a till may show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from shared.loyalty import NextTier
from shared.pricing.index import PromotionIndex
from shared.pricing.model import PricedLine
from shared.pricing.price_list import Item
from shared.receipt.words import Words


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """The shop as it signs. `languages` are what its receipts speak, the main one first.

    `receipt_url` is where a customer finds the receipt on a phone, the sale's id is put behind it; empty: no QR code.
    `notes` stand at the end (returns policy, service line).
    """

    name: str
    legal_name: str = ""
    zone: str
    currency: str = "CNY"
    exponent: int = 2
    languages: tuple[str, ...] = ("zh",)
    receipt_url: str = ""
    notes: tuple[str, ...] = ()


class ItemName(msgspec.Struct, frozen=True, kw_only=True):
    """An item's name: short for paper, and by language."""

    short: str
    names: Mapping[str, str] = {}

    @classmethod
    def of(cls, item: Item) -> ItemName:
        """Return the name of a price book's item."""
        return cls(short=item.receipt_name, names=item.names)


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A member as a till may show them. None is "not known here", which is not zero."""

    masked_name: str = ""
    tier: str = ""
    points_earned: int | None = None
    points_before: int | None = None
    """What they had before this purchase, as the till showed it."""
    collects: bool = True
    """Whether they may collect points, as far as the store knows."""
    tier_names: Mapping[str, str] = {}
    """The tier's name by language, where the store knows it: else its code is printed."""
    next_tier: NextTier | None = None
    """What is missing to the next tier after this purchase."""
    next_names: Mapping[str, str] = {}


class ReceiptFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything on a receipt that its event does not say.

    `head` is the receipt chain's head after it, of which the last characters are printed. `copy` counts reprints: 0
    is the first paper. `reasons` are the store's own words for codes of discounts, promotions and returns.
    For a return, `original_receipt` and `original_lines` (by number) are of the sale it undoes. `exchange_receipt` is
    the number on the other side of an exchange: of the return for the new sale, of the new sale for the return.
    """

    shop: Shop
    till_number: int | None = None
    cashier_name: str = ""
    approver_name: str = ""
    names: Mapping[str, ItemName] = {}
    reasons: Mapping[str, Words] = {}
    customer: Customer | None = None
    head: bytes = b""
    copy: int = 0
    training: bool = False
    original_receipt: str = ""
    exchange_receipt: str = ""
    original_lines: Mapping[int, PricedLine] = {}


def promotion_words(promotions: PromotionIndex, sources: Iterable[str]) -> dict[str, Words]:
    """Return the names of those promotions that have some, by id; a paper coupon's code names no promotion."""
    found = {source: promotions.by_id[source].promotion.names for source in sources if source in promotions.by_id}
    return {source: names for source, names in found.items() if names}
