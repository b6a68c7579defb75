"""What a tier brings: typed, versioned with the rule that names the tier, and each given exactly once.

Prices of a tier are no benefit of this list: they stand in the price book, as lists and promotions that name the tier,
because every till needs them without a network. `OwnPrices` only says that there are some.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

import msgspec

from shared.money import BASIS_POINTS

_MOST_TIMES_BP = 100 * BASIS_POINTS
_MOST_COUPONS = 100
_MOST_DAYS = 60
_MOST_POINTS = 1_000_000
_LAST_DAY_ALL_MONTHS_HAVE = 28


class OwnPrices(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="own_prices", tag_field="kind"):
    """The tier has prices of its own: by the promotion of the price book that states them."""

    promotion: str


class PointsTimes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="points_times", tag_field="kind"):
    """What goods earn is multiplied, in basis points (15000: one and a half times).

    By the tier on the receipt: what a till showed is what counts, whenever the sale arrives.
    """

    times_bp: int

    def __post_init__(self) -> None:
        if not BASIS_POINTS < self.times_bp <= _MOST_TIMES_BP:
            raise ValueError("points are multiplied by more than 1 and at most 100")


class MemberDay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="member_day", tag_field="kind"):
    """On these business days points are multiplied: days of the month (1 to 31) and of the week (1 Monday to 7)."""

    times_bp: int
    month_days: list[int] = []
    weekdays: list[int] = []

    def __post_init__(self) -> None:
        if not BASIS_POINTS < self.times_bp <= _MOST_TIMES_BP:
            raise ValueError("points are multiplied by more than 1 and at most 100")
        if not self.month_days and not self.weekdays:
            raise ValueError("a member day names days of the month or of the week")
        if any(not 1 <= day <= 31 for day in self.month_days) or any(not 1 <= day <= 7 for day in self.weekdays):
            raise ValueError("days of a month are 1 to 31, of a week 1 (Monday) to 7")

    def is_on(self, day: date) -> bool:
        """Tell whether a business date is one."""
        return day.day in self.month_days or day.isoweekday() in self.weekdays


class CouponsOnReaching(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="coupons_on_reaching", tag_field="kind"
):
    """Coupons of a batch for whoever reaches the tier, once in `every_months`; 0: once for ever."""

    batch: str
    count: int = 1
    every_months: int = 0

    def __post_init__(self) -> None:
        _check_count(self.count)
        if not 0 <= self.every_months <= 120:
            raise ValueError("every_months is 0 (once for ever) to 120")


class CouponsMonthly(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="coupons_monthly", tag_field="kind"
):
    """Coupons of a batch each month from its `day` on (1 to 28), for whoever stands in the tier then."""

    batch: str
    count: int = 1
    day: int = 1

    def __post_init__(self) -> None:
        _check_count(self.count)
        if not 1 <= self.day <= _LAST_DAY_ALL_MONTHS_HAVE:
            raise ValueError(f"the day is 1 to {_LAST_DAY_ALL_MONTHS_HAVE}: every month has it")


class BirthdayGift(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="birthday_gift", tag_field="kind"
):
    """Coupons or points around the birthday, once a year.

    Given from `days_before` on; whoever tells their birthday late gets it until `days_after`. Somebody born on 29
    February has it on `leap_day` in other years.
    """

    batch: str = ""
    count: int = 1
    points: int = 0
    days_before: int = 7
    days_after: int = 7
    leap_day: Literal["feb_28", "mar_1"] = "feb_28"

    def __post_init__(self) -> None:
        _check_count(self.count)
        if bool(self.batch) == bool(self.points) or not 0 <= self.points <= _MOST_POINTS:
            raise ValueError(f"a birthday gift is coupons of a batch or 1 to {_MOST_POINTS} points, one of the two")
        if not (0 <= self.days_before <= _MOST_DAYS and 0 <= self.days_after <= _MOST_DAYS):
            raise ValueError(f"a birthday's gift begins and ends within {_MOST_DAYS} days of it")

    def birthday_in(self, year: int, month: int, day: int) -> date:
        """Return the birthday of a year."""
        if (month, day) == (2, 29) and not _is_leap(year):
            return date(year, 2, 28) if self.leap_day == "feb_28" else date(year, 3, 1)
        return date(year, month, day)

    def occasion(self, today: date, month: int, day: int) -> int | None:
        """Return the year whose birthday's window `today` lies in, None outside.

        A window may reach over New Year: a gift for 2 January is given in December and belongs to January's year.
        """
        for year in (today.year - 1, today.year, today.year + 1):
            there = self.birthday_in(year, month, day)
            if there - timedelta(days=self.days_before) <= today <= there + timedelta(days=self.days_after):
                return year
        return None


Benefit = OwnPrices | PointsTimes | MemberDay | CouponsOnReaching | CouponsMonthly | BirthdayGift
"""What a tier may bring."""


def times_bp(benefits: list[Benefit], day: date) -> int:
    """Return by how much points are multiplied on a business date, in basis points.

    The tier's own times and the best member day's are multiplied with each other, rounded down to the basis point.
    """
    own = max((one.times_bp for one in benefits if isinstance(one, PointsTimes)), default=BASIS_POINTS)
    days = (one.times_bp for one in benefits if isinstance(one, MemberDay) and one.is_on(day))
    return own * max(days, default=BASIS_POINTS) // BASIS_POINTS


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _check_count(count: int) -> None:
    if not 1 <= count <= _MOST_COUPONS:
        raise ValueError(f"1 to {_MOST_COUPONS} coupons at a time")
