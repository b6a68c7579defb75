"""Sums of money as people type them into a form."""

from __future__ import annotations

import re

from cloud.errors import Invalid

_LONGEST = 20
_AMOUNT = re.compile(r"(?P<sign>-?)(?P<whole>\d{1,12})(?:\.(?P<rest>\d*))?", re.ASCII)


def read_minor(text: str, exponent: int, name: str) -> int:
    """Read an amount as people write it, `-1,234.50`, into minor units. Raise Invalid naming the field."""
    found = _AMOUNT.fullmatch(text.strip().replace(",", "").replace("，", ""))
    if found is None or len(found["rest"] or "") > exponent:
        raise Invalid(f"{name}: write an amount such as 12.50, got {text[:_LONGEST]!r}")
    minor = int(found["whole"] + (found["rest"] or "").ljust(exponent, "0"))
    return -minor if found["sign"] else minor
