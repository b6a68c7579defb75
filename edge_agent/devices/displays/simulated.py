"""A line display that is not there: keeps the rows it would show, whichever command set it is told them in."""

from __future__ import annotations

from shared.device_profile import DeviceProfile

_ESC, _US, _CLR, _CR, _LF, _HOME = 0x1B, 0x1F, 0x0C, 0x0D, 0x0A, 0x0B
_LEAD = 0xA1
"""The lowest first byte of a GB2312 character."""
_LENGTHS = {
    (_ESC, ord("@")): 2,
    (_US, 0x01): 2,
    (_US, ord("C")): 3,
    (_US, ord("$")): 4,
    (_US, ord("(")): 5,
}
"""How long a command is, by its first two bytes; ESC Q ends with CR."""


class SimulatedLineDisplay:
    """The far end of a simulated cable. `rows` is what a customer would read."""

    def __init__(self, profile: DeviceProfile) -> None:
        self._columns, self._height = profile.shows.columns, profile.shows.rows
        self._chinese = profile.shows.chinese
        self._raw = bytearray()
        self._clear()

    @property
    def rows(self) -> tuple[str, ...]:
        """The rows, the upper first."""
        return tuple("".join(row).rstrip() for row in self._cells)

    def lose_power(self) -> None:
        """Go dark and forget everything, as when its plug is pulled."""
        self._raw.clear()
        self._clear()

    def receive(self, content: bytes) -> bytes:
        """Take what the driver sends; a display answers nothing."""
        self._raw += content
        while self._raw and (length := self._next()):
            del self._raw[:length]
        return b""

    def _clear(self) -> None:
        self._cells = [[" "] * self._columns for _ in range(self._height)]
        self._at = (0, 0)

    def _next(self) -> int:
        """Take what stands first and return its length; 0 while it is not whole."""
        first = self._raw[0]
        if first not in {_ESC, _US}:
            return self._character(first)
        if len(self._raw) < 2:
            return 0
        if (first, self._raw[1]) == (_ESC, ord("Q")):
            return self._string()
        length = _LENGTHS.get((first, self._raw[1]), 2)
        if len(self._raw) < length:
            return 0
        self._command(bytes(self._raw[:length]))
        return length

    def _character(self, first: int) -> int:
        """Take a character, of two bytes where it is Chinese, or a control; return how long it is."""
        if first >= _LEAD and self._chinese != "none":
            if len(self._raw) < 2:
                return 0
            self._put([bytes(self._raw[:2]).decode(self._chinese, "replace"), ""])
            return 2
        if first == _CLR:
            self._clear()
        elif first in {_HOME, _CR, _LF}:
            column, row = self._at
            self._at = {_HOME: (0, 0), _CR: (0, row), _LF: (column, (row + 1) % self._height)}[first]
        elif first >= 0x20:
            self._put([chr(first)])
        return 1

    def _put(self, cells: list[str]) -> None:
        """Write a character over the columns it takes, and go on behind it."""
        column, row = self._at
        if column + len(cells) > self._columns:
            column, row = 0, (row + 1) % self._height
        self._cells[row][column : column + len(cells)] = cells
        self._at = (column + len(cells), row)

    def _command(self, command: bytes) -> None:
        if command[:2] == bytes((_ESC, ord("@"))):
            self._clear()
        elif command[:2] == bytes((_US, ord("$"))):
            self._at = ((command[2] - 1) % self._columns, (command[3] - 1) % self._height)

    def _string(self) -> int:
        end = self._raw.find(_CR)
        if end < 0:
            return 0
        row = 0 if self._raw[2:3] == b"A" else 1
        self._at = (0, row % self._height)
        codec = "ascii" if self._chinese == "none" else self._chinese
        for sign in self._raw[3:end].decode(codec, "replace"):
            self._put([sign] if sign.isascii() else [sign, ""])
        return end + 1
