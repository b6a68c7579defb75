"""A price book as the engine sees it: the list of prices, and the promotions over it."""

from __future__ import annotations

from typing import Protocol

from shared.pricing.index import PromotionIndex
from shared.pricing.price_list import PriceList


class PriceBook(PriceList, Protocol):
    """One version of a store's prices and promotions."""

    def promotions(self) -> PromotionIndex:
        """Return the version's promotions, indexed once for all baskets it prices."""
        ...
