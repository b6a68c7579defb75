"""Local wall time and instants: activation times across DST, business dates with a day's cut-off."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)


@lru_cache(maxsize=1024)
def is_zone(name: str) -> bool:
    """Tell whether this machine knows a time zone of that name."""
    try:
        ZoneInfo(name)
    except (ValueError, KeyError, OSError):  # what is no name at all, none that exists, a folder of zones
        return False
    return True


def local_time(at_ms: int, zone: tzinfo) -> datetime:
    """Return an instant as local time in a zone, exact to its millisecond.

    Raise ValueError or OverflowError for an instant that no calendar has.
    """
    seconds, milliseconds = divmod(at_ms, 1000)  # a float would put some milliseconds a millionth beside themselves
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000).astimezone(zone)


def resolve_local(local: datetime, zone: ZoneInfo) -> int:
    """Return the instant (ms) of a naive local wall time.

    In a fold (the hour that comes twice) the first; in a gap (the hour that is skipped) the first valid instant
    after it.
    """
    if local.tzinfo is not None:
        raise ValueError("a local time carries no zone of its own")
    aware = local.replace(tzinfo=zone, fold=0)
    instant = aware.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != local:
        # In a gap, fold=0 uses the offset before it: the result lies past the gap by as much as `local` lies in it.
        offset_before, offset_after = aware.utcoffset(), aware.replace(fold=1).utcoffset()
        if offset_before is None or offset_after is None:
            raise ValueError(f"zone {zone} has no offset at {local}")
        instant = _gap_end(instant - (offset_after - offset_before), instant, zone)
    return round(instant.timestamp() * 1000)


def _gap_end(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """Find the transition in (low, high] to the second; the offset differs between the two ends."""
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high


def business_date(at_ms: int, zone: ZoneInfo, cutoff_minutes: int) -> date:
    """Return the business date of an instant: the store's local date, less the day's cut-off."""
    return (local_time(at_ms, zone).replace(tzinfo=None) - cutoff_minutes * _MINUTE).date()
