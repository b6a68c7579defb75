"""Mettler-Toledo 8217, and the many scales that speak like it: `W` is answered by a weight, or by why there is none.

`STX ww.www CR` is kilograms, `STX www.ww CR` pounds, with `N` before CR when a tare was taken off; `STX ? status CR`
when the weight cannot be used. Sources: DIVA service manual pp. 39 and 45; the drivers of Odoo, JumpMind and
pywebdriver. They disagree about bits 5 and 6 of the status, so both are left out.
"""

from __future__ import annotations

import re

from edge_agent.devices.ports import Reading, Weight, WeightProblem
from edge_agent.devices.scales.protocol import FrameProtocol, ScaleOptions, until, weight_of

_STX = 0x02
_LONGEST = 12
_SEVEN_BITS = 0x7F
_WEIGHT = re.compile(r"\x02(-? *\d+\.\d+)(N?)\r")
_POUND_DECIMALS = 2
_BITS = (
    (0x01, WeightProblem.MOVING),
    (0x02, WeightProblem.OVERLOAD),
    (0x04, WeightProblem.NEGATIVE),
    (0x08, WeightProblem.NOT_ZEROED),
)
_CENTRE_OF_ZERO = 0x10
_STATUS_BYTES = 4


class ToledoOptions(ScaleOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`unit`: what the scale is set to; empty tells it by the decimals, as the manual has it (3 kg, 2 lb)."""

    unit: str = ""


class Toledo8217(FrameProtocol):
    """Asks, and reads weights and states.

    Some scales send a stable weight once, and then a state without any flag until it changes: that is no news, and the
    weight still stands. Whatever else comes, a flag or an unreadable frame, takes its place.
    """

    def __init__(self, options: ToledoOptions = ToledoOptions()) -> None:  # noqa: B008 - immutable
        super().__init__()
        self._unit = options.unit

    def request(self) -> bytes:
        """Return `W`."""
        return b"W"

    def zero_command(self) -> bytes:
        """Return `Z`; the scale answers with its state."""
        return b"Z"

    def tare_command(self) -> bytes:
        """Return `T`; the scale answers with its state."""
        return b"T"

    def _frame(self, pending: bytes) -> tuple[int, list[Reading]]:
        content = bytes(byte & _SEVEN_BITS for byte in pending)
        if content[0] != _STX:
            return 1, []
        if content[1:2] == b"?":
            return self._state(content)
        size = until(content, b"\r", _LONGEST)
        if size <= 0:
            return -size, []
        found = _WEIGHT.fullmatch(content[:size].decode("ascii"))
        if found is None:
            return 1, []
        figure = found[1].replace(" ", "")
        unit = self._unit or ("lb" if len(figure.partition(".")[2]) == _POUND_DECIMALS else "kg")
        return size, [weight_of(figure, unit, stable=True, net=bool(found[2]))]

    def _state(self, content: bytes) -> tuple[int, list[Reading]]:
        """Read a state. Its byte may be a CR, so the frame is four bytes and not what a CR ends."""
        if len(content) < _STATUS_BYTES:
            return 0, []
        if content[3:4] != b"\r":
            return 1, []
        status = content[2]
        problems = tuple(problem for bit, problem in _BITS if status & bit)
        if problems:
            return _STATUS_BYTES, [Weight(None, stable=False, problems=problems)]
        zero = Weight(0, stable=True, zero=True)
        return _STATUS_BYTES, [zero] if status & _CENTRE_OF_ZERO else []
