"""Local times and instants: gaps, folds, midnight and the business day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import business_date, local_time, resolve_local

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
EPOCH = datetime.fromtimestamp(0, UTC)
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
ZONES = st.sampled_from([SHANGHAI, NEW_YORK, LORD_HOWE, ZoneInfo("Africa/Casablanca"), ZoneInfo("Pacific/Apia")])
moments = st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2037-01-01"))


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("local", "zone", "instant"),
    # Transitions as published in the IANA time zone database (iana.org/time-zones).
    [
        ("2026-01-01T00:00:00", SHANGHAI, "2025-12-31T16:00:00"),
        ("1986-05-04T02:30:00", SHANGHAI, "1986-05-03T18:00:00"),  # China's DST began at 2:00: a gap
        ("2026-03-08T01:59:59", NEW_YORK, "2026-03-08T06:59:59"),
        ("2026-03-08T02:00:00", NEW_YORK, "2026-03-08T07:00:00"),  # a gap: first valid instant is 3:00 EDT
        ("2026-03-08T02:30:00", NEW_YORK, "2026-03-08T07:00:00"),
        ("2026-03-08T02:59:59", NEW_YORK, "2026-03-08T07:00:00"),
        ("2026-03-08T03:00:00", NEW_YORK, "2026-03-08T07:00:00"),
        ("2026-11-01T01:30:00", NEW_YORK, "2026-11-01T05:30:00"),  # a fold: the first of the two
        ("2026-11-01T02:00:00", NEW_YORK, "2026-11-01T07:00:00"),
        ("2026-10-04T02:00:00", LORD_HOWE, "2026-10-03T15:30:00"),  # a gap of half an hour
        ("2026-10-04T02:15:00", LORD_HOWE, "2026-10-03T15:30:00"),
        ("2026-10-04T02:30:00", LORD_HOWE, "2026-10-03T15:30:00"),
        ("2026-04-05T01:45:00", LORD_HOWE, "2026-04-04T14:45:00"),  # a fold of half an hour
        ("2011-12-30T12:00:00", ZoneInfo("Pacific/Apia"), "2011-12-30T10:00:00"),  # a day that never was
    ],
)
def test_a_local_time_becomes_its_first_valid_instant(local: str, zone: ZoneInfo, instant: str) -> None:
    assert resolve_local(datetime.fromisoformat(local), zone) == at(instant)


@given(moments, ZONES)
def test_a_time_that_exists_comes_back_as_itself_and_is_the_first(moment: datetime, zone: ZoneInfo) -> None:
    moment = moment.replace(microsecond=0)
    instant = resolve_local(moment, zone)
    shown = local_time(instant, zone)
    assert shown.replace(tzinfo=None) >= moment
    assert shown.fold == 0


@given(moments, ZONES)
def test_later_wall_times_never_resolve_to_earlier_instants(moment: datetime, zone: ZoneInfo) -> None:
    moment = moment.replace(microsecond=0)
    if local_time(resolve_local(moment, zone), zone).replace(tzinfo=None) != moment:  # in a gap
        later = moment + timedelta(seconds=1)
        assert resolve_local(moment, zone) <= resolve_local(later, zone)


@given(st.integers(min_value=-(10**13), max_value=10**14), st.sampled_from([UTC, ZoneInfo("Asia/Kathmandu")]))
def test_a_moment_is_exact_to_its_millisecond_in_any_zone(at_ms: int, zone: tzinfo) -> None:
    shown = local_time(at_ms, zone)
    assert (shown.tzinfo, shown - EPOCH) == (zone, timedelta(milliseconds=at_ms))


def test_a_local_time_brings_no_zone() -> None:
    with pytest.raises(ValueError, match="no zone"):
        resolve_local(datetime(2026, 1, 1, tzinfo=UTC), SHANGHAI)


@pytest.mark.parametrize(
    ("instant", "zone", "cutoff", "day"),
    [
        ("2026-01-01T15:59:59", SHANGHAI, 0, date(2026, 1, 1)),
        ("2026-01-01T16:00:00", SHANGHAI, 0, date(2026, 1, 2)),
        ("2026-01-01T17:59:59", SHANGHAI, 120, date(2026, 1, 1)),  # 01:59:59, the day starts at 2:00
        ("2026-01-01T18:00:00", SHANGHAI, 120, date(2026, 1, 2)),
        ("2026-03-08T06:59:59", NEW_YORK, 120, date(2026, 3, 7)),  # 01:59:59 EST
        ("2026-03-08T07:00:00", NEW_YORK, 120, date(2026, 3, 8)),  # 03:00:00 EDT, a second later
        ("2026-03-01T04:59:59", NEW_YORK, 0, date(2026, 2, 28)),
        ("2026-12-31T16:00:00", SHANGHAI, 0, date(2027, 1, 1)),
    ],
)
def test_the_business_day_starts_at_the_cutoff(instant: str, zone: ZoneInfo, cutoff: int, day: date) -> None:
    assert business_date(at(instant), zone, cutoff) == day
