"""When a promotion is on: in the store's zone, to the second, over midnight and across daylight saving."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest

from shared.calendar import resolve_local
from shared.pricing.window import Hours, Moment, When, Window, seconds_of

SHANGHAI, BERLIN, NEW_YORK = "Asia/Shanghai", "Europe/Berlin", "America/New_York"


def is_on(when: When, local: str, zone: str = SHANGHAI, birthday: int | None = None) -> bool:
    at_ms = resolve_local(datetime.fromisoformat(local), ZoneInfo(zone))
    return Window(when).open_at(Moment(at_ms, zone), birthday)


DAY = When(first=date(2026, 1, 5), last=date(2026, 1, 5))
EVENING = When(hours=[Hours("18:00", "24:00")])
NIGHT = When(hours=[Hours("22:00", "02:00")], first=date(2026, 1, 9), last=date(2026, 1, 9))
FRIDAY_NIGHT = When(hours=[Hours("22:00", "02:00")], weekdays=[5])
SECONDS = When(hours=[Hours("12:00:30", "12:00:31")])
TWICE = When(hours=[Hours("08:00", "09:00"), Hours("18:00", "19:00")])
MEMBER_DAY = When(days=[8, 18, 28])
LAST_NIGHT_OF_MONTH = When(hours=[Hours("23:00", "01:00")], birthday_month=True)

TABLE = [
    (DAY, "2026-01-04 23:59:59", False),
    (DAY, "2026-01-05 00:00:00", True),
    (DAY, "2026-01-05 23:59:59", True),
    (DAY, "2026-01-06 00:00:00", False),
    (EVENING, "2026-01-05 17:59:59", False),
    (EVENING, "2026-01-05 18:00:00", True),
    (EVENING, "2026-01-05 23:59:59", True),
    (EVENING, "2026-01-06 00:00:00", False),
    (NIGHT, "2026-01-09 21:59:59", False),
    (NIGHT, "2026-01-09 22:00:00", True),
    (NIGHT, "2026-01-09 23:59:59", True),
    (NIGHT, "2026-01-10 00:00:00", True),
    (NIGHT, "2026-01-10 01:59:59", True),
    (NIGHT, "2026-01-10 02:00:00", False),
    (NIGHT, "2026-01-10 22:00:00", False),
    (FRIDAY_NIGHT, "2026-01-09 01:00:00", False),
    (FRIDAY_NIGHT, "2026-01-09 22:30:00", True),
    (FRIDAY_NIGHT, "2026-01-10 01:00:00", True),
    (FRIDAY_NIGHT, "2026-01-10 22:30:00", False),
    (SECONDS, "2026-01-05 12:00:29", False),
    (SECONDS, "2026-01-05 12:00:30", True),
    (SECONDS, "2026-01-05 12:00:31", False),
    (TWICE, "2026-01-05 08:30:00", True),
    (TWICE, "2026-01-05 12:00:00", False),
    (TWICE, "2026-01-05 18:30:00", True),
    (MEMBER_DAY, "2026-02-28 12:00:00", True),
    (MEMBER_DAY, "2026-02-27 12:00:00", False),
    (When(), "2026-02-27 12:00:00", True),
]


@pytest.mark.parametrize(("when", "local", "on"), TABLE)
def test_a_window(when: When, local: str, *, on: bool) -> None:
    assert is_on(when, local) is on


def test_a_birthday_month_over_midnight_belongs_to_the_day_it_starts() -> None:
    assert is_on(LAST_NIGHT_OF_MONTH, "2026-02-01 00:30:00", birthday=1)
    assert not is_on(LAST_NIGHT_OF_MONTH, "2026-02-01 00:30:00", birthday=2)
    assert not is_on(LAST_NIGHT_OF_MONTH, "2026-01-31 23:30:00", birthday=None)


@pytest.mark.parametrize(
    ("utc", "zone", "on"),
    [
        ("2026-01-05T09:59:59", SHANGHAI, False),  # 17:59:59 in the store
        ("2026-01-05T10:00:00", SHANGHAI, True),
        ("2026-01-05T10:00:00", BERLIN, False),  # 11:00 in the store
        ("2026-01-05T17:00:00", BERLIN, True),
        ("2026-07-05T16:00:00", BERLIN, True),  # summer: 18:00
        ("2026-07-05T15:59:59", BERLIN, False),
        ("2026-07-05T22:00:00", NEW_YORK, True),
    ],
)
def test_hours_are_the_stores(utc: str, zone: str, *, on: bool) -> None:
    at_ms = int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp() * 1000)
    assert Window(EVENING).open_at(Moment(at_ms, zone), None) is on


@pytest.mark.parametrize(
    ("utc", "on"),
    [
        ("2026-03-29T00:59:59", False),  # 01:59:59; the next second is 03:00
        ("2026-03-29T01:00:00", False),  # 03:00: what was on from 2 to 3 never came
        ("2026-10-25T00:30:00", True),  # 02:30 the first time
        ("2026-10-25T01:30:00", True),  # 02:30 again
        ("2026-10-25T02:00:00", False),  # 03:00
    ],
)
def test_the_hour_that_is_skipped_and_the_one_that_comes_twice(utc: str, *, on: bool) -> None:
    at_ms = int(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp() * 1000)
    assert Window(When(hours=[Hours("02:00", "03:00")])).open_at(Moment(at_ms, BERLIN), None) is on


@pytest.mark.parametrize("text", ["24:01", "8:00", "08:60", "08:00:60", "25:00", "noon", "", "08-00", "٠٨:٠٠"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a time is"):
        seconds_of(text)


@pytest.mark.parametrize(
    "content",
    [
        b'{"first":"2026-01-02","last":"2026-01-01"}',
        b'{"weekdays":[0]}',
        b'{"weekdays":[8]}',
        b'{"days":[32]}',
        b'{"hours":[["24:00","02:00"]]}',
        b'{"from":"2026-01-01"}',
    ],
)
def test_a_window_that_makes_no_sense_is_refused(content: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(content, type=When)
