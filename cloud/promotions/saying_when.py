"""On which days and at which hours a promotion is on, in both languages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from shared.pricing.window import When

_WEEKDAYS: tuple[tuple[str, str], ...] = (
    ("Monday", "周一"),
    ("Tuesday", "周二"),
    ("Wednesday", "周三"),
    ("Thursday", "周四"),
    ("Friday", "周五"),
    ("Saturday", "周六"),
    ("Sunday", "周日"),
)


def when_words(when: When) -> list[tuple[str, str]]:
    """Return what a window says, English and Chinese; nothing for one that is always open."""
    found = [*_dates(when), *_weekdays(when.weekdays)]
    if when.days:
        days = sorted(set(when.days))
        found.append((f"on day {', '.join(map(str, days))} of the month", f"每月 {'、'.join(map(str, days))} 日"))
    if when.hours:
        spans = [f"{one.start}-{one.end}" for one in when.hours]
        found.append((", ".join(spans), "、".join(spans)))
    if when.birthday_month:
        found.append(("in the birthday month", "会员生日当月"))
    return found


def _dates(when: When) -> list[tuple[str, str]]:
    first, last = when.first, when.last
    if first and last and first == last:
        return [(f"on {first}", f"仅 {_day(first)}当天")]
    if first and last:
        until = _day(last) if last.year != first.year else f"{last.month}月{last.day}日"
        return [(f"{first} to {last}", f"{_day(first)}至{until}")]
    if first:
        return [(f"from {first}", f"{_day(first)}起")]
    return [(f"until {last}", f"截至 {_day(last)}")] if last else []


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _weekdays(weekdays: Iterable[int]) -> list[tuple[str, str]]:
    days = sorted(set(weekdays))
    if not days or len(days) == len(_WEEKDAYS):
        return []
    runs: list[list[int]] = []
    for day in days:
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    english, chinese = [], []
    for run in runs:
        (en, zh), (en_last, zh_last) = _WEEKDAYS[run[0] - 1], _WEEKDAYS[run[-1] - 1]
        english.append(en if len(run) == 1 else f"{en} to {en_last}")
        chinese.append(zh if len(run) == 1 else f"{zh}至{zh_last}")
    return [(", ".join(english), "、".join(chinese))]
