"""A receipt printer that is not there: prints on a sheet one can look at, answers as a real one, fails to order."""

from __future__ import annotations

from edge_agent.devices.printers.paper import Paper
from shared.device_profile import DeviceProfile
from shared.receipt.layout import Row, Sheet

_DLE = 0x10
_KEPT_PIECES = 5_000
"""How much paper hangs out of the printer before its end falls off: nobody tears it off in a demo of thousands."""
_REAL_TIME_LENGTHS = {0x04: 3, 0x05: 3, 0x14: 5}
"""DLE EOT n, DLE ENQ n, DLE DC4 1 m t."""


class SimulatedPrinter:
    """The far end of a simulated cable. Faults are attributes; whoever changes one calls `go_on` and says its bytes.

    `rows_left`: so many rows until the roll is empty, None for a roll without end. `rows_at_once`: prints so many and
    then waits to be told to go on, None prints all. `silent`: takes everything, prints and answers nothing.
    `switch_high_when_open`: how the drawer's switch is wired.
    """

    def __init__(self, profile: DeviceProfile) -> None:
        self.prints = prints = profile.prints
        self.cover_open = False
        self.cutter_jammed = False
        self.overheated = False
        self.broken = False
        self.near_end = False
        self.silent = False
        self.rows_left: int | None = None
        self.rows_at_once: int | None = None
        self.drawer_open = False
        self.switch_high_when_open = True
        self.kicks = 0
        self._answers = bytearray()
        self._raw = bytearray()
        self._paper = Paper(prints, asked_queued=self._queued, kicked=self._kicked)

    @property
    def paper_out(self) -> bool:
        """Whether the roll is empty."""
        return self.rows_left is not None and self.rows_left <= 0

    @property
    def stopped(self) -> bool:
        """Whether it prints nothing now."""
        return self.paper_out or self.cover_open or self.cutter_jammed or self.overheated or self.broken or self.silent

    def receive(self, content: bytes) -> bytes:
        """Take what the driver sends and return what the printer answers."""
        self._raw += content
        self._paper.take(self._real_time())
        return self.go_on()

    def go_on(self) -> bytes:
        """Print what can be printed now, and return what the printer says meanwhile."""
        rows = self.rows_at_once
        while not self.stopped and rows != 0:
            printed = len(self._paper.pieces)
            if not self._paper.step():
                break
            new_rows = sum(isinstance(piece, Row) for piece in self._paper.pieces[printed:])
            if self.rows_left is not None:
                self.rows_left -= new_rows
            if rows is not None:
                rows -= new_rows
        del self._paper.pieces[:-_KEPT_PIECES]
        answers = bytes(self._answers)
        self._answers.clear()
        return b"" if self.silent or self.prints.status == "none" else answers

    def sheet(self) -> Sheet:
        """Return everything on the paper."""
        return self._paper.sheet()

    def tear_off(self) -> Sheet:
        """Take the paper away and return it."""
        sheet = self._paper.sheet()
        self._paper.pieces.clear()
        return sheet

    @property
    def not_understood(self) -> bytes:
        """Bytes the printer knew no meaning for."""
        return bytes(self._paper.unknown)

    def new_roll(self) -> bytes:
        """Put in a new roll; it prints on."""
        self.rows_left, self.near_end, self.cover_open = None, False, False
        return self.go_on()

    def lose_power(self) -> None:
        """Switch it off and on: buffer and row under way are gone. Its cable is for the transport to pull."""
        self._paper.lose_power()
        self._raw.clear()
        self._answers.clear()
        self.cutter_jammed = False

    def _real_time(self) -> bytes:
        """Obey real-time commands wherever they stand, as a printer does, and return the rest."""
        rest = bytearray()
        while self._raw:
            if self._raw[0] != _DLE:
                rest.append(self._raw.pop(0))
                continue
            length = _REAL_TIME_LENGTHS.get(self._raw[1], 1) if len(self._raw) > 1 else 2
            if len(self._raw) < length:
                break
            command = bytes(self._raw[:length])
            del self._raw[:length]
            if length == 1:
                rest += command
            else:
                self._obey_at_once(command)
        return bytes(rest)

    def _obey_at_once(self, command: bytes) -> None:
        match command[1]:
            case 0x04 if self.prints.status == "full":
                self._answers.append(self._status(command[2]))
            case 0x05:
                self.cutter_jammed = False
            case 0x14:
                self._kicked()

    def _status(self, question: int) -> int:
        byte = 0x12
        match question:
            case 1:
                byte |= 0x04 * self._switch_is_high() | 0x08 * self.stopped
            case 2:
                byte |= 0x04 * self.cover_open | 0x20 * self.paper_out | 0x40 * (self.cutter_jammed or self.broken)
            case 3:
                byte |= 0x08 * self.cutter_jammed | 0x20 * self.broken | 0x40 * self.overheated
            case 4:
                byte |= 0x0C * self.near_end | 0x60 * self.paper_out
        return byte

    def _switch_is_high(self) -> bool:
        return self.drawer_open is self.switch_high_when_open

    def _queued(self) -> None:
        self._answers.append(0x03 * self.near_end | 0x0C * self.paper_out)

    def _kicked(self) -> None:
        self.kicks += 1
        self.drawer_open = True
