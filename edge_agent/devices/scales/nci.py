"""NCI's protocol, and "ECR", which is the same with an `S` before the state: Weigh-Tronix, Brecknell, Ohaus, DIVA.

`W CR` is answered by `LF weight unit CR LF [S] state CR ETX`, or without the weight where it cannot be used. Sources:
Weigh-Tronix 7821 p. 25, 3700LP p. 11, Ohaus Aviator pp. 47-49, DIVA service manual pp. 35-36.
"""

from __future__ import annotations

import re

from edge_agent.devices.ports import Reading, Weight, WeightProblem
from edge_agent.devices.scales.protocol import UNREADABLE, FrameProtocol, until, weight_of

_LF, _ETX = 0x0A, b"\x03"
_LONGEST = 32
_FRAME = re.compile(r"\n(?: *(-? *\d*\.?\d+) *(KG|LB|OZ|G) *\r\n)?S?([0-?p-\x7f][0-?p-\x7f]{1,3})\r\x03", re.IGNORECASE)
_NOT_UNDERSTOOD = b"\n?\r\x03"
_BITS = (
    (0, 0x01, WeightProblem.MOVING),
    (1, 0x02, WeightProblem.OVERLOAD),
    (1, 0x01, WeightProblem.NEGATIVE),
    (0, 0x04, WeightProblem.FAULT),  # RAM
    (0, 0x08, WeightProblem.FAULT),  # EEPROM
    (1, 0x04, WeightProblem.FAULT),  # ROM
    (1, 0x08, WeightProblem.FAULT),  # calibration
    (2, 0x08, WeightProblem.NOT_ZEROED),
)
_AT_ZERO = (0, 0x02)
_NET = (2, 0x04)


class Nci(FrameProtocol):
    """Asks, and reads weights and states; both variants."""

    def request(self) -> bytes:
        """Return `W` and CR."""
        return b"W\r"

    def zero_command(self) -> bytes:
        """Return `Z` and CR."""
        return b"Z\r"

    def _frame(self, pending: bytes) -> tuple[int, list[Reading]]:
        if pending[0] != _LF:
            return 1, []
        size = until(pending, _ETX, _LONGEST)
        if size <= 0:
            return -size, []
        if pending[:size] == _NOT_UNDERSTOOD:
            return size, [UNREADABLE]
        found = _FRAME.fullmatch(pending[:size].decode("latin-1"))
        return (1, []) if found is None else (size, [_weight(found)])


def _weight(found: re.Match[str]) -> Weight:
    state = found[3].encode("latin-1")
    problems = tuple(dict.fromkeys(problem for at, bit, problem in _BITS if _set(state, at, bit)))
    if found[1] is None:
        at_zero = _set(state, *_AT_ZERO) and not problems
        return Weight(
            0 if at_zero else None, stable=at_zero, zero=at_zero, problems=problems or _unsaid(at_zero=at_zero)
        )
    figure = found[1].replace(" ", "")
    return weight_of(figure, found[2], stable=not problems, net=_set(state, *_NET), problems=problems)


def _unsaid(*, at_zero: bool) -> tuple[WeightProblem, ...]:
    """A state that names no problem but comes without a weight is not a weight of zero."""
    return () if at_zero else (WeightProblem.UNREADABLE,)


def _set(state: bytes, at: int, bit: int) -> bool:
    return at < len(state) and bool(state[at] & bit)
