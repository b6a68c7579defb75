"""When a promotion is on: dates, hours, weekdays and member days, all in the store's own zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from shared.calendar import local_time

DAY_SECONDS = 24 * 60 * 60
_ONE_DAY = timedelta(days=1)


def seconds_of(text: str) -> int:
    """Return the second of the day that `HH:MM` or `HH:MM:SS` names; `24:00` is the end of the day."""
    parts = text.split(":")
    if len(parts) not in {2, 3} or not all(len(part) == 2 and part.isdecimal() and part.isascii() for part in parts):
        raise ValueError(f"a time is HH:MM or HH:MM:SS, got {text!r}")
    hours, minutes, seconds = (*map(int, parts), 0)[:3]
    total = hours * 3600 + minutes * 60 + seconds
    if minutes > 59 or seconds > 59 or total > DAY_SECONDS:
        raise ValueError(f"a time is between 00:00 and 24:00, got {text!r}")
    return total


class Hours(msgspec.Struct, frozen=True, array_like=True):
    """From one time up to, not including, another. An end at or before the start is on the next day."""

    start: str
    end: str

    def __post_init__(self) -> None:
        if seconds_of(self.start) == DAY_SECONDS:
            raise ValueError("hours start before 24:00")
        seconds_of(self.end)


class When(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """When a promotion is on; what is not said does not matter.

    `first` and `last` are whole local days, both included. `weekdays` count from 1, Monday; `days` are days of the
    month (a member day: 8, 18, 28). Hours over midnight belong to the day they start on: Friday's 22:00 to 02:00 is on
    at one on Saturday and asks whether Friday is a day of it. `birthday_month`: only in the member's.
    """

    first: date | None = None
    last: date | None = None
    hours: list[Hours] = []
    weekdays: list[int] = []
    days: list[int] = []
    birthday_month: bool = False

    def __post_init__(self) -> None:
        if self.first and self.last and self.last < self.first:
            raise ValueError(f"last day {self.last} is before the first, {self.first}")
        if any(not 1 <= day <= 7 for day in self.weekdays):
            raise ValueError("weekdays are 1 (Monday) to 7")
        if any(not 1 <= day <= 31 for day in self.days):
            raise ValueError("days of the month are 1 to 31")


NO_WHEN = When()
"""Always."""


class Moment:
    """A business moment as the store's wall clock shows it."""

    __slots__ = ("second", "today", "yesterday")

    def __init__(self, at_ms: int, time_zone: str) -> None:
        local: datetime = local_time(at_ms, ZoneInfo(time_zone))
        self.today = local.date()
        self.yesterday = self.today - _ONE_DAY
        self.second = local.hour * 3600 + local.minute * 60 + local.second


class Window:
    """A `When` made ready to be asked often."""

    __slots__ = ("_spans", "_when")

    def __init__(self, when: When) -> None:
        self._when = when
        self._spans = [(seconds_of(hours.start), seconds_of(hours.end)) for hours in when.hours]

    def open_at(self, moment: Moment, birthday_month: int | None) -> bool:
        """Tell whether the moment is inside."""
        return any(self._fits(day, birthday_month) for day in self._days(moment))

    def _days(self, moment: Moment) -> Iterator[date]:
        """Yield the days whose hours the moment is in."""
        if not self._spans:
            yield moment.today
            return
        for start, end in self._spans:
            if end > start:
                if start <= moment.second < end:
                    yield moment.today
            elif moment.second >= start:
                yield moment.today
            elif moment.second < end:
                yield moment.yesterday

    def _fits(self, day: date, birthday_month: int | None) -> bool:
        when = self._when
        return (
            (when.first is None or when.first <= day)
            and (when.last is None or day <= when.last)
            and (not when.weekdays or day.isoweekday() in when.weekdays)
            and (not when.days or day.day in when.days)
            and (not when.birthday_month or day.month == birthday_month)
        )
