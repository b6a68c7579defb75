"""What a price list holds: items and their prices."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

import msgspec

from shared.money import UnitPrice


class Unit(StrEnum):
    """The measure a quantity counts."""

    EACH = "each"
    GRAM = "g"
    MILLILITRE = "ml"


class Barcode(msgspec.Struct, frozen=True, omit_defaults=True):
    """One code an item is sold under, and how many pieces one scan of it means."""

    code: str
    pieces: int = 1


class OpenPrice(msgspec.Struct, frozen=True, omit_defaults=True):
    """A price asked for at the till when the item is rung up, a piece: between these with nobody's approval."""

    least_minor: int
    most_minor: int


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A thing the chain sells. A row of a price book's `items` body.

    `names` maps a language (`en`, `zh`) to the shelf name; `receipt_name` is short enough for paper.
    `category` is the path from the root, parts joined by '/'. `tax_rate_bp` is contained in the price.
    `min_age`: years a buyer must have. `sale_hours`: when it may be sold, as `06:00-22:00` in the store's local time
    (empty: always). `deposit`: the item that is sold with each piece of it, such as a bottle's deposit.
    `initials`: the first letters of its Chinese name's pinyin, for looking it up by them.
    `supplier` and `tags` are what promotions may choose items by, beside number, category and brand.
    `open_price`: the till asks for the price of each line; the book's price is the one it suggests. By piece only.
    """

    item: str
    names: dict[str, str]
    receipt_name: str
    barcodes: list[Barcode] = []
    category: str = ""
    brand: str = ""
    unit: Unit = Unit.EACH
    tax_code: str = "standard"
    tax_rate_bp: int = 0
    cost_minor: int | None = None
    sellable: bool = True
    min_age: int = 0
    sale_hours: list[str] = []
    deposit: str = ""
    initials: str = ""
    supplier: str = ""
    tags: list[str] = []
    open_price: OpenPrice | None = None


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an item costs in a zone or a store, for `basis` units. A row of `prices` and `overrides` bodies.

    No promotion takes it below `floor_minor`, which is for `basis` units too; without one the floor is 0.
    """

    item: str
    regular_minor: int
    member_minor: int | None = None
    basis: int = 1
    floor_minor: int | None = None

    def regular(self) -> UnitPrice:
        """Return the price anybody pays."""
        return UnitPrice(self.regular_minor, self.basis)

    def member(self) -> UnitPrice | None:
        """Return the price a member pays, if there is one."""
        return None if self.member_minor is None else UnitPrice(self.member_minor, self.basis)


class PriceList(Protocol):
    """What a version of a store's prices says of items."""

    version: int

    def item(self, item: str) -> Item | None:
        """Return the item, or None when the book does not know it."""
        ...

    def price(self, item: str) -> Price | None:
        """Return the item's price in this store, or None: a missing price is never 0."""
        ...
