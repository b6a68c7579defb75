"""What ingest takes and what it answers: facts, without a word about MQTT or HTTPS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from shared.wire.messages import Batch


@dataclass(frozen=True, slots=True)
class Delivery:
    """A batch, and the agent its topic or its token names."""

    agent: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class Acked:
    """Everything of this epoch up to and including `seq` is committed; `head` is the chain head there."""

    agent: str
    epoch: UUID
    incarnation: UUID
    seq: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Forked:
    """The numbers of this epoch were used for something else: the agent has to open a new one."""

    agent: str
    epoch: UUID
    incarnation: UUID
    watermark: int
    reason: Literal["chain", "below_watermark"]


@dataclass(frozen=True, slots=True)
class Rejected:
    """The batch that starts with `first` breaks a limit of the wire; the agent sends its events singly."""

    agent: str
    epoch: UUID | None
    first: int
    reason: str


Outcome = Acked | Forked | Rejected
"""To whom nothing is said (unknown, revoked, or speaking for another), there is no outcome."""
