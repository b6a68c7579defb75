"""What every scale protocol is, and what they have in common: bytes in, weights out, however the stream is cut."""

from __future__ import annotations

from typing import Protocol

import msgspec

from edge_agent.devices.ports import Reading, Weight, WeightProblem
from edge_agent.devices.scales.weighing import NotAWeight, grams

UNREADABLE = Weight(None, stable=False, problems=(WeightProblem.UNREADABLE,))


class ScaleOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What any scale's profile may choose. `overload_reads_zero`: it answers zero when it is overloaded (Dibal)."""

    overload_reads_zero: bool = False


class ScaleProtocol(Protocol):
    """What the bytes of a scale mean, without any I/O."""

    def feed(self, content: bytes) -> list[Reading]:
        """Take the next bytes and return what they complete."""
        ...

    def request(self) -> bytes | None:
        """Return what to send to ask for a weight; None when the scale speaks by itself."""
        ...

    def reply(self) -> bytes:
        """Return what the bytes fed last call for; empty for nothing. Asking again gives nothing."""
        ...

    def lost(self) -> list[Reading]:
        """Return what becomes of a frame that was under way when the device went; the next one starts clean."""
        ...

    @property
    def frames(self) -> int:
        """How many frames were recognised so far: noise is none, and a frame may have nothing to say."""
        ...

    @property
    def readable(self) -> int:
        """How many of them were right in form and check: what proves that the device speaks this protocol."""
        ...

    def zero_command(self) -> bytes | None:
        """Return what sets the scale to zero; None when it takes no such command."""
        ...

    def tare_command(self) -> bytes | None:
        """Return what takes the weight on the scale as tare; None when it takes no such command."""
        ...


class FrameProtocol:
    """A protocol of frames. `_frame` takes one off the front of what is pending, or says that more is needed.

    Bytes that begin no frame are left out one by one, so that noise costs what it damaged and no more. What is taken
    depends on the bytes alone, never on how they were cut.
    """

    def __init__(self) -> None:
        self.frames = self.readable = 0
        self._pending = bytearray()

    def feed(self, content: bytes) -> list[Reading]:
        """Take the next bytes and return what they complete."""
        self._pending += content
        readings: list[Reading] = []
        while self._pending:
            used, found = self._frame(bytes(self._pending))
            if used == 0:
                break
            del self._pending[:used]
            self.frames += used > 1
            self.readable += used > 1 and UNREADABLE not in found
            readings += found
        return readings

    def request(self) -> bytes | None:
        """Return None: unless a protocol says otherwise the scale speaks by itself."""
        return None

    def reply(self) -> bytes:
        """Return nothing: unless a protocol says otherwise one request has one answer."""
        return b""

    def lost(self) -> list[Reading]:
        """Drop the frame that was under way; half a weight is nothing to say."""
        self._pending.clear()
        return []

    def zero_command(self) -> bytes | None:
        """Return None: unless a protocol says otherwise zero is a key of the scale."""
        return None

    def tare_command(self) -> bytes | None:
        """Return None: unless a protocol says otherwise tare is a key of the scale."""
        return None

    def _frame(self, pending: bytes) -> tuple[int, list[Reading]]:
        """Return how many bytes the front of `pending` uses up and what they say; 0 when more is needed."""
        raise NotImplementedError


def until(pending: bytes, end: bytes, longest: int) -> int:
    """Return how many bytes there are up to and with `end`; 0 when it is still to come, -1 when it is too far."""
    found = pending.find(end, 0, longest)
    if found >= 0:
        return found + len(end)
    return 0 if len(pending) < longest else -1


def weight_of(
    figure: str, unit: str, *, stable: bool, net: bool = False, problems: tuple[WeightProblem, ...] = ()
) -> Weight:
    """Return the weight that a figure stands for; an unreadable one is a problem, never zero."""
    try:
        weight_g = grams(figure, unit)
    except NotAWeight:
        return UNREADABLE
    if weight_g < 0 and WeightProblem.NEGATIVE not in problems:
        problems = (*problems, WeightProblem.NEGATIVE)
    if not stable and not problems:
        problems = (WeightProblem.MOVING,)
    return Weight(weight_g, stable=stable, net=net, zero=weight_g == 0 and not problems, problems=problems)
