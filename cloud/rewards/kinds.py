"""What every kind of run has: its items, and how some of them are posted and undone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlmodel import Session

from shared.web.phrases import Phrase

Item = tuple[UUID, int, Phrase | None]
"""What a run would do: to whom or what, how much, and why; None where its kind says all."""


class Found(NamedTuple):
    """Some of what a run would do, and what of it by unit where it does something in several."""

    items: Sequence[Item]
    units: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class Moved:
    """What was moved for each item, by its subject, and the members whom tills should hear of again.

    `units`: what of it by unit, where a run moves several.
    """

    amounts: Mapping[UUID, int]
    members: Collection[UUID]
    units: Mapping[str, int] = field(default_factory=dict)


class RunKind(Protocol):
    """A kind of run, as a module has it."""

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
