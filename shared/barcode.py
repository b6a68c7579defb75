"""What a scan means: text in, one of a few answers out. Junk is an answer, not an exception."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from biip import ParseError
from biip.gtin import Gtin

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
        try:
            Gtin.parse(code)
        except ParseError:
            return Unknown(code, "check_digit")
        return ItemCode(code)
    return ItemCode(code) if len(code) <= 6 else Unknown(code, "no_known_format")
