"""A printer's understanding of ESC/POS: bytes in, paper out. What the simulated printer prints with.

It knows the commands our encoder sends and how long each is; whatever else arrives is kept as `unknown`, because a
printer that skips what it does not know prints rubbish, and a test wants to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from shared.device_profile import Prints
from shared.receipt.layout import Cut, Image, Piece, Row, Sheet, Symbol

WIDE_PICTURE, NARROW_PICTURE = "▩", "￭"
"""Stand in a row's text for a character that was sent as dots."""
_NARROW_DOTS = 12
_FIRST_LEAD_BYTE = 0x81
_LF = 0x0A

_FIXED_LENGTHS: Mapping[bytes, int] = {
    b"\x1b@": 2, b"\x1bR": 3, b"\x1bt": 3, b"\x1bE": 3, b"\x1ba": 3, b"\x1bd": 3, b"\x1bp": 5, b"\x1c&": 2,
    b"\x1c.": 2, b"\x1cW": 3, b"\x1c!": 3, b"\x1cS": 4, b"\x1c-": 3, b"\x1d!": 3, b"\x1dr": 3, b"\x1da": 3,
}  # fmt: skip
_CUTS_WITH_FEED = b"AB"


@dataclass(slots=True)
class _Style:
    """How the next character comes out."""

    big: bool = False
    big_chinese: bool = False
    bold: bool = False
    chinese: bool = False


@dataclass(slots=True)
class Paper:
    """What was printed, and what else a printer does on the way.

    `asked_queued` and `kicked` are called when the printer comes to GS r and ESC p; `unknown` collects bytes nobody
    understood.
    """

    prints: Prints
    asked_queued: Callable[[], None] = lambda: None
    kicked: Callable[[], None] = lambda: None
    pieces: list[Piece] = field(default_factory=list)
    unknown: bytearray = field(default_factory=bytearray)
    _waiting: bytearray = field(default_factory=bytearray)
    _text: str = ""
    _style: _Style = field(default_factory=_Style)
    _row_big: bool = False
    _row_bold: bool = False
    _symbol: str = ""
    _obeyed: Mapping[bytes, Callable[[bytes], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._style.chinese = self.prints.chinese_at_power_on
        self._obeyed = {
            b"\x1b@": self._initialize,
            b"\x1d!": self._size,
            b"\x1cW": self._chinese_size,
            b"\x1bE": self._bold,
            b"\x1c&": self._chinese,
            b"\x1c.": self._chinese,
            b"\x1b*": self._column_image,
            b"\x1dv": self._raster,
            b"\x1d(": self._qr,
            b"\x1dV": self._cut,
            b"\x1dr": self._queued,
            b"\x1bp": self._kick,
        }

    def take(self, content: bytes) -> None:
        """Put bytes into the buffer; nothing is printed yet."""
        self._waiting += content

    def lose_power(self) -> None:
        """Forget the buffer and the row under way; what is on the paper stays there."""
        self._waiting.clear()
        self._text = ""
        self._style = _Style(chinese=self.prints.chinese_at_power_on)

    def step(self) -> bool:
        """Carry out the next command or character, if all of it is there. Return whether there was one."""
        length = self._next_length()
        if length == 0 or length > len(self._waiting):
            return False
        command = bytes(self._waiting[:length])
        del self._waiting[:length]
        self._obey(command)
        return True

    def sheet(self) -> Sheet:
        """Return everything printed so far as one sheet."""
        return Sheet(columns=self.prints.columns, pieces=tuple(self.pieces), title="")

    def _next_length(self) -> int:
        buffer = self._waiting
        if not buffer:
            return 0
        first = buffer[0]
        if first in b"\x1b\x1c\x1d":
            return self._command_length(bytes(buffer[:2]))
        if self._style.chinese and first >= _FIRST_LEAD_BYTE:
            return 2
        return 1

    def _command_length(self, name: bytes) -> int:
        buffer = self._waiting
        if len(buffer) < 2:
            return 2
        if name == b"\x1dV":
            return 4 if len(buffer) > 2 and buffer[2] in _CUTS_WITH_FEED else 3
        if name == b"\x1b*":
            return 5 if len(buffer) < 5 else 5 + _word(buffer, 3) * (3 if buffer[2] >= 32 else 1)
        if name == b"\x1d(":
            return 5 if len(buffer) < 5 else 5 + _word(buffer, 3)
        if name == b"\x1dv":
            return 8 if len(buffer) < 8 else 8 + _word(buffer, 4) * _word(buffer, 6)
        return _FIXED_LENGTHS.get(name, 1)

    def _obey(self, command: bytes) -> None:
        if command[0] == _LF:
            self._end_row()
        elif command[:2] in self._obeyed:
            self._obeyed[command[:2]](command)
        elif command[:2] in _FIXED_LENGTHS:
            pass  # understood, and of no effect on what is read: alignment, code page, spacing
        elif command[0] < ord(" "):
            self.unknown += command
        else:
            self._print(command)

    def _print(self, content: bytes) -> None:
        if len(content) == 2:
            char = content.decode("gb18030", "replace")
        elif self.prints.code_page_name == "none":
            char = content.decode("ascii", "replace")
        else:
            char = content.decode(self.prints.code_page_name, "replace")
        self._put(char, big=self._style.big and (len(content) == 1 or self._style.big_chinese))

    def _put(self, char: str, *, big: bool) -> None:
        self._text += char
        self._row_big |= big
        self._row_bold |= self._style.bold

    def _end_row(self) -> None:
        text = self._text
        self.pieces.append(Row(text=text, big=self._row_big, bold=self._row_bold))
        self._text, self._row_big, self._row_bold = "", False, False

    def _initialize(self, _command: bytes) -> None:
        self._style = _Style(chinese=self.prints.chinese_at_power_on)

    def _size(self, command: bytes) -> None:
        self._style.big = command[2] == 0x11

    def _chinese_size(self, command: bytes) -> None:
        self._style.big_chinese = bool(command[2])

    def _bold(self, command: bytes) -> None:
        self._style.bold = bool(command[2] & 1)

    def _chinese(self, command: bytes) -> None:
        self._style.chinese = command[1:] == b"&"

    def _column_image(self, command: bytes) -> None:
        self._put(NARROW_PICTURE if _word(command, 3) <= _NARROW_DOTS else WIDE_PICTURE, big=False)

    def _raster(self, command: bytes) -> None:
        width = _word(command, 4)
        rows = tuple(command[start : start + width] for start in range(8, len(command), width))
        before = self.pieces[-1] if self.pieces else None
        if isinstance(before, Image) and before.width == width * 8:
            self.pieces[-1] = Image(width=before.width, rows=before.rows + rows)  # bands of one picture
        else:
            self.pieces.append(Image(width=width * 8, rows=rows))

    def _qr(self, command: bytes) -> None:
        match command[5:7]:
            case b"1P":
                self._symbol = command[8:].decode("utf-8", "replace")
            case b"1Q":
                self.pieces.append(Symbol(content=self._symbol))

    def _cut(self, _command: bytes) -> None:
        self.pieces.append(Cut())

    def _queued(self, _command: bytes) -> None:
        self.asked_queued()

    def _kick(self, _command: bytes) -> None:
        self.kicked()


def _word(content: bytes | bytearray, place: int) -> int:
    return int.from_bytes(content[place : place + 2], "little")


def print_out(content: bytes, prints: Prints) -> Paper:
    """Return the paper that a printer makes of these bytes, all at once."""
    paper = Paper(prints)
    paper.take(content)
    while paper.step():
        pass
    return paper
