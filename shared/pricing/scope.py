"""Which items a promotion is about."""

from __future__ import annotations

import msgspec

from shared.pricing.price_list import Item


class Except(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Items left out of a scope: those that any of the lists names."""

    items: list[str] = []
    categories: list[str] = []
    brands: list[str] = []
    suppliers: list[str] = []
    tags: list[str] = []

    def names(self, item: Item) -> bool:
        """Tell whether an item is left out."""
        return (
            item.item in self.items
            or item.brand in self.brands
            or item.supplier in self.suppliers
            or any(tag in self.tags for tag in item.tags)
            or any(below(item.category, path) for path in self.categories)
        )


class Scope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The items that `items` lists, and those that fit every other list given (any entry of each); empty: all items.

    `categories` are paths and mean everything below them. What `leave_out` names is never in.

    >>> milk = Item(item="7", names={"en": "Milk"}, receipt_name="Milk", category="food/dairy", brand="Cow")
    >>> Scope(categories=["food"], brands=["Cow"]).covers(milk), Scope(categories=["foo"]).covers(milk)
    (True, False)
    """

    items: list[str] = []
    categories: list[str] = []
    brands: list[str] = []
    suppliers: list[str] = []
    tags: list[str] = []
    leave_out: Except | None = None

    @property
    def by_property(self) -> bool:
        """Whether items come in by what they are, not only by being listed."""
        return bool(self.categories or self.brands or self.suppliers or self.tags)

    @property
    def everything(self) -> bool:
        """Whether all items are in, except those left out."""
        return not self.items and not self.by_property

    def covers(self, item: Item) -> bool:
        """Tell whether an item is in."""
        if self.leave_out is not None and self.leave_out.names(item):
            return False
        if item.item in self.items or self.everything:
            return True
        return self.by_property and self._fits(item)

    def _fits(self, item: Item) -> bool:
        return (
            (not self.categories or any(below(item.category, path) for path in self.categories))
            and (not self.brands or item.brand in self.brands)
            and (not self.suppliers or item.supplier in self.suppliers)
            and (not self.tags or any(tag in self.tags for tag in item.tags))
        )


def below(category: str, path: str) -> bool:
    """Tell whether a category is a path or below it."""
    return category == path or category.startswith(path + "/")


ALL = Scope()
"""Every item."""
