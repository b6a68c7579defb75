"""What a purchase brings in points, and what goods that come back take of it: one function for till and head office.

A till promises by it, head office posts by it. Given the same purchase, rule and tier they cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from shared.loyalty.earning import EarningRule, Paid, share_returned
from shared.money import BASIS_POINTS, allocate
from shared.pricing.record import PromotionUse


class LineFacts(NamedTuple):
    """A line as sold: how much of the item, and what it came to. `category` is its path in the book it was sold by."""

    n: int
    quantity: int
    net_minor: int
    category: str = ""


class TenderFacts(NamedTuple):
    """Money given for a sale: by which method, how much (minor units, change taken off)."""

    method: str
    minor: int


class PieceBack(NamedTuple):
    """How much of a line comes back, and how much of it had come back before."""

    of_line: int
    quantity: int
    before: int


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """What was bought and how it was paid."""

    lines: Sequence[LineFacts]
    tenders: Sequence[TenderFacts] = ()
    uses: Sequence[PromotionUse] = ()
    """What its promotions did beside its lines: points on top, multiplied, spent as money."""

    @property
    def net_minor(self) -> int:
        """What it came to: the member's spend."""
        return sum([line.net_minor for line in self.lines])


def points_earned(purchase: Purchase, rule: EarningRule, tier_times_bp: int = BASIS_POINTS) -> int:
    """Return the points of a whole receipt, rounded down once, with what its promotions and its tier put on top."""
    excluded = sum([tender.minor for tender in purchase.tenders if tender.method in rule.excluded_tenders])
    bonus = [(use.base_minor, use.multiplier_bp) for use in purchase.uses if use.multiplier_bp]
    net_minor = purchase.net_minor
    eligible = sum(_eligible(purchase, rule)) if rule.excluded_categories else net_minor
    if tier_times_bp != BASIS_POINTS:
        bonus.append((eligible, tier_times_bp))
    earned = rule.points_for(eligible, Paid(net_minor, excluded), bonus=bonus)
    return earned + sum([use.points for use in purchase.uses])


def points_of_lines(purchase: Purchase, rule: EarningRule, points: int) -> dict[int, int]:
    """Return the points a receipt was given, apportioned to its lines by their eligible net, line number to points."""
    weights = [max(net, 0) for net in _eligible(purchase, rule)]
    shares = allocate(points, weights if any(weights) else [line.net_minor for line in purchase.lines])
    return {line.n: share for line, share in zip(purchase.lines, shares, strict=True)}


def points_taken_back(purchase: Purchase, rule: EarningRule, points: int, back: Sequence[PieceBack]) -> int:
    """Return what goods that come back take of the `points` their purchase was given, line by line.

    The last piece of a line settles it exactly.
    """
    sold = {line.n: line.quantity for line in purchase.lines}
    given = points_of_lines(purchase, rule, points)
    taken = 0
    for of_line, quantity, before in back:
        already = share_returned(given[of_line], before, sold[of_line], 0)
        taken += share_returned(given[of_line], before + quantity, sold[of_line], already)
    return taken


def _eligible(purchase: Purchase, rule: EarningRule) -> list[int]:
    return [line.net_minor if rule.eligible(line.category) else 0 for line in purchase.lines]
