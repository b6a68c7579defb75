"""Stored value: its rules as typed, versioned data, and what a till may spend of a member's value offline."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Literal
from uuid import UUID

import msgspec

from shared.money import BASIS_POINTS, allocate, share_bp

POINTS = "POINTS"
"""The unit of points; that of money is its currency."""
PRINCIPAL = "principal"
GIFT = "gift"

_MOST = 10**9
_MOST_MONTHS = 120

ALLOWANCE_MARGIN_MS = 60_000
"""A till commits against an allowance or a hold only until so long before it ends, in trusted time."""


class TopUpCampaign(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """充值赠送: who tops up at least `from_minor` within the dates (both days included) gets gift money with it.

    `repeating` gives `gift_minor` for every full `from_minor`. `gift_months`: how long the gift money lasts, 0 for
    ever.
    """

    from_minor: int
    gift_minor: int
    starts: date
    ends: date
    repeating: bool = False
    gift_months: int = 0

    def __post_init__(self) -> None:
        if not (1 <= self.from_minor <= _MOST and 0 <= self.gift_minor <= _MOST) or self.ends < self.starts:
            raise ValueError(f"a campaign gives 0 to {_MOST} from 1 on, and does not end before it starts")
        if not 0 <= self.gift_months <= _MOST_MONTHS:
            raise ValueError(f"gift money lasts up to {_MOST_MONTHS} months, 0 for ever")

    def gives(self, minor: int, day: date) -> int:
        """Return the gift money for a top-up on a business date."""
        if not self.starts <= day <= self.ends or minor < self.from_minor:
            return 0
        return self.gift_minor * (minor // self.from_minor if self.repeating else 1)


class ValueRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the chain's stored value works. Amounts are minor units; 0 as a cap means none.

    The caps of the `cn` profile are what the law on single-purpose prepaid cards allows: 5,000 yuan a named card, 1,000
    an unnamed one. `order_of_use` says which money is spent first; a refund goes back to the money it was paid with, in
    that proportion. `identity_from_minor`: from this top-up on the buyer's identity is asked for. `recover_debt`: what
    a purse owes (a top-up undone by force after it was spent) is taken from its next top-up first.
    `allowance_percent`: how much of what a member may spend one store is given ahead at most, so that the rest stays
    for other stores, gifts and draws.
    """

    version: int
    named_cap_minor: int = 500_000
    unnamed_cap_minor: int = 100_000
    identity_from_minor: int = 1_000_000
    order_of_use: Literal["principal_first", "gift_first", "in_proportion"] = "principal_first"
    campaigns: list[TopUpCampaign] = []
    hold_minutes: int = 15
    return_fee_bp: int = 0
    return_fee_minor: int = 0
    recover_debt: bool = False
    allowance_minor: int = 0
    allowance_points: int = 0
    allowance_percent: int = 50
    allowance_hours: int = 24
    allowance_members: int = 200

    def __post_init__(self) -> None:
        counts = (
            self.named_cap_minor, self.unnamed_cap_minor, self.identity_from_minor, self.return_fee_bp,
            self.return_fee_minor, self.allowance_minor, self.allowance_points, self.allowance_members,
        )  # fmt: skip
        if min(counts) < 0 or max(counts) > _MOST or self.return_fee_bp > BASIS_POINTS:
            raise ValueError(f"caps, fees and allowances are 0 to {_MOST}, a fee is at most all of it")
        if not 1 <= self.allowance_percent <= 100:
            raise ValueError("a store is given 1 to 100 percent of what a member may spend")
        if not 1 <= self.hold_minutes <= 24 * 60 or not 1 <= self.allowance_hours <= 24 * 31:
            raise ValueError("a hold lasts 1 to 1440 minutes, an allowance 1 to 744 hours")

    def cap(self, *, named: bool) -> int:
        """Return the most a card may hold, 0 for no limit."""
        return self.named_cap_minor if named else self.unnamed_cap_minor

    def gift(self, minor: int, day: date) -> tuple[int, int]:
        """Return (gift money, months it lasts) of the campaign that gives most for a top-up; (0, 0) without one."""
        given = [(one.gives(minor, day), one.gift_months) for one in self.campaigns]
        return max(given, key=lambda one: (one[0], one[1] == 0, one[1]), default=(0, 0))

    def split(self, amount: int, available: Mapping[str, int]) -> dict[str, int]:
        """Split what is spent over principal and gift money; what neither has is not placed."""
        principal, gift = available.get(PRINCIPAL, 0), available.get(GIFT, 0)
        if self.order_of_use == "in_proportion":
            placed = min(amount, principal + gift)
            parts = allocate(placed, [principal, gift]) if placed else [0, 0]
            return {PRINCIPAL: parts[0], GIFT: parts[1]}
        first, second = (PRINCIPAL, GIFT) if self.order_of_use == "principal_first" else (GIFT, PRINCIPAL)
        taken = min(amount, available.get(first, 0))
        return {first: taken, second: min(amount - taken, available.get(second, 0))}

    def return_fee(self, principal_minor: int) -> int:
        """Return what giving a card back costs, at most what is on it."""
        return min(share_bp(principal_minor, self.return_fee_bp) + self.return_fee_minor, principal_minor)


class Allowance(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """So much of a member's value one agent may spend offline: a hold of HQ's, out of the balance since it was issued.

    `unit` is POINTS or a currency. It counts only in the agent's `epoch` and until `valid_until_ms` (HQ's wall time)
    less ALLOWANCE_MARGIN_MS.
    """

    id: UUID
    unit: str
    amount: int
    valid_until_ms: int
    epoch: UUID

    def may_commit(self, hq_now_ms: int, epoch: UUID) -> bool:
        """Tell whether an agent in `epoch` may still spend of it when HQ's clock says `hq_now_ms`."""
        return self.epoch == epoch and hq_now_ms < self.valid_until_ms - ALLOWANCE_MARGIN_MS
