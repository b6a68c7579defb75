"""Months as finance counts them: in the zone of the stores, from the first moment of the first day."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from typing import NamedTuple

from cloud.errors import Invalid
from shared.loyalty import months_later


class Month(NamedTuple):
    """A month, `2026-01`, and the moments it begins at and ends before (milliseconds)."""

    code: str
    from_ms: int
    to_ms: int


def month(text: str, zone: tzinfo) -> Month:
    """Read a month as people write it. Raise Invalid for what is none."""
    try:
        first = date.fromisoformat(f"{text}-01")
        return _of(first, zone)
    except (ValueError, OverflowError):
        raise Invalid(f"month: write it as 2026-01, got {text[:20]!r}") from None


def last_months(at_ms: int, zone: tzinfo, count: int) -> list[Month]:
    """Return the month of a moment and those before it, the oldest first."""
    today = datetime.fromtimestamp(at_ms // 1000, zone).date()
    this = today.replace(day=1)
    return [_of(months_later(this, -back), zone) for back in range(count - 1, -1, -1)]


def _of(first: date, zone: tzinfo) -> Month:
    return Month(first.strftime("%Y-%m"), _moment(first, zone), _moment(months_later(first, 1), zone))


def _moment(day: date, zone: tzinfo) -> int:
    return int(datetime.combine(day, time(), zone).timestamp()) * 1000
