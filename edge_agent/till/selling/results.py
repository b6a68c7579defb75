"""What a till answers about coupons' codes and about what customers choose."""

from __future__ import annotations

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
    """Something the customer has earned and may take or choose: which items, how many, and a line to read out."""

    promotion: str
    kind: str
    says: Said
    gifts: tuple[Gift, ...]
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScaleSet:
    """The scale was told; what it says from now on shows whether it did it."""
