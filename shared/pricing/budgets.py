"""What a sale used of promotions' budgets: the same count in the store and at head office."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from shared.pricing.context import Counter, Per
from shared.pricing.model import PricedLine
from shared.pricing.promotion import Limit
from shared.pricing.record import PromotionUse


class Used(NamedTuple):
    """How often, and for how much."""

    uses: int = 0
    minor: int = 0


class Sold(Protocol):
    """What of a sale is counted."""

    @property
    def lines(self) -> Iterable[PricedLine]:
        """Its lines with their discounts."""
        ...

    @property
    def promotions(self) -> Iterable[PromotionUse]:
        """What its promotions did besides."""
        ...


def used_of(sale: Sold) -> dict[str, Used]:
    """Return what a sale used of each promotion: as often as it lists it, else once where a line has its discount."""
    minor: defaultdict[str, int] = defaultdict(int)
    for line in sale.lines:
        for discount in line.discounts:
            if discount.source:
                minor[discount.source] += discount.minor
    listed: defaultdict[str, int] = defaultdict(int)
    for use in sale.promotions:
        listed[use.promotion] += use.uses
    return {name: Used(listed.get(name, 1), minor.get(name, 0)) for name in sorted(minor.keys() | listed.keys())}


def counter_of_share(promotion: str, limit: Limit, most: tuple[int | None, int | None], used: Used) -> Counter:
    """Return how much of a chain's budget counts as used where a store may use `most` of it and has used so much.

    What other stores may use is as good as used here: the engine finds exactly what is left of the share.
    """
    counts = [
        0 if whole is None else whole - min(whole, whole if part is None else part) + spent
        for whole, part, spent in zip((limit.uses, limit.minor), most, used, strict=True)
    ]
    return Counter(promotion, Per.CHAIN, *counts)
