"""Shelf labels carry bars that a scanner reads as the item's own code."""

from __future__ import annotations

import re

import pytest

from cloud.prices.bars import Bars, bars

_GUARD = "101"
_LEFT = {  # GS1 General Specifications 5.2.1.2: number sets A and B, right is A's complement
    "0001101": ("A", 0), "0011001": ("A", 1), "0010011": ("A", 2), "0111101": ("A", 3), "0100011": ("A", 4),
    "0110001": ("A", 5), "0101111": ("A", 6), "0111011": ("A", 7), "0110111": ("A", 8), "0001011": ("A", 9),
    "0100111": ("B", 0), "0110011": ("B", 1), "0011011": ("B", 2), "0100001": ("B", 3), "0011101": ("B", 4),
    "0111001": ("B", 5), "0000101": ("B", 6), "0010001": ("B", 7), "0001001": ("B", 8), "0010111": ("B", 9),
}  # fmt: skip
_FIRST = {  # and 5.2.1.1: the sets of the left half say the first digit
    "AAAAAA": 0, "AABABB": 1, "AABBAB": 2, "AABBBA": 3, "ABAABB": 4, "ABBAAB": 5, "ABBBAA": 6, "ABABAB": 7,
    "ABABBA": 8, "ABBABA": 9,
}  # fmt: skip


def modules(drawn: Bars) -> str:
    """Read the path back into modules, without the quiet zones."""
    row = [0] * drawn.width
    for at, wide in re.findall(r"M(\d+) 0h(\d+)v", drawn.path):
        row[int(at) : int(at) + int(wide)] = [1] * int(wide)
    return "".join(map(str, row)).strip("0")


def read_ean13(row: str) -> str:
    assert (row[:3], row[-3:], row[45:50]) == (_GUARD, _GUARD, "01010")
    left = [_LEFT[row[at : at + 7]] for at in range(3, 45, 7)]
    flipped = row[50:92].translate(str.maketrans("01", "10"))
    right = [_LEFT[flipped[at : at + 7]][1] for at in range(0, 42, 7)]
    digits = [_FIRST["".join(kind for kind, _ in left)], *(digit for _, digit in left), *right]
    return "".join(map(str, digits))


@pytest.mark.parametrize("code", ["6901234567892", "4006381333931", "5000112637922", "06901234567892"])
def test_an_ean_is_drawn_digit_for_digit(code: str) -> None:
    drawn = bars(code)
    assert drawn is not None
    assert read_ean13(modules(drawn)) == code[-13:]
    assert drawn.width == 95 + 2 * 11


@pytest.mark.parametrize(
    ("code", "wide"),
    [
        ("96385074", 67),  # EAN-8
        ("036000291452", 95),  # UPC-A
        ("10012345678902", 241),  # a case: ITF-14
        ("1001", 57),  # an item's own number: Code 128
        ("6901234567890", 123),  # a wrong check digit is drawn as it stands, never put right
        ("A-17/b", 101),
    ],
)
def test_every_code_has_bars_of_its_kind(code: str, wide: int) -> None:
    drawn = bars(code)
    assert drawn is not None
    assert len(modules(drawn)) == wide


@pytest.mark.parametrize("code", ["", "苹果"])
def test_what_no_bars_can_say_has_none(code: str) -> None:
    assert bars(code) is None
