"""Dates on packs: six digits, whose century is worked out and whose day may be missing.

GS1 General Specifications 7.12: a year more than 50 ahead of the present one belongs to the last century, one 50 or
more behind to the next; day 00 means the last of the month (3.4.2).
"""

from __future__ import annotations

import calendar
from datetime import date

_REFERENCE_YEAR = 2026
"""The century of a two-digit year is told from this one: right for every pack made between 1977 and 2076."""


def is_date(digits: str) -> bool:
    """Say whether six digits are a date as packs carry it."""
    return read_date(digits) is not None


def read_date(digits: str) -> date | None:
    """Return the date that YYMMDD stands for, or None when it is none."""
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    year, month, day = _full_year(int(digits[:2])), int(digits[2:4]), int(digits[4:])
    if not 1 <= month <= 12:
        return None
    last = calendar.monthrange(year, month)[1]
    return date(year, month, day or last) if day <= last else None


def _full_year(two_digits: int) -> int:
    year = _REFERENCE_YEAR // 100 * 100 + two_digits
    ahead = two_digits - _REFERENCE_YEAR % 100
    if ahead > 50:
        return year - 100
    return year + 100 if ahead < -49 else year
