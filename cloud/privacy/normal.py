"""One spelling for what people are found by: a blind index only finds what was written the same way."""

from __future__ import annotations

import re
import unicodedata

from cloud.errors import Invalid
from shared.web.phrases import Phrase

_PHONE_SEPARATORS = re.compile(r"[\s().\-/]+")
_E164 = re.compile(r"^\+[1-9][0-9]{6,14}$")
_CARD = re.compile(r"^[0-9A-Za-z]{4,32}$")
_TRUNK_PREFIX = "0"
_UNSEEN = frozenset({"Cc", "Cf", "Cs"})
"""What a printer, a terminal or a database obeys and no reader sees: controls, turns of direction, halves of a sign."""
_JOINERS = "\u200c\u200d"
"""What joins and parts letters, as Persian and emoji are written."""


def phone(text: str, country_code: str = "86") -> str:
    """Return a phone number as E.164, `+8613800138000`; one without `+` or `00` belongs to `country_code`.

    Raise Invalid without repeating the number: error texts end in logs.
    """
    digits = _PHONE_SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    elif not digits.startswith("+"):
        digits = f"+{country_code}{digits.removeprefix(_TRUNK_PREFIX)}"
    if not _E164.match(digits):
        raise Invalid(Phrase("phone number of {count} characters is not one that E.164 can write", count=len(text)))
    return digits


def card(text: str) -> str:
    """Return a card number as it is scanned. Raise Invalid without repeating it."""
    number = unicodedata.normalize("NFKC", text).strip()
    if not _CARD.match(number):
        raise Invalid(Phrase("card number of {count} characters is not 4 to 32 letters and digits", count=len(text)))
    return number


def masked_card(number: str) -> str:
    """Return a card number as people may see it: its last four."""
    return f"•••• {number[-4:]}"


def masked_phone(number: str) -> str:
    """Return a number in E.164 as people may see it: how it begins and its last four, 138****5678 or +4930****5678."""
    national = number.removeprefix("+86")
    shown = 3 if national != number else 5
    return f"{national[:shown]}****{national[-4:]}" if len(national) > shown + 4 else "****" if number else ""


def plain(text: str) -> str:
    """Return a text as its readers see it: one blank where there were any, and nothing that only machines obey."""
    seen = (one for one in text if one.isspace() or one in _JOINERS or unicodedata.category(one) not in _UNSEEN)
    return " ".join("".join(seen).split())


def masked_name(name: str) -> str:
    """Return a name as a till may show it: the family name's first letter or character, 李** or S***."""
    name = plain(name)
    if not name:
        return ""
    stars = max(len(name.split()[0]) - 1, 1) if name.isascii() else max(len(name) - 1, 1)
    return name[0] + "*" * min(stars, 3)
