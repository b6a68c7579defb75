"""The year's rhythm: weeks begin on Monday at midnight in the chain's zone, and so do their prices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE_NAME = "America/New_York"
ZONE = ZoneInfo(ZONE_NAME)
_FIRST_MONDAY = date(2016, 12, 26)
"""Week 1 of the source ends on Sunday, 1 January 2017, at local midnight; every later week has seven days."""


def week_starts_local(week: int) -> datetime:
    """Return the naive local time at which a week of the source begins."""
    day = _FIRST_MONDAY + timedelta(weeks=week - 1)
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a wall time, resolved below


def week_starts_ms(week: int) -> int:
    """Return the instant at which a week of the source begins. Midnight is never in a gap in this zone."""
    return round(week_starts_local(week).replace(tzinfo=ZONE).astimezone(UTC).timestamp() * 1000)


def halfway(weeks: list[int]) -> int:
    """Return the week before which late households are registered."""
    return weeks[len(weeks) // 2]
