"""What an ESC/POS printer answers, without any I/O: real-time, queued and automatic status told apart.

Forms after Epson's ESC/POS reference (TM-T88III technical reference, pages 83-84; TM-U220, page 54): a real-time
reply is 0xx1xx10, an automatic status starts with 0xx1xx00 and goes on with three bytes 0xx0xxxx, a queued reply is
0xx0xxxx.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import IntEnum

from edge_agent.devices.ports import Paper, PrinterStatus

_FIXED = 0b1001_0011
_REAL_TIME = 0b0001_0010
_AUTOMATIC = 0b0001_0000
_QUEUED_FIXED = 0b1001_0000
_AUTOMATIC_BYTES = 4
GS_R_PAPER = b"\x1dr\x01"
"""GS r 1: queued behind everything sent before it, so that its answer proves that all of that was printed."""


class Question(IntEnum):
    """DLE EOT n: what can be asked in real time, also when the printer is off-line."""

    PRINTER = 1
    OFFLINE_CAUSE = 2
    ERROR = 3
    PAPER = 4


def ask(question: Question) -> bytes:
    """Return the bytes that ask in real time."""
    return b"\x10\x04" + bytes([question])


@dataclass(frozen=True, slots=True)
class RealTime:
    """The answer to DLE EOT."""

    question: Question
    byte: int


@dataclass(frozen=True, slots=True)
class Queued:
    """The answer to GS r 1."""

    byte: int


@dataclass(frozen=True, slots=True)
class Automatic:
    """Four bytes that the printer sent by itself (GS a)."""

    content: bytes


Told = RealTime | Queued | Automatic


class StatusParser:
    """Bytes in, answers out, however the stream is cut. Answers do not say to what: they come in the order asked."""

    def __init__(self) -> None:
        self._asked: deque[Question] = deque()
        self._automatic = bytearray()

    def asked(self, question: Question) -> None:
        """Remember what was asked, so that the next real-time answer is known for its."""
        self._asked.append(question)

    def forget(self) -> None:
        """Give up on what was asked and not answered in time, or when the device went."""
        self._asked.clear()
        self._automatic.clear()

    def feed(self, content: bytes) -> list[Told]:
        """Take the next bytes and return what they complete. Bytes of no known form (XON, XOFF) mean nothing."""
        told: list[Told] = []
        for byte in content:
            if byte & _FIXED == _REAL_TIME:
                if self._asked:
                    told.append(RealTime(self._asked.popleft(), byte))
            elif byte & _FIXED == _AUTOMATIC:
                self._automatic[:] = bytes([byte])
            elif byte & _QUEUED_FIXED == 0:
                told += self._plain(byte)
        return told

    def _plain(self, byte: int) -> list[Told]:
        if not self._automatic:
            return [Queued(byte)]
        self._automatic.append(byte)
        if len(self._automatic) < _AUTOMATIC_BYTES:
            return []
        content = bytes(self._automatic)
        self._automatic.clear()
        return [Automatic(content)]


def after(status: PrinterStatus, told: Told, *, open_when_high: bool | None, near_end_sensor: bool) -> PrinterStatus:
    """Return what is known of the printer after an answer.

    `open_when_high`: how this drawer's switch is wired; None before that was learnt, and then nobody says whether the
    drawer is open. Without a near-end sensor its bits mean nothing.
    """
    match told:
        case RealTime(Question.PRINTER, byte):
            return replace(status, online=not byte & 0x08, drawer_open=_drawer(byte, open_when_high=open_when_high))
        case RealTime(Question.OFFLINE_CAUSE, byte):
            paper = Paper.END if byte & 0x20 else status.paper
            return replace(status, cover_open=bool(byte & 0x04), paper=paper)
        case RealTime(Question.ERROR, byte):
            return _errors(status, byte)
        case RealTime(Question.PAPER, byte):
            return replace(status, paper=_paper(byte & 0x60, byte & 0x0C, near_end_sensor=near_end_sensor))
        case Queued(byte):
            return replace(status, paper=_paper(byte & 0x0C, byte & 0x03, near_end_sensor=near_end_sensor))
        case Automatic(content):
            first, second, third, _ = content
            return replace(
                _errors(status, second),
                online=not first & 0x08,
                cover_open=bool(first & 0x20),
                drawer_open=_drawer(first, open_when_high=open_when_high),
                paper=_paper(third & 0x0C, third & 0x03, near_end_sensor=near_end_sensor),
            )
        case RealTime():
            raise ValueError(f"nobody asks {told.question}")


def drawer_level(told: Told) -> bool | None:
    """Return whether the drawer connector's pin 3 is high, None when this answer does not say."""
    match told:
        case RealTime(Question.PRINTER, byte):
            return bool(byte & 0x04)
        case Automatic(content):
            return bool(content[0] & 0x04)
        case _:
            return None


def _drawer(byte: int, *, open_when_high: bool | None) -> bool | None:
    return None if open_when_high is None else bool(byte & 0x04) is open_when_high


def _errors(status: PrinterStatus, byte: int) -> PrinterStatus:
    return replace(
        status,
        cutter_error=bool(byte & 0x08),
        fatal_error=bool(byte & 0x20),
        recoverable_error=bool(byte & 0x40),
    )


def _paper(end: int, near_end: int, *, near_end_sensor: bool) -> Paper:
    if end:
        return Paper.END
    return Paper.NEAR_END if near_end and near_end_sensor else Paper.OK
