"""Does a batch continue what HQ has? Pure: a batch, a watermark, an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.hashchain import GENESIS, link
from shared.wire.messages import Batch

MAX_EVENTS = 10_000
"""More than this in one batch is not an agent of ours; the wire's byte limits end far below."""


@dataclass(frozen=True, slots=True)
class Continues:
    """The batch's events from number `first` on are new here; with them the chain stands at (watermark, head)."""

    first: int
    contents: Sequence[bytes]
    watermark: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Repeats:
    """Every number of the batch lies behind the watermark. Whether they stood for the same events must be looked up."""

    contents: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing to do: a hole before the batch, an empty batch, or exactly what HQ has."""


@dataclass(frozen=True, slots=True)
class Breaks:
    """The chain does not meet the head HQ has: these numbers were used for something else."""


Verdict = Continues | Repeats | Nothing | Breaks


def limits(batch: Batch) -> str | None:
    """Return which limit of the wire a batch breaks, or None."""
    if batch.epoch is None:
        return "a batch names its epoch"
    if batch.first < 1:
        return f"events are numbered from 1, got {batch.first}"
    if len(batch.previous) != len(GENESIS):
        return f"a chain head has {len(GENESIS)} bytes, got {len(batch.previous)}"
    if len(batch.events) > MAX_EVENTS:
        return f"a batch has at most {MAX_EVENTS} events, got {len(batch.events)}"
    return None


def examine(batch: Batch, watermark: int, head: bytes) -> Verdict:
    """Compare a batch within limits with the watermark and chain head HQ has for its epoch."""
    last = batch.first + len(batch.events) - 1
    if batch.first > watermark + 1 or not batch.events:
        return Nothing()
    contents = [bytes(event) for event in batch.events]
    if last < watermark:
        return Repeats(contents)
    reached = batch.previous
    overlap = watermark - batch.first + 1
    for content in contents[:overlap]:
        reached = link(reached, content)
    if reached != head:
        return Breaks()
    for content in contents[overlap:]:
        reached = link(reached, content)
    return Continues(watermark + 1, contents[overlap:], last, reached) if last > watermark else Nothing()
