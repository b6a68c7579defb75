"""Magnetic stripes as keyboard readers type them: the member's number is taken, everything else is dropped here.

ISO/IEC 7813: track 1 is `%B<number>^<name>^<expiry>...?`, track 2 `;<number>=<expiry>...?`. A reader types one after
the other. A bank's card at the member reader is a mistake: its number is not handed on, stored, shown or hashed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TRACK_2 = re.compile(r";(?P<number>\d{1,19})(?:=(?P<rest>\d*))?\?")
_TRACK_1 = re.compile(r"%[A-Z]?(?P<number>\d{1,19})(?:\^(?P<rest>[^?]*))?\?")
_EXPIRY_DIGITS = 4
_BANK_DIGITS = range(13, 20)


@dataclass(frozen=True, slots=True)
class StripeNumber:
    """What a stripe says: a member's number, or that it is a bank's card (then without the number)."""

    number: str = ""
    bank_card: bool = False


def stripe_number(text: str) -> StripeNumber:
    """Return the number on a stripe, of track 2 where there is one; empty when a text holds none."""
    found = _TRACK_2.search(text) or _TRACK_1.search(text)
    if found is None:
        return StripeNumber()
    number, rest = found["number"], found["rest"] or ""
    if _is_bank_card(number, rest, name="^" in rest):
        return StripeNumber(bank_card=True)
    return StripeNumber(number)


def _is_bank_card(number: str, rest: str, *, name: bool) -> bool:
    """Tell a bank's card: 13 to 19 digits with a right Luhn digit, and an expiry date or a name after them."""
    dated = name or len(rest) >= _EXPIRY_DIGITS
    return len(number) in _BANK_DIGITS and dated and _luhn_fits(number)


def _luhn_fits(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
