"""One parked event for people: what it says, why it waits, how to mend it. Nothing of whoever bought is shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from sqlmodel import Session

from cloud.ingest import parked
from cloud.ingest.models import ParkedEvent
from cloud.web.said import REMEDY, REMEDY_OTHER
from shared.pricing.model import PricedLine
from shared.wire.events import AnyEvent, SaleCompleted, SaleReturned, Tender, decode_event

PERSONAL = frozenset({"member", "cashier", "approved_by", "reference", "attempt", "basket"})
"""Fields of events that lead to a person."""
_TEXT_CHARACTERS = 20_000
_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class EventView:
    """A parked event as the page shows it."""

    row: ParkedEvent
    event: AnyEvent | None
    lines: list[PricedLine]
    tenders: list[Tender]
    text: str
    """Its content as indented JSON without what leads to a person; empty where it is no JSON."""
    repaired: bool

    @property
    def sale(self) -> SaleCompleted | None:
        """The event, if it is a sale."""
        return self.event if isinstance(self.event, SaleCompleted) else None

    @property
    def returned(self) -> SaleReturned | None:
        """The event, if it is a return."""
        return self.event if isinstance(self.event, SaleReturned) else None

    @property
    def exponent(self) -> int:
        """How many digits of its money stand after the point; whatever the event says, few enough to be written."""
        told = self.event.exponent if isinstance(self.event, SaleCompleted | SaleReturned) else 2
        return min(max(told, 0), _DIGITS)

    @property
    def remedy(self) -> str:
        """What to do about it, to be said in the reader's language."""
        return remedy_of(self.row.code)


def remedy_of(code: str) -> str:
    """Return the text that says what to do about events parked for a reason."""
    return REMEDY.get(code, REMEDY_OTHER)


def parked_event(session: Session, event_id: UUID) -> EventView:
    """Read a parked event, resolved or not. Raise NotFound."""
    row = parked.find(session, event_id)
    event = _decoded(row.content)
    return EventView(
        row=row,
        event=event,
        lines=list(event.lines) if isinstance(event, SaleCompleted) else [],
        tenders=list(event.tenders) if isinstance(event, SaleCompleted | SaleReturned) else [],
        text=_text(row.content),
        repaired=row.original is not None,
    )


def _decoded(content: bytes) -> AnyEvent | None:
    try:
        return decode_event(content)
    except (msgspec.DecodeError, ValueError):
        return None


def _text(content: bytes) -> str:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    text = json.dumps(_without_persons(found), ensure_ascii=False, indent=2)
    return text if len(text) <= _TEXT_CHARACTERS else text[:_TEXT_CHARACTERS] + "\n…"


def _without_persons(found: Any) -> Any:
    if isinstance(found, dict):
        return {name: "…" if name in PERSONAL else _without_persons(value) for name, value in found.items()}
    if isinstance(found, list):
        return [_without_persons(value) for value in found]
    return found
