"""CAS's request protocol, also that of ACLAS / 顶尖 checkout scales ("OS2") and Gram Z-FOC: the usual one in China.

The PC sends ENQ, the scale ACK (or NAK: ask again), the PC DC1, the scale
`SOH STX status sign weight(6) unit(2) BCC ETX EOT`; BCC is the exclusive or of everything from the status to the unit.
Sources: CAS AP-1 protocol document, CAS SW-II manual p. 15, Gram Z-FOC manual p. 42, OS2CX manual pp. 19-23.
"""

from __future__ import annotations

from functools import reduce
from operator import xor

from edge_agent.devices.ports import Reading, WeightProblem
from edge_agent.devices.scales.protocol import UNREADABLE, FrameProtocol, ScaleOptions, weight_of

ENQ, ACK, NAK, DC1 = b"\x05", 0x06, 0x15, b"\x11"
_START, _END = b"\x01\x02", b"\x03\x04"
FRAME_BYTES = 15
_CHECKED = slice(2, 12)
_BCC = 12


class CasOptions(ScaleOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`direct`: the scale takes DC1 at once, without ENQ. `os2`: it takes the zero and tare commands of OS2."""

    direct: bool = False
    os2: bool = False


class CasRequest(FrameProtocol):
    """Asks, and reads the answers."""

    def __init__(self, options: CasOptions = CasOptions()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._options = options
        self._acknowledged = False

    def request(self) -> bytes:
        """Return ENQ, or DC1 where the scale takes it at once."""
        return DC1 if self._options.direct else ENQ

    def reply(self) -> bytes:
        """Return DC1 once the scale has acknowledged."""
        acknowledged, self._acknowledged = self._acknowledged, False
        return DC1 if acknowledged else b""

    def zero_command(self) -> bytes | None:
        """Return OS2's `<ZK>` and tab."""
        return b"<ZK>\t" if self._options.os2 else None

    def tare_command(self) -> bytes | None:
        """Return OS2's `<TK>` and tab."""
        return b"<TK>\t" if self._options.os2 else None

    def lost(self) -> list[Reading]:
        """Start clean."""
        self._acknowledged = False
        return super().lost()

    def _frame(self, pending: bytes) -> tuple[int, list[Reading]]:
        if pending[0] == ACK:
            self._acknowledged = True
            return 1, []
        if not _START.startswith(pending[:2]) and not pending.startswith(_START):
            return 1, []
        if len(pending) < FRAME_BYTES:
            return 0, []
        frame = pending[:FRAME_BYTES]
        if not frame.endswith(_END):
            return 1, []
        if reduce(xor, frame[_CHECKED]) != frame[_BCC]:
            return FRAME_BYTES, [UNREADABLE]
        return FRAME_BYTES, [_weight(frame.decode("latin-1"))]


_PROBLEMS = {
    "S": (),
    "U": (WeightProblem.MOVING,),
    "F": (WeightProblem.OUT_OF_RANGE,),  # too heavy or not zeroed: the scale says no more
}


def _weight(frame: str) -> Reading:
    status, sign, figure, unit = frame[2], frame[3], frame[4:10], frame[10:12]
    if status not in _PROBLEMS or sign not in " -":
        return UNREADABLE
    return weight_of(sign.strip() + figure.strip(), unit, stable=status == "S", problems=_PROBLEMS[status])
