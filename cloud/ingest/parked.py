"""Parked events as people see them: looked at, repaired, applied again, or dismissed; each act says who and why."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlmodel import Session, col, func, select

from cloud import audit
from cloud.database.commits import open_commit
from cloud.errors import Conflict, Invalid, NotFound
from cloud.ingest import applying, parking
from cloud.ingest.intake import Downstream, Intake
from cloud.ingest.models import DISMISSED, ParkedEvent
from cloud.ingest.received import EVENT_CONFLICT, Parking, name_by_content
from cloud.ingest.restores import Restores
from cloud.sales.shops import shops
from shared.wire.events import decode_event

MAX_LISTED = 1000


def open_events(
    session: Session, *, agent: str | None = None, code: str | None = None, limit: int = MAX_LISTED
) -> Sequence[ParkedEvent]:
    """Return unresolved parked events, the oldest first."""
    query = select(ParkedEvent).where(col(ParkedEvent.resolved_ms).is_(None))
    if agent is not None:
        query = query.where(col(ParkedEvent.agent_id) == agent)
    if code is not None:
        query = query.where(col(ParkedEvent.code) == code)
    return session.exec(query.order_by(col(ParkedEvent.parked_ms), col(ParkedEvent.event_id)).limit(limit)).all()


def open_count(session: Session) -> int:
    """Return how many parked events nobody has resolved."""
    query = select(func.count()).select_from(ParkedEvent).where(col(ParkedEvent.resolved_ms).is_(None))
    return session.exec(query).one()


def find(session: Session, event_id: UUID) -> ParkedEvent:
    """Return a parked event, resolved or not. Raise NotFound."""
    parked = session.get(ParkedEvent, event_id)
    if parked is None:
        raise NotFound(f"no event {event_id} is parked")
    return parked


def repair(session: Session, event_id: UUID, content: bytes, *, actor: str, reason: str, now_ms: int) -> None:
    """Replace what a replay applies. The bytes received are kept beside it for ever.

    Raise Invalid when the new content is no event, or another one: only an event whose id HQ already has for
    something else may be given a new id.
    """
    parked = _lock_open(session, event_id)
    try:
        event = decode_event(content)
    except (msgspec.DecodeError, ValueError) as error:
        raise Invalid(f"the repaired content is no event: {error}") from None
    if event.id != event_id and not _may_rename(parked):
        raise Invalid(f"the repaired content is event {event.id}, not {event_id}")
    parked.original = parked.original or parked.content
    parked.content, parked.kind = content, str(event.__struct_config__.tag)
    session.add(parked)
    audit.record(
        session, at_ms=now_ms, actor=actor, action="parked.repair", subject=str(event_id), reason=_stated(reason)
    )
    session.flush()


def _may_rename(parked: ParkedEvent) -> bool:
    named_by_content = parked.event_id == name_by_content(parked.agent_id, parked.original or parked.content)
    return named_by_content or parked.code == EVENT_CONFLICT


def replay(
    session: Session, event_id: UUID, downstream: Downstream, restores: Restores, *, actor: str, now_ms: int
) -> Parking | None:
    """Apply a parked event now. Return why it still cannot be applied, None when it is in the books.

    Whatever is parked and waited for it is applied with it. A new epoch may prove, late, that HQ was restored.
    """
    parked = _lock_open(session, event_id)
    intake = Intake(
        open_commit(session, now_ms, brings_sales=True), now_ms, shops(session, {parked.store_id}), downstream, restores
    )
    problem = applying.replay(session, parked, intake)
    detail = "applied" if problem is None else f"{problem.code}: {problem.reason}"
    audit.record(session, at_ms=now_ms, actor=actor, action="parked.replay", subject=str(event_id), detail=detail)
    session.flush()
    return problem


def dismiss(session: Session, event_id: UUID, *, actor: str, reason: str, now_ms: int) -> None:
    """Decide that an event is never to be applied. Its bytes stay where they are."""
    parked = _lock_open(session, event_id)
    parking.resolve(session, parked, DISMISSED, DISMISSED, now_ms)
    audit.record(
        session, at_ms=now_ms, actor=actor, action="parked.dismiss", subject=str(event_id), reason=_stated(reason)
    )
    session.flush()


def _lock_open(session: Session, event_id: UUID) -> ParkedEvent:
    parked = session.get(ParkedEvent, event_id, with_for_update=True, populate_existing=True)
    if parked is None:
        raise NotFound(f"no event {event_id} is parked")
    if parked.resolved_ms is not None:
        raise Conflict(f"event {event_id} was {parked.resolution} already")
    return parked


def _stated(reason: str) -> str:
    if not reason.strip():
        raise Invalid("say why: the reason is kept in the audit log")
    return reason
