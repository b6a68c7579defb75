"""What line displays are told: two rows of text, in the command set the model understands. No I/O.

Both sets write in one go: a row of blanks between two texts would be seen as flicker.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from shared.device_profile import Shows

_ESC, _US, _CLR, _CR = b"\x1b", b"\x1f", b"\x0c", b"\r"
_UNKNOWN = "?"


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


PROTOCOLS: Mapping[str, Callable[[Shows], CommandSet]] = {
    "escpos_display": EscPosDisplay,
    "cd5220": Cd5220Display,
}
"""The command sets by the name that profiles call them by."""


def rows_of(rows: tuple[str, ...], shows: Shows) -> list[bytes]:
    """Return the rows as the display's characters, each filled to its width; what it has no sign for is `?`."""
    filled = [*rows, *[""] * shows.rows][: shows.rows]
    return [_encoded(row).ljust(shows.columns)[: shows.columns] for row in filled]


def can_show(text: str) -> bool:
    """Tell whether a text has only signs that every line display has: printable ASCII."""
    return text.isascii() and text.isprintable()


def _encoded(row: str) -> bytes:
    return "".join(sign if can_show(sign) else _UNKNOWN for sign in row).encode("ascii")
