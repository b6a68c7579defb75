"""Points and tiers: rules in, numbers out. Rules are typed, versioned data that can be put into words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal

import msgspec

from shared.money import refund_share


class EarningRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="spend", tag_field="kind"):
    """`points` per `per_minor` of net spend, in proportion, rounded down once per receipt.

    In force from `valid_from` (a business date of the store) until a later rule of the same chain starts.
    """

    version: int
    valid_from: date
    points: int = 1
    per_minor: int = 100
    excluded_categories: list[str] = []

    def __post_init__(self) -> None:
        if self.per_minor < 1 or self.points < 0:
            raise ValueError("an earning rule gives at least 0 points per at least 1 minor unit")

    def earn(self, net_minor: int) -> int:
        """Return the points for an eligible net amount; a negative amount earns nothing."""
        return max(net_minor, 0) * self.points // self.per_minor

    def eligible(self, category: str) -> bool:
        """Tell whether lines of a category path earn."""
        return not any(category == path or category.startswith(path + "/") for path in self.excluded_categories)


def rule_on(rules: Sequence[EarningRule], day: date) -> EarningRule | None:
    """Return the rule in force on a business date: the latest start, then the highest version."""
    in_force = [rule for rule in rules if rule.valid_from <= day]
    return max(in_force, key=lambda rule: (rule.valid_from, rule.version)) if in_force else None


def share_returned(given: int, returned_quantity: int, sold_quantity: int, already: int) -> int:
    """Return what a return takes back of `given` when `returned_quantity` of `sold_quantity` are back in total.

    Rounded half up on the running total less what was already taken back, so that the last piece settles exactly.
    """
    return refund_share(given, returned_quantity, sold_quantity, already)


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """One tier: its code, its name per language, the spend that reaches it."""

    code: str
    names: dict[str, str]
    from_minor: int


class TierRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Tiers by net spend within a calendar year of business dates; never by the balance of points.

    A tier reached in a year holds until the end of the next one. Without tiers all members are equal.
    """

    version: int
    tiers: list[Tier] = []
    window: Literal["calendar_year"] = "calendar_year"

    def reached(self, spend_minor: int) -> str:
        """Return the code of the highest tier that a year's spend reaches, '' below the first."""
        reached = [tier for tier in self.tiers if tier.from_minor <= spend_minor]
        return max(reached, key=lambda tier: tier.from_minor).code if reached else ""

    def missing(self, spend_minor: int) -> tuple[str, int] | None:
        """Return the next tier's code and the spend missing to it, or None at the top."""
        ahead = [tier for tier in self.tiers if tier.from_minor > spend_minor]
        if not ahead:
            return None
        tier = min(ahead, key=lambda tier: tier.from_minor)
        return tier.code, tier.from_minor - spend_minor
