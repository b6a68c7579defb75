"""XK3190 (耀华) and A23 platform indicators: twelve bytes again and again, without a word about stability.

`STX sign digit x6 decimals checkHi checkLo ETX`; the check is the exclusive or of sign to decimals, each half a byte
as a hexadecimal digit; the unit is the kilogram. Source: XK3190-A9 manual, continuous mode. Because no bit says
"stable", a weight counts as settled when it came unchanged several times in a row.
"""

from __future__ import annotations

from functools import reduce
from operator import xor

from edge_agent.devices.ports import Reading
from edge_agent.devices.scales.protocol import UNREADABLE, FrameProtocol, ScaleOptions, weight_of

FRAME_BYTES = 12
_STX, _ETX = 0x02, 0x03
_CHECKED = slice(1, 9)


class Xk3190Options(ScaleOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`steady_frames`: how many times in a row the same weight is needed. `unit`: what the indicator is set to."""

    steady_frames: int = 5
    unit: str = "kg"


class Xk3190(FrameProtocol):
    """Reads the frames and tells by their repetition when a weight has settled."""

    def __init__(self, options: Xk3190Options = Xk3190Options()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._options = options
        self._figure = ""
        self._times = 0

    def lost(self) -> list[Reading]:
        """Start clean: a weight has to settle again."""
        self._figure, self._times = "", 0
        return super().lost()

    def _frame(self, pending: bytes) -> tuple[int, list[Reading]]:
        if pending[0] != _STX:
            return 1, []
        if len(pending) < FRAME_BYTES:
            return 0, []
        frame = pending[:FRAME_BYTES]
        if frame[-1] != _ETX or frame[1:2] not in (b"+", b"-"):
            return 1, []
        if check_of(frame[_CHECKED]) != frame[9:11]:
            return FRAME_BYTES, [self._unreadable()]
        return FRAME_BYTES, [self._weight(frame.decode("latin-1"))]

    def _unreadable(self) -> Reading:
        self._figure, self._times = "", 0
        return UNREADABLE

    def _weight(self, frame: str) -> Reading:
        sign, digits, decimals = frame[1], frame[2:8], frame[8]
        if not (digits.isdigit() and decimals in "01234"):
            return self._unreadable()
        point = len(digits) - int(decimals)
        figure = f"{sign}{digits[:point]}.{digits[point:]}"
        self._times = self._times + 1 if figure == self._figure else 1
        self._figure = figure
        return weight_of(figure, self._options.unit, stable=self._times >= self._options.steady_frames)


def check_of(content: bytes) -> bytes:
    """Return the two check bytes: the exclusive or, each half as a hexadecimal digit."""
    return f"{reduce(xor, content):02X}".encode()
