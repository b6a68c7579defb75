"""What a scan means: text in, one of a few answers out. Junk is an answer, not an exception."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MAX_SCAN_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class ItemCode:
    """A code to look up in the price book: a GTIN as printed (leading zeros as scanned), or a short item number."""

    code: str


@dataclass(frozen=True, slots=True)
class MemberCard:
    """A member card of the chain."""

    number: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nothing we sell by and nobody we know; `reason` is a code the till has words for."""

    text: str
    reason: str


Scan = ItemCode | MemberCard | Unknown


def classify(text: str, card_prefixes: Sequence[str] = (), card_digits: int = 0) -> Scan:
    """Say what scanned text is. Cards of the chain go first: their prefixes are chosen not to collide with GTINs."""
    code = text.strip()
    if not code or len(code) > MAX_SCAN_CHARACTERS or not code.isprintable():
        return Unknown(code[:MAX_SCAN_CHARACTERS], "unreadable")
    if not (code.isascii() and code.isdigit()):
        return Unknown(code, "no_known_format")
    if card_digits and len(code) == card_digits and code.startswith(tuple(card_prefixes)):
        return MemberCard(code)
    if len(code) in (8, 12, 13, 14):
        return ItemCode(code) if _check_digit_fits(code) else Unknown(code, "check_digit")
    return ItemCode(code) if len(code) <= 6 else Unknown(code, "no_known_format")


def _check_digit_fits(gtin: str) -> bool:
    """Check a GTIN's last digit (GS1 General Specifications, 7.9.1): weights 3 and 1 from the right add up to tens.

    Done here because the library that knows all of GS1 takes 17 MB of a mini PC's memory for it.
    """
    digits = [int(digit) for digit in reversed(gtin)]
    return (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0
