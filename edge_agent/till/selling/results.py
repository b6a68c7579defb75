"""What a till answers about coupons' codes and about what customers choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.pricing import Gift

Said = dict[str, str]
"""One line of text by language."""


@dataclass(frozen=True, slots=True)
class CouponTaken:
    """A coupon's code is on the basket. `applied`: it takes something off now; `says` what, or why not yet."""

    code: str
    promotion: str
    applied: bool
    says: Said
    total_minor: int


@dataclass(frozen=True, slots=True)
class OfferTaken:
    """What the customer chose of a promotion is noted. `says` what came of it."""

    promotion: str
    applied: bool
    says: Said
    total_minor: int


@dataclass(frozen=True, slots=True)
class OfferView:
    """Something the customer has earned and may take or choose: which items, how many, and a line to read out.

    `names`: what the promotion is called by language.
    `terms`: what a piece of an item costs this way, in minor units and points, where it is not free.
    """

    promotion: str
    kind: str
    says: Said
    gifts: tuple[Gift, ...]
    chosen: tuple[str, ...]
    names: Said
    terms: Mapping[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class ScaleSet:
    """The scale was told; what it says from now on shows whether it did it."""
