"""What every kind of run has: its items, and how some of them are posted and undone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlmodel import Session

from shared.web.phrases import Phrase

Item = tuple[UUID, int, Phrase | None]
"""What a run would do: to whom or what, how much, and why; None where its kind says all."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved for each item, by its subject, and the members whom tills should hear of again."""

    amounts: Mapping[UUID, int]
    members: Collection[UUID]


class RunKind(Protocol):
    """A kind of run, as a module has it."""

    def items(self, session: Session, parameters: Mapping[str, Any]) -> list[Item]:
        """Return (subject, amount, reason) of everything the run would do. Raise Invalid or Refused."""
        ...

    def post_items(
        self, session: Session, commit_no: int, run: UUID, parameters: Mapping[str, Any], found: Sequence[Any], *,
        at_ms: int,
    ) -> Moved:  # fmt: skip
        """Post some items."""
        ...

    def undo_items(
        self, session: Session, commit_no: int, run: UUID, found: Sequence[Any], *, at_ms: int, force: bool
    ) -> Moved:
        """Undo posted items. Raise Refused (`value_gone`)."""
        ...
