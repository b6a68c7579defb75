"""Text by the columns it takes: a Chinese character takes two, and so does every full-width sign."""

from __future__ import annotations

import unicodedata

_WIDE = {"W", "F"}
_CLOSING = frozenset("，。、；：！？）》」』】〉”’％…")
"""Signs that do not begin a line in Chinese typesetting (GB/T 15834-2011, 5.1)."""
_YEN = {0xA5: "￥", 0x2019: "'", 0x2018: "'", 0x2013: "-", 0x2212: "-", 0xA0: " "}
"""U+00A5 becomes the four bytes 81 30 84 36 in GB18030, which printers show as "0 6": the full-width sign has two."""


def char_columns(char: str) -> int:
    """Return how many columns one character takes: 2 for wide ones, 0 for marks that stand on the one before, else 1.

    Characters of ambiguous width are as wide as a Chinese font draws them, except letters, which Western fonts have.
    """
    if char < "\x7f":
        return 1
    if unicodedata.combining(char) or unicodedata.category(char) in {"Cf", "Me"}:
        return 0
    kind = unicodedata.east_asian_width(char)
    return 2 if kind in _WIDE or (kind == "A" and not char.isalpha()) else 1


def text_columns(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(map(char_columns, text))


def printable(text: str) -> str:
    """Return text as it can stand in a row: composed, in one line, no control characters, the yen sign full-width."""
    composed = unicodedata.normalize("NFC", text).translate(_YEN)
    spaced = (" " if char.isspace() and char != "\u3000" else char for char in composed)
    return "".join(char for char in spaced if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"})


def pad_right(text: str, columns: int) -> str:
    """Fill a text with spaces to a number of columns."""
    return text + " " * (columns - text_columns(text))


def pad_left(text: str, columns: int) -> str:
    """Move a text to the right end of a number of columns."""
    return " " * (columns - text_columns(text)) + text


def centre(text: str, columns: int) -> str:
    """Put a text in the middle; nothing is filled behind it."""
    return " " * ((columns - text_columns(text)) // 2) + text


def wrap(text: str, columns: int) -> list[str]:
    """Break a text into rows of at most so many columns, at spaces and beside wide characters; never none.

    A word longer than a row is cut. At least two columns are needed, so that every character has room.
    """
    if columns < 2:
        raise ValueError(f"text needs at least 2 columns, got {columns}")
    rows = [""]
    for unit in _units(text):
        row = rows[-1]
        if text_columns(row) + text_columns(unit) <= columns:
            if row or not unit.isspace():
                rows[-1] = row + unit
        elif not unit.isspace():
            rows[-1] = row.rstrip(" ")
            rows += _pieces(unit, columns)
            if not rows[0]:
                rows.pop(0)
    rows[-1] = rows[-1].rstrip(" ")
    return rows


def _units(text: str) -> list[str]:
    """Cut a text where a row may end: words, spaces, single wide characters with the closing signs that follow."""
    units: list[str] = []
    for char in text:
        glued = units and not units[-1].isspace() and (char in _CLOSING or char_columns(char) == 0)
        same = units and _is_word(char) and _is_word(units[-1][-1])
        if glued or same:
            units[-1] += char
        else:
            units.append(char)
    return units


def _is_word(char: str) -> bool:
    return not char.isspace() and char_columns(char) < 2


def _pieces(unit: str, columns: int) -> list[str]:
    """Cut what is wider than a row."""
    pieces = [""]
    for char in unit:
        if text_columns(pieces[-1]) + char_columns(char) > columns:
            pieces.append("")
        pieces[-1] += char
    return pieces
