"""The envelope around every message of one connection: who, when, in which epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from edge_agent.clock import Clocks


@dataclass(frozen=True, slots=True)
class Envelope:
    """Fills in what every message says. `mint` makes ids."""

    agent: str
    connection: UUID
    clocks: Clocks
    mint: Callable[[], UUID]

    def fields(self, epoch: UUID | None = None) -> dict[str, Any]:
        """Return the envelope's fields for a message made now."""
        return {
            "id": self.mint(),
            "agent": self.agent,
            "connection": self.connection,
            "at_ms": self.clocks.business.now_ms(),
            "sent_ms": self.clocks.machine.wall_ms(),
            "epoch": epoch,
        }
