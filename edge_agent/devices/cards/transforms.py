"""What makes a reader's text the number of a card.

A chip has a number of 4 bytes (of an EM4100 card the last 4 of 5), and readers write it as they like: ten decimal
digits, eight hexadecimal ones, "facility and card" as Wiegand does, the bytes in either order. Which one a reader
writes and which one the chain prints is known once both are seen, so a transform names both: `hex8 reverse dec10` reads
eight hexadecimal digits, turns the bytes round and writes ten decimal digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from edge_agent.devices.cards.stripe import stripe_number

_BYTES = 4
_MODULUS = 1 << (8 * _BYTES)
_WIEGAND_DIGITS = 8
_HEX = re.compile("[0-9A-Fa-f]{1,10}")


class CardUnreadable(ValueError):
    """A card whose number cannot be told; `reason` is a code the till has words for."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Transform = Callable[[str], str]
"""From a reader's text to a card number; empty for a text without one. Raises CardUnreadable."""


def _decimal(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise CardUnreadable("card_unreadable")
    number = int(text)
    if number >= _MODULUS:
        raise CardUnreadable("card_unreadable")
    return number


def _hexadecimal(text: str) -> int:
    if _HEX.fullmatch(text) is None:
        raise CardUnreadable("card_unreadable")
    return int(text, 16)


def _wiegand(text: str) -> int:
    """Read facility (3 digits) and card (5 digits): the last three bytes of the number."""
    digits = text.replace(",", "")
    number = _decimal(digits)
    facility, card = divmod(number, 100_000)
    if len(digits) != _WIEGAND_DIGITS or facility > 0xFF or card > 0xFFFF:
        raise CardUnreadable("card_unreadable")
    return facility << 16 | card


def _whole(read: Callable[[str], int], digits: int, *, short: bool = False) -> Callable[[str], int]:
    """Return a reading of exactly so many digits: a part of a number is another card's, whose points it would get.

    `short`: of as many or fewer, for a reader that leaves leading zeros out.
    """

    def whole(text: str) -> int:
        if len(text) > digits or (len(text) < digits and not short):
            raise CardUnreadable("card_unreadable")
        return read(text)

    return whole


_DIGITS: Mapping[str, tuple[Callable[[str], int], int]] = {
    "dec8": (_decimal, 8),
    "dec10": (_decimal, 10),
    "hex8": (_hexadecimal, 8),
    "hex10": (_hexadecimal, 10),
}
READ: Mapping[str, Callable[[str], int]] = {
    **{form: _whole(read, digits) for form, (read, digits) in _DIGITS.items()},
    **{f"short-{form}": _whole(read, digits, short=True) for form, (read, digits) in _DIGITS.items()},
    "wiegand": _wiegand,
}
"""How a reader writes a chip's number: all its digits, or (`short-`) without the zeros it begins with."""

WRITE: Mapping[str, Callable[[int], str]] = {
    "dec8": lambda number: f"{number % 10**8:08}",
    "dec10": lambda number: f"{number:010}",
    "hex8": lambda number: f"{number:08X}",
    "wiegand": lambda number: f"{number >> 16 & 0xFF:03}{number & 0xFFFF:05}",
}
"""How the chain prints it. `dec8` are the last eight of the ten decimal digits."""


def parse_transform(text: str) -> Transform | None:
    """Return what a profile's `scans.transform` says; None for `none`. Raise ValueError for what nobody knows.

    `stripe` takes the member's number from a magnetic stripe; everything else is `<read> [reverse] <write>`.
    """
    if text in ("", "none"):
        return None
    if text == "stripe":
        return _stripe
    words = text.split()
    reverse = len(words) == 3 and words[1] == "reverse"
    if not (len(words) == 2 or reverse) or words[0] not in READ or words[-1] not in WRITE:
        raise ValueError(
            f"transform {text!r}: write `none`, `stripe` or `<read> [reverse] <write>`,"
            f" read one of {', '.join(READ)}, write one of {', '.join(WRITE)}"
        )
    return _chip(READ[words[0]], WRITE[words[-1]], reverse=reverse)


def _chip(read: Callable[[str], int], write: Callable[[int], str], *, reverse: bool) -> Transform:
    def transform(text: str) -> str:
        number = read(text) % _MODULUS
        if reverse:
            number = int.from_bytes(number.to_bytes(_BYTES, "big"), "little")
        return write(number)

    return transform


def _stripe(text: str) -> str:
    found = stripe_number(text)
    if found.bank_card:
        raise CardUnreadable("bank_card")
    return found.number
