"""Code 128: from text to the widths of bars and gaps. Source: ISO/IEC 15417."""

from __future__ import annotations

_WIDTHS = """
    212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
    123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321
    232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121
    313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224
    111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111
    111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113
    114311 411113 411311 113141 114131 311141 411131 211412 211214 211232
""".split()  # noqa: SIM905 - a table, easier to compare with the standard's
"""By value: widths of bar, gap, bar, gap, bar, gap."""
_STOP = "2331112"
_START_B, _FNC1, _MODULUS = 104, 102, 103
_FIRST_OF_B = 32

FNC1 = "\x1d"
"""Stands for the function character: first in a code it makes it GS1-128, later it is sent as GS."""


def widths(text: str) -> list[int]:
    """Return the widths of a text's bars and gaps, in modules, a bar first. Raise ValueError for what set B has not."""
    values = [_START_B, *(_value(character) for character in text)]
    check = values[0] + sum(place * value for place, value in enumerate(values[1:], 1))
    pattern = "".join(_WIDTHS[value] for value in [*values, check % _MODULUS]) + _STOP
    return [int(width) for width in pattern]


def _value(character: str) -> int:
    if character == FNC1:
        return _FNC1
    if not " " <= character <= "\x7f":
        raise ValueError(f"{character!r} is not in Code 128 set B")
    return ord(character) - _FIRST_OF_B
