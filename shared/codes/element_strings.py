"""GS1 element strings: identifiers with values, one after another, as GS1-128, DataBar, DataMatrix and QR carry them.

A value whose length is not predefined ends with a separator (GS, 0x1D), which keyboard scanners send as Ctrl-] and
some lose. A string without any separator in which such a value is followed by something is therefore read again with
the place of the separator worked out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.codes.application_identifiers import ApplicationIdentifier, find
from shared.codes.dates import is_date

GS = "\x1d"
_SEPARATORS = re.compile("\x1d|\u241d|\\^\\]|<GS>|\\{GS\\}|\\[GS\\]")
"""GS itself, its picture, and how scanners' set-up books spell it out; Ctrl-] types GS."""
_VALUE = re.compile(r"[!\"%&'()*+,\-./0-9:;<=>?A-Z_a-z]+")
"""GS1's 82 characters (General Specifications, figure 7.11-1)."""
_GUESSED = frozenset({"10", "11", "13", "15", "16", "17", "21", "30", "3102", "3103", "37", "3922", "3932"})
"""What follows a value on goods of a supermarket; only these are looked for where a separator was lost."""
_DATES = frozenset({"11", "12", "13", "15", "16", "17"})
_MAX_GUESSES = 256
_MAX_LOST = 2
"""Separators whose places are worked out: a pack has a batch and perhaps a serial number, and no scan may take long."""


@dataclass(frozen=True, slots=True)
class ElementStrings:
    """Values by identifier. `recovered` says that the place of a lost separator was worked out."""

    values: Mapping[str, str]
    recovered: bool = False


def read_element_strings(text: str) -> ElementStrings | None:
    """Read element strings, or return None for a text that is none or cannot be read in exactly one way.

    A string without separators may be complete and still hide a lost one: a batch at its end may have swallowed the
    date after it. A batch that ends by chance like an identifier and a real date is far rarer than a scanner that
    loses separators, so the reading with the date is taken, and an expired pack is not sold for a lost key.
    """
    body = _SEPARATORS.sub(GS, text).lstrip(GS)
    strict = _strict(body)
    if GS in body:
        return None if strict is None else ElementStrings(strict)
    split = _one(_splits(body))
    if split is not None and (strict is None or _ends_in_date(split)):
        return ElementStrings(split, recovered=True)
    return None if strict is None else ElementStrings(strict)


def _strict(body: str) -> dict[str, str] | None:
    """Read by the rules: a value ends with its predefined length, a separator or the text."""
    values: dict[str, str] = {}
    at = 0
    while at < len(body):
        identifier = find(body, at)
        if identifier is None:
            return None
        start = at + len(identifier.ai)
        end = start + identifier.longest if identifier.fixed else _until_separator(body, start)
        value = body[start:end]
        if not fits(identifier, value) or values.setdefault(identifier.ai, value) != value:
            return None
        at = end + 1 if body[end : end + 1] == GS else end
    return values or None


def _until_separator(body: str, start: int) -> int:
    end = body.find(GS, start)
    return len(body) if end < 0 else end


def fits(identifier: ApplicationIdentifier, value: str) -> bool:
    """Say whether a value can follow an identifier: its length, its characters, its date."""
    if not identifier.shortest <= len(value) <= identifier.longest:
        return False
    if identifier.numeric:
        return value.isascii() and value.isdigit() and (identifier.ai not in _DATES or is_date(value))
    return _VALUE.fullmatch(value) is not None


def _splits(body: str) -> Iterator[dict[str, str]]:
    """Yield every reading of a text without separators, one value at least of unknown length not at its end."""
    for reading, guessed in _readings(body, 0, frozenset(), _MAX_LOST):
        if guessed:
            yield reading


def _readings(body: str, at: int, seen: frozenset[str], lost: int) -> Iterator[tuple[dict[str, str], bool]]:
    identifier = find(body, at)
    if identifier is None or identifier.ai in seen:
        return
    start = at + len(identifier.ai)
    ends = range(start + identifier.shortest, min(start + identifier.longest, len(body)) + 1)
    for end in ends:
        value = body[start:end]
        if not fits(identifier, value):
            continue
        if end == len(body):
            yield {identifier.ai: value}, False
            continue
        following = find(body, end)
        if not identifier.fixed and (lost == 0 or following is None or following.ai not in _GUESSED):
            continue
        for rest, guessed in _readings(body, end, seen | {identifier.ai}, lost - (not identifier.fixed)):
            yield {identifier.ai: value, **rest}, guessed or not identifier.fixed


def _one(readings: Iterator[dict[str, str]]) -> dict[str, str] | None:
    """Choose among readings: the only one, or else the only one that ends in a date."""
    found = [reading for reading, _ in zip(readings, range(_MAX_GUESSES), strict=False)]
    if len(found) == 1:
        return found[0]
    dated = [reading for reading in found if _ends_in_date(reading)]
    return dated[0] if len(dated) == 1 else None


def _ends_in_date(reading: Mapping[str, str]) -> bool:
    return next(reversed(list(reading)), "") in _DATES
