"""Datalogic Magellan scanner-scales on one cable: weights and scans come on the same line, each with its own head.

`S14 CR` asks for the state: `S140` not ready, `S141` moving, `S142` over capacity, `S143` stable zero, `S144` and the
digits of a stable weight, `S145` under zero. Scans come unasked: `S08` and a letter or two for the symbology. The line
is 9600 7-O-1. Source: CORE-POS's driver for Magellan scales. Four digits are hundredths of a pound, five are grams.
"""

from __future__ import annotations

from collections.abc import Mapping

from edge_agent.devices.ports import Reading, Scanned, Weight, WeightProblem
from edge_agent.devices.scales.protocol import UNREADABLE, FrameProtocol, until, weight_of
from shared.codes import expand_upc_e

_CR = b"\r"
_LONGEST = 200
_SEVEN_BITS = 0x7F
_STATES: Mapping[str, Weight] = {
    "0": Weight(None, stable=False, problems=(WeightProblem.WARMING_UP,)),
    "1": Weight(None, stable=False, problems=(WeightProblem.MOVING,)),
    "2": Weight(None, stable=False, problems=(WeightProblem.OVERLOAD,)),
    "3": Weight(0, stable=True, zero=True),
    "5": Weight(None, stable=False, problems=(WeightProblem.NEGATIVE,)),
}
_POUND_DIGITS, _GRAM_DIGITS = 4, 5
_SYMBOLOGIES: Mapping[str, str] = {"FF": "E4", "B1": "A0", "B2": "I0", "B3": "C0", "A": "E0", "F": "E0", "R": "e0"}
"""AIM identifiers by the letters that follow `S08`; longer ones first."""


class Magellan(FrameProtocol):
    """Asks for the state, and reads weights and scans."""

    def request(self) -> bytes:
        """Return `S14` and CR."""
        return b"S14\r"

    def _frame(self, pending: bytes) -> tuple[int, list[Reading]]:
        content = bytes(byte & _SEVEN_BITS for byte in pending)
        if content[0] != ord("S"):
            return 1, []
        size = until(content, _CR, _LONGEST)
        if size <= 0:
            return -size, []
        line = content[: size - 1].decode("ascii")
        if line.startswith("S08"):
            return size, _scan(line[3:])
        if line.startswith("S14"):
            return size, [_state(line[3:4], line[4:])]
        if line.startswith("S11"):
            return size, [_figure(line[3:])]
        return 1, []


def _state(state: str, digits: str) -> Weight:
    if state == "4":
        return _figure(digits)
    return UNREADABLE if digits else _STATES.get(state, UNREADABLE)


def _figure(digits: str) -> Weight:
    if not (digits.isdigit() and len(digits) in (_POUND_DIGITS, _GRAM_DIGITS)):
        return UNREADABLE
    if len(digits) == _GRAM_DIGITS:
        return weight_of(digits, "g", stable=True)
    return weight_of(f"{digits[:2]}.{digits[2:]}", "lb", stable=True)


def _scan(content: str) -> list[Reading]:
    if content[:1] == "E":
        code = content[1:]
        return [Scanned(expand_upc_e(code) or code, "E0")] if code else []
    for letters, aim in _SYMBOLOGIES.items():
        code = content.removeprefix(letters)
        if code != content:
            return [Scanned(code, aim)] if code else []
    return [Scanned(content)] if content else []
