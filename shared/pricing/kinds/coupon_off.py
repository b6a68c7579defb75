"""优惠券: money off for whoever hands over a coupon."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from shared.money import BASIS_POINTS, share_bp
from shared.pricing.effect import Effect, Miss, Portion, capped, off_rows
from shared.pricing.promotion import Layer, Money, Promotion, percent, tenths


class Issue(StrEnum):
    """How customers come by the coupon."""

    ISSUED = "issued"
    """A code of its own on each coupon, valid for whoever holds it."""
    PERSONAL = "personal"
    """A code of its own, for the member it was given to."""
    PUBLIC = "public"
    """One code for everybody."""
    NEXT_VISIT = "next_visit"
    """Given by an earlier sale, with a code of its own."""


class CouponOff(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="coupon"):
    """`off_minor` or `off_bp` off the scope for each coupon handed over, at most `per_basket` of them.

    `stackable` coupons go together; one that is not goes alone, and whichever saves the customer more is taken.
    `need` looks at the original price unless it says otherwise. A public coupon names its `code`.

    | basket | coupons                        | discount            |
    |--------|--------------------------------|---------------------|
    | 30.00  | 5 off                          | 5.00                |
    | 3.00   | 5 off                          | 3.00                |
    | 30.00  | 5 off and 8 off                | 8.00                |
    | 30.00  | 5 off and 8 off, stackable     | 13.00               |
    | 30.00  | 5 off from 50                  | 0.00, 20.00 missing |
    """

    LAYER: ClassVar[Layer] = Layer.COUPON
    FAMILY: ClassVar[str] = "coupon"

    issue: Issue = Issue.ISSUED
    code: str = ""
    off_minor: int = 0
    off_bp: int = 0
    cap_minor: int | None = None
    stackable: bool = False
    per_basket: int = 1

    def check(self) -> None:
        """Refuse coupons that are none."""
        if bool(self.off_minor) == bool(self.off_bp) or min(self.off_minor, self.off_bp) < 0:
            raise ValueError("a coupon has off_minor or off_bp")
        if self.off_bp > BASIS_POINTS or self.per_basket < 1 or self.cap_minor == 0:
            raise ValueError("off_bp is at most 10000, per_basket and cap_minor at least 1")
        if (self.issue is Issue.PUBLIC) != bool(self.code):
            raise ValueError("a public coupon names its code, and only a public one")

    @property
    def members_only(self) -> bool:
        """A personal coupon is its member's."""
        return self.issue is Issue.PERSONAL or self.who.needs_member

    def effect(self, portion: Portion) -> Effect | Miss:
        """Take one coupon's worth off."""
        minor = self.off_minor or share_bp(portion.net(), self.off_bp)
        return off_rows(portion, capped(minor, self.cap_minor))

    def face(self) -> int:
        """The amount, or the percentage."""
        return self.off_minor or self.off_bp

    def gives(self, money: Money) -> dict[str, str]:
        """Say what is on it."""
        if self.off_minor:
            return {"en": f"{money(self.off_minor)} off", "zh": f"减 {money(self.off_minor, short=True)}"}
        return {"en": f"{percent(self.off_bp)} off", "zh": tenths(self.off_bp)}
