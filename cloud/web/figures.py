"""Figures as people read them: money, moments, sizes, ages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from shared.calendar import local_time
from shared.money import money_text
from shared.receipt.figures import money_with_sign

_UNITS = ("B", "KB", "MB", "GB", "TB")
_zone: ContextVar[tzinfo] = ContextVar("zone", default=UTC)


@contextmanager
def written_in(zone: tzinfo) -> Iterator[None]:
    """Write the moments of a block in a zone."""
    token = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(token)


def money(minor: int, exponent: int) -> str:
    """Write minor units as people do: 1234567 with exponent 2 is 12,345.67."""
    return money_text(minor, exponent, thousands=True)


def with_sign(minor: int, exponent: int, currency: str) -> str:
    """Write an amount with its currency's sign, or its code where it has none: ￥1,234.50, CHF 1,234.50."""
    return money_with_sign(minor, exponent, currency, thousands=True)


def moment(at_ms: int | None, zone: str = "") -> str:
    """Write a moment to the second in a zone by name or else the house's; an empty text for none a calendar has."""
    if at_ms is None:
        return ""
    try:
        there: tzinfo = ZoneInfo(zone) if zone else _zone.get()
    except (ValueError, KeyError, OSError):
        there = UTC
    try:
        said = local_time(at_ms, there).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{said} UTC" if there is UTC else said


def size(count: int) -> str:
    """Write a number of bytes in the largest unit that leaves at least one."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count // 1000, unit + 1
    return f"{count} {_UNITS[unit]}"


def thousands(number: int | None) -> str:
    """Write a whole number with its thousands apart; a dash for none."""
    return "–" if number is None else f"{number:,}"


def quantity(amount: int, unit: str) -> str:
    """Write a quantity of an item: 3, 1.236 kg, 0.500 l."""
    whole = {"g": "kg", "ml": "l"}.get(unit)
    return f"{amount:,}" if whole is None else f"{amount // 1000:,}.{amount % 1000:03d} {whole}"
