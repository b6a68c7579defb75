"""Indicators that send lines by themselves: `ST,GS,+  1.234kg CR LF`, and CAS's form of it with a lamp byte.

Sources: CAS indicator manuals (22-byte form: `ST,GS,` id lamp `,` weight(8) space unit(2)); the plain form is that of
A&D and of most Taiwanese and Chinese indicators. ST stable, US moving, OL overload; GS gross, NT net, TR the tare.
"""

from __future__ import annotations

import re

from edge_agent.devices.ports import Reading, Weight, WeightProblem
from edge_agent.devices.scales.protocol import FrameProtocol, until, weight_of

CAS_FRAME_BYTES = 22
_HEADS = (b"ST,", b"US,", b"OL,")
_HEAD_BYTES = 3
_LONGEST = 40
_ENDS = (b"\r", b"\n")
_LINE = re.compile(r"(ST|US|OL),(GS|NT|TR),? *([+-]? *[\d.]*) *([A-Za-z]*) *")
_PROBLEMS = {"ST": (), "US": (WeightProblem.MOVING,), "OL": (WeightProblem.OVERLOAD,)}


class StatusLines(FrameProtocol):
    """The plain form, ended by CR, LF or both: some indicators are set to one, some to the other."""

    def _frame(self, pending: bytes) -> tuple[int, list[Reading]]:
        if not _begins(pending):
            return 1, []
        size = min((size for end in _ENDS if (size := until(pending, end, _LONGEST)) > 0), default=0)
        if not size:
            return (1 if len(pending) >= _LONGEST else 0), []
        line = pending[:size].decode("latin-1").strip("\r\n")
        found = _LINE.fullmatch(line)
        if found is None:
            return 1, []
        return size, _weights(found[1], found[2], found[3].replace(" ", ""), found[4])


class CasContinuous(FrameProtocol):
    """CAS's 22 bytes. The lamp byte says once more what the text does, and is not read."""

    def _frame(self, pending: bytes) -> tuple[int, list[Reading]]:
        if not _begins(pending):
            return 1, []
        if len(pending) < CAS_FRAME_BYTES:
            return 0, []
        frame = pending[:CAS_FRAME_BYTES]
        if not (frame.endswith(b"\r\n") and frame[5:6] == frame[8:9] == b","):
            return 1, []
        text = frame.decode("latin-1")
        return CAS_FRAME_BYTES, _weights(text[:2], text[3:5], text[9:17].replace(" ", ""), text[18:20])


def _begins(pending: bytes) -> bool:
    return any(head.startswith(pending[:_HEAD_BYTES]) or pending.startswith(head) for head in _HEADS)


def _weights(status: str, kind: str, figure: str, unit: str) -> list[Reading]:
    if kind == "TR":
        return []  # the tare itself, not what is on the scale
    weight = weight_of(figure, unit, stable=status == "ST", net=kind == "NT", problems=_PROBLEMS[status])
    if status == "OL" and weight.grams is None:
        weight = Weight(None, stable=False, net=kind == "NT", problems=_PROBLEMS[status])
    return [weight]
