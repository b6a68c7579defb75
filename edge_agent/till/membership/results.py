"""What a till answers about members and what they may pay with."""

from __future__ import annotations

from dataclasses import dataclass

from shared.wire.messages import MemberChoice

Said = dict[str, str]
"""One line of text by language."""


@dataclass(frozen=True, slots=True)
class PeopleFound:
    """The members behind a telephone number, masked, to choose from; `more`: the whole number tells them apart."""

    people: tuple[MemberChoice, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class MemberGone:
    """The basket is nobody's again."""

    total_minor: int


@dataclass(frozen=True, slots=True)
class CouponView:
    """A coupon of a member's own: its code, what it is called, what it gives, its last day (YYYY-MM-DD)."""

    code: str
    names: Said
    gives: Said
    ends: str
    on_basket: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletView:
    """What somebody can pay with here and now. `by_hq`: HQ says so; else it is what this store was given ahead.

    `has_value`: there is stored value at all (None: only HQ knows). `named` is False for a card that is nobody's.
    """

    by_hq: bool
    value_minor: int = 0
    points: int = 0
    has_value: bool | None = None
    named: bool = True
    coupons: tuple[CouponView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsView:
    """Points as money on this basket: what the member has, what may be used and for how much, by which rule.

    `most_points` is what this basket takes at most, worth `most_minor`; `using` is what it takes now, worth
    `using_minor`. `step_points`, `cap_bp` (of the order) and `least_minor` (the smallest order) are the rule's.
    """

    points: int
    by_hq: bool
    most_points: int
    most_minor: int
    step_points: int
    cap_bp: int
    least_minor: int
    gives: Said
    using: int = 0
    using_minor: int = 0


@dataclass(frozen=True, slots=True)
class PointsUsed:
    """So many points pay so much of this basket. `ahead`: out of what this store was given ahead, without HQ."""

    points: int
    minor: int
    total_minor: int
    ahead: bool = False
