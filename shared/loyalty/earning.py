"""Points: rules in, numbers out. Rules are typed, versioned data that can be put into words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal, NamedTuple, Protocol, TypeVar

import msgspec

from shared.money import BASIS_POINTS, refund_share

_MOST_DAYS = 366
_MOST_MONTHS = 120
_MOST_POINTS = 1_000
"""For one minor unit or more: what the largest sale brings then is far from where a database stops counting."""
_MOST_PER_MINOR = 10**9


class Paid(NamedTuple):
    """What a receipt came to, and how much of that was paid by tenders that earn nothing (minor units)."""

    total_minor: int
    excluded_minor: int = 0


def months_later(day: date, months: int) -> date:
    """Return the same day `months` later, the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = (date(year + month // 11, (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


class EarningRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="spend", tag_field="kind"):
    """`points` per `per_minor` of net spend, in proportion, rounded down once per receipt.

    In force from `valid_from` (a business date of the store) until a later rule of the same chain starts.
    `excluded_tenders`: what is paid by them earns nothing. `expiry`: never, after `expiry_count` months, or at the end
    of the `expiry_count`-th year after the one they were earned in (0: of that year). `pending_days`: how long points
    wait before they can be spent. `spent_points`: where a return would take back points that are spent by then, the
    member owes them, or the return is refused by every till that can ask HQ; where none was asked, they are owed.
    """

    version: int
    valid_from: date
    points: int = 1
    per_minor: int = 100
    excluded_categories: list[str] = []
    excluded_tenders: list[str] = []
    expiry: Literal["never", "months", "year_end"] = "never"
    expiry_count: int = 0
    pending_days: int = 0
    spent_points: Literal["owed", "refused"] = "owed"

    def __post_init__(self) -> None:
        if not (1 <= self.per_minor <= _MOST_PER_MINOR and 0 <= self.points <= _MOST_POINTS):
            raise ValueError(f"an earning rule gives 0 to {_MOST_POINTS} points per 1 to {_MOST_PER_MINOR} minor units")
        if not 0 <= self.pending_days <= _MOST_DAYS or not 0 <= self.expiry_count <= _MOST_MONTHS:
            raise ValueError(f"points wait 0 to {_MOST_DAYS} days and last at most {_MOST_MONTHS} months or years")
        if self.expiry == "months" and self.expiry_count < 1:
            raise ValueError("points that expire after months last at least one")

    def available_on(self, day: date) -> date | None:
        """Return the first business date on which points of `day` can be spent, None for at once."""
        return day + timedelta(days=self.pending_days) if self.pending_days else None

    def expires_on(self, day: date) -> date | None:
        """Return the first business date on which points of `day` are worth nothing, None for never.

        Their last day counts whole: twelve months from 5 March end after 5 March of the next year.
        """
        if self.expiry == "never":
            return None
        if self.expiry == "year_end":
            return date(day.year + self.expiry_count + 1, 1, 1)
        return months_later(day, self.expiry_count) + timedelta(days=1)

    def points_for(self, eligible_minor: int, paid: Paid, *, bonus: Sequence[tuple[int, int]] = ()) -> int:
        """Return the points of a receipt, rounded down once.

        `eligible_minor` is what its eligible lines came to; of the whole, `paid` says what excluded tenders paid:
        that share earns nothing. `bonus` are (base in minor units, multiplier in basis points) of promotions.
        """
        if paid.total_minor <= 0:
            return 0
        earning = max(paid.total_minor - paid.excluded_minor, 0)
        weighed = max(eligible_minor, 0) * BASIS_POINTS
        weighed += sum([max(base, 0) * (times_bp - BASIS_POINTS) for base, times_bp in bonus])
        return weighed * earning * self.points // (self.per_minor * BASIS_POINTS * paid.total_minor)

    def earn(self, net_minor: int) -> int:
        """Return the points for an eligible net amount; a negative amount earns nothing."""
        return max(net_minor, 0) * self.points // self.per_minor

    def eligible(self, category: str) -> bool:
        """Tell whether lines of a category path earn."""
        return not any(category == path or category.startswith(path + "/") for path in self.excluded_categories)


class Version(Protocol):
    """One version of a rule, in force from a business date of the store (None: always) until a later one starts."""

    @property
    def version(self) -> int:
        """Its number."""
        ...

    @property
    def valid_from(self) -> date | None:
        """Its first business date."""
        ...


V = TypeVar("V", bound=Version)


def in_force(versions: Sequence[V], day: date) -> V | None:
    """Return which version of a rule counts on a business date: the latest start, then the highest number."""
    started = [one for one in versions if one.valid_from is None or one.valid_from <= day]
    return max(started, key=lambda one: (one.valid_from or date.min, one.version), default=None)


def share_returned(given: int, returned_quantity: int, sold_quantity: int, already: int) -> int:
    """Return what a return takes back of `given` when `returned_quantity` of `sold_quantity` are back in total.

    Rounded half up on the running total less what was already taken back, so that the last piece settles exactly.
    """
    return refund_share(given, returned_quantity, sold_quantity, already)
