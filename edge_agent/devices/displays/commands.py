"""What line displays are told: rows of text, in the command set the model understands. No I/O.

Each set writes in one go: a row of blanks between two texts would be seen as flicker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from shared.device_profile import Shows

_ESC, _US, _CLR, _CR, _LF, _HOME = b"\x1b", b"\x1f", b"\x0c", b"\r", b"\n", b"\x0b"
_FONT_8X16, _TWO_BYTES_ON, _GB2312 = _US + b"(g\x01\x02", _US + b"(g\x02\x01", _US + b"(g\x0f\x02"
_UNKNOWN = b"?"


class CommandSet(Protocol):
    """One language of displays."""

    def start(self) -> bytes:
        """Return what makes a display that was just opened ready, and dark."""
        ...

    def show(self, rows: tuple[str, ...]) -> bytes:
        """Return what makes it show these rows, the upper first."""
        ...


class EscPosDisplay:
    """Epson's command set for customer displays (DM-D110 specification: ESC @, CLR, US MD1, US $ x y, US C n)."""

    def __init__(self, shows: Shows) -> None:
        self._shows = shows

    def start(self) -> bytes:
        """Return initialisation, overwrite mode, no cursor."""
        return _ESC + b"@" + _CLR + _US + b"\x01" + _US + b"C\x00"

    def show(self, rows: tuple[str, ...]) -> bytes:
        """Return each row at its place, the cursor set before it."""
        lines = rows_of(rows, self._shows)
        return b"".join(_US + b"$" + bytes((1, number)) + line for number, line in enumerate(lines, 1))


class Cd5220Display:
    """The CD5220 standard mode: ESC Q A and ESC Q B write a whole row each, and need no cursor.

    While rows are written so, the display takes no other command but CLR (its manual, 7.2, remark).
    """

    def __init__(self, shows: Shows) -> None:
        self._shows = shows

    def start(self) -> bytes:
        """Return a clear screen, which also ends whatever mode it was in."""
        return _CLR

    def show(self, rows: tuple[str, ...]) -> bytes:
        """Return both rows."""
        upper, lower = rows_of(rows, self._shows)[:2]
        return _ESC + b"QA" + upper + _CR + _ESC + b"QB" + lower + _CR


class GraphicDisplay:
    """Dot displays with the commands of Noritake's modules, such as NCR's 5977: 8 x 16 dots, Chinese 16 x 16.

    Rows are told apart by CR and LF from home on, the way NCR's guide documents; a row must not fill the last column,
    from where the cursor goes on by itself.
    """

    def __init__(self, shows: Shows) -> None:
        self._shows = shows

    def start(self) -> bytes:
        """Return initialisation, overwrite mode, no cursor, the font, and Chinese where the display has it."""
        chinese = _TWO_BYTES_ON + _GB2312 if self._shows.chinese == "gb2312" else b""
        return _ESC + b"@" + _US + b"\x01" + _US + b"C\x00" + _FONT_8X16 + chinese + _CLR

    def show(self, rows: tuple[str, ...]) -> bytes:
        """Return every row, from the upper left on."""
        return _HOME + (_CR + _LF).join(rows_of(rows, self._shows))


PROTOCOLS: Mapping[str, Callable[[Shows], CommandSet]] = {
    "escpos_display": EscPosDisplay,
    "cd5220": Cd5220Display,
    "graphic_display": GraphicDisplay,
}
"""The command sets by the name that profiles call them by."""


def rows_of(rows: tuple[str, ...], shows: Shows) -> list[bytes]:
    """Return the rows as the display's characters, each filled to its width; what it has no sign for is `?`."""
    filled = [*rows, *[""] * shows.rows][: shows.rows]
    return [_encoded(fitted(row, shows.columns), shows).ljust(shows.columns) for row in filled]


def can_show(text: str, shows: Shows) -> bool:
    """Tell whether a display has every sign of a text: printable ASCII, and what its Chinese font holds."""
    return all(_code(sign, shows) is not None for sign in text)


def width(text: str) -> int:
    """Return how many columns a text takes: a Chinese character takes two."""
    return sum(1 if sign.isascii() else 2 for sign in text)


def fitted(text: str, columns: int) -> str:
    """Return as much of a text as these columns hold, no character cut in half."""
    while width(text) > columns:
        text = text[:-1]
    return text


def _encoded(row: str, shows: Shows) -> bytes:
    return b"".join(_code(sign, shows) or _UNKNOWN * width(sign) for sign in row)


def _code(sign: str, shows: Shows) -> bytes | None:
    """Return a sign as the display is told it; None where it has none for it."""
    if sign.isascii():
        return sign.encode() if sign.isprintable() else None
    if shows.chinese == "none":
        return None
    try:
        return sign.encode(shows.chinese)
    except UnicodeEncodeError:
        return None
