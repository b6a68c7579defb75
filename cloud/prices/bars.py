"""A code as the bars that a scanner reads from a shelf label: EAN and UPC where it is one, else Code 128."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from barcode import get_barcode_class
from barcode.errors import BarcodeError

_BY_DIGITS = {8: "ean8", 12: "upca", 13: "ean13", 14: "itf"}
_QUIET = 11
"""Modules that stay white on either side (GS1 General Specifications, EAN-13: 11 and 7)."""
_HEIGHT = 40


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars to draw, in modules: how wide and high the picture is, and an SVG path of the black ones."""

    width: int
    height: int
    path: str


def bars(code: str) -> Bars | None:
    """Return a code's bars; None where it holds characters that no bar stands for."""
    if not code:
        return None
    digits = code.isascii() and code.isdigit()
    if digits and len(code) == 14 and code[0] == "0":
        code = code[1:]  # a GTIN of thirteen digits, written with fourteen
    kinds = [_BY_DIGITS[len(code)]] if digits and len(code) in _BY_DIGITS else []
    for kind in [*kinds, "code128"]:
        modules = _modules(kind, code)
        if modules:
            return Bars(len(modules) + 2 * _QUIET, _HEIGHT, _path(modules))
    return None


def _modules(kind: str, code: str) -> str:
    try:
        drawn = get_barcode_class(kind)(code)
        built: list[str] = drawn.build()
    except (BarcodeError, ValueError, KeyError):
        return ""
    # The library corrects a wrong check digit; what it would draw then is another article's code.
    return built[0] if kind == "code128" or drawn.get_fullcode() == code else ""


def _path(modules: str) -> str:
    at, parts = _QUIET, []
    for module, run in groupby(modules):
        width = len(list(run))
        if module == "1":
            parts.append(f"M{at} 0h{width}v{_HEIGHT}h-{width}z")
        at += width
    return "".join(parts)
