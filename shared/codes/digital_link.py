"""GS1 Digital Link: a web address whose path says what is in a code, as the QR on a pack carries it.

Source: GS1 Digital Link Standard: URI Syntax 1.3. A key identifier and its value, its qualifiers in the path after it,
everything else in the query. Nothing is fetched: what the till needs is in the address.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from shared.codes.application_identifiers import TABLE
from shared.codes.element_strings import fits

_SCHEMES = ("http", "https")
_QUALIFIERS = frozenset({"22", "10", "21", "235"})
_GTIN = "01"
_NAMES = {"gtin": "01", "cpv": "22", "lot": "10", "ser": "21"}
"""Words that version 1.0 and 1.1 of the standard allowed instead of numbers; printed packs still carry them."""


def is_address(text: str) -> bool:
    """Say whether a text is a web address."""
    return text[:8].lower().startswith(("http://", "https://"))


def read_digital_link(text: str) -> dict[str, str] | None:
    """Return the values of a Digital Link by identifier, or None for an address that is none with a GTIN."""
    try:
        address = urlsplit(text)
    except ValueError:
        return None
    if address.scheme.lower() not in _SCHEMES or not address.netloc:
        return None
    values = _of_path([unquote(part) for part in address.path.split("/")[1:]])
    if values is None:
        return None
    for name, value in parse_qsl(address.query):
        identifier = TABLE.get(_NAMES.get(name, name))
        if identifier is None:
            continue  # words of the brand's own are allowed and mean nothing to a till
        if not fits(identifier, value):
            return None
        values.setdefault(identifier.ai, value)
    return values


def _of_path(parts: list[str]) -> dict[str, str] | None:
    """Read the pairs at the end of a path; a brand may put any folders before them."""
    for start in range(len(parts) - 1):
        if _NAMES.get(parts[start], parts[start]) == _GTIN:
            return _pairs(parts[start:])
    return None


def _pairs(parts: list[str]) -> dict[str, str] | None:
    while parts and not parts[-1]:
        parts = parts[:-1]
    if len(parts) % 2:
        return None
    values: dict[str, str] = {}
    for ai, value in _by_two(parts):
        identifier = TABLE.get(ai)
        whole = value.zfill(14) if ai == _GTIN else value
        if identifier is None or (values and ai not in _QUALIFIERS) or ai in values or not fits(identifier, whole):
            return None
        values[ai] = whole
    return values


def _by_two(parts: list[str]) -> Iterator[tuple[str, str]]:
    for name, value in zip(parts[::2], parts[1::2], strict=True):
        yield _NAMES.get(name, name), value
