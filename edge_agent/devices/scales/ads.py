"""The protocol of 耐克斯 ADS checkout scales: asked by one byte, they answer tare and weight in one frame of 26 bytes.

`SOH STX tare(8) check ETX STX flags sign weight(6) unit(2) check ETX EOT`; the second check is the exclusive or of the
ten bytes from the flags to the unit. Source: lemeng.dochelp.cn, hardware, 耐克斯 ADS, serial reading.

The source counts the flags "1 to 8" and does not say from which end. Taken from the lowest bit, a wrong guess finds the
scale never stable or always overloaded: it then sells nothing, and never something wrong.
"""

from __future__ import annotations

from functools import reduce
from operator import xor

from edge_agent.devices.ports import Reading, WeightProblem
from edge_agent.devices.scales.protocol import UNREADABLE, FrameProtocol, ScaleOptions, weight_of

ASK = b"\x13"
ZERO = b"\x7e\x00\xe4\x9a\x7f"
TARE = b"\x7e\x00\xe5\x9b\x7f"
_START, _MIDDLE, _END = b"\x01\x02", b"\x03\x02", b"\x03\x04"
FRAME_BYTES = 26
_MIDDLE_AT = slice(11, 13)
_CHECKED = slice(13, 23)
_CHECK = 23
STABLE, OVER, NEGATIVE, TARED, ZEROED, NOT_ZEROED = (1 << bit for bit in range(6))


class Ads(FrameProtocol):
    """Asks, and reads the answers."""

    def __init__(self, options: ScaleOptions = ScaleOptions()) -> None:  # noqa: B008 - immutable
        super().__init__()
        del options

    def request(self) -> bytes:
        """Return the byte that asks for a weight."""
        return ASK

    def zero_command(self) -> bytes:
        """Return the command that sets the scale to zero."""
        return ZERO

    def tare_command(self) -> bytes:
        """Return the command that takes what lies there as tare, or lets go of it."""
        return TARE

    def _frame(self, pending: bytes) -> tuple[int, list[Reading]]:
        if not _START.startswith(pending[:2]) and not pending.startswith(_START):
            return 1, []
        if len(pending) < FRAME_BYTES:
            return 0, []
        frame = pending[:FRAME_BYTES]
        if frame[_MIDDLE_AT] != _MIDDLE or not frame.endswith(_END):
            return 1, []
        if reduce(xor, frame[_CHECKED]) != frame[_CHECK]:
            return FRAME_BYTES, [UNREADABLE]
        return FRAME_BYTES, [_weight(frame)]


def _weight(frame: bytes) -> Reading:
    flags, text = frame[13], frame[14:23].decode("latin-1")
    sign, figure, unit = text[0], text[1:7], text[7:9]
    if sign not in " -" or bool(flags & NEGATIVE) != (sign == "-"):
        return UNREADABLE  # the two say the same, or the frame is not what we take it for
    problems = [
        problem
        for bit, problem in ((OVER, WeightProblem.OVERLOAD), (NOT_ZEROED, WeightProblem.NOT_ZEROED))
        if flags & bit
    ]
    stable = bool(flags & STABLE) and not problems
    net = bool(flags & TARED)
    return weight_of(sign.strip() + figure.strip(), unit, stable=stable, net=net, problems=tuple(problems))
