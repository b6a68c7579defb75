"""Parked events as ingest sees them: put away with their bytes, found again when what they wait for arrives."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import Session, col, func, select

from cloud.database.bulk import insert_new
from cloud.ingest.models import InboxEvent, ParkedEvent
from cloud.ingest.received import Parking, Received

_REASON_CHARACTERS = 500


def _writable(reason: str) -> str:
    """Return a reason as a database can keep it: it may repeat what an agent wrote, and that may be anything."""
    return reason.replace("\0", "\N{REPLACEMENT CHARACTER}")[:_REASON_CHARACTERS]


def park(session: Session, events: Sequence[tuple[Received, Parking]], now_ms: int) -> None:
    """Put events away with their exact bytes and the reason."""
    insert_new(
        session,
        ParkedEvent,
        [
            {
                "event_id": one.event_id,
                "agent_id": one.agent,
                "store_id": one.store,
                "epoch": one.epoch,
                "seq": one.seq,
                "kind": one.kind,
                "content": one.content,
                "code": problem.code,
                "reason": _writable(problem.reason),
                "waits_for": problem.waits_for,
                "parked_ms": now_ms,
            }
            for one, problem in events
        ],
    )


def waiting_for(session: Session, arrived: Sequence[UUID]) -> Sequence[ParkedEvent]:
    """Return the unresolved parked events that wait for one of these, in the order in which they happened."""
    waiting = select(ParkedEvent).where(col(ParkedEvent.waits_for).is_not(None), col(ParkedEvent.resolved_ms).is_(None))
    # Almost always nobody waits: one look at a tiny index spares a thousand look-ups.
    if not arrived or session.exec(waiting.limit(1)).first() is None:
        return []
    found = waiting.where(col(ParkedEvent.waits_for).in_(arrived)).order_by(col(ParkedEvent.event_id))
    return session.exec(found.with_for_update()).all()


def unsettled(session: Session, stores: Collection[str]) -> dict[str, int]:
    """Return how many events of each store wait for somebody's decision; a store without any is left out."""
    query = select(col(ParkedEvent.store_id), func.count()).where(
        col(ParkedEvent.store_id).in_(stores), col(ParkedEvent.resolved_ms).is_(None)
    )
    return dict(session.exec(query.group_by(col(ParkedEvent.store_id))).all())


def resolve(session: Session, parked: ParkedEvent, resolution: str, status: str, now_ms: int) -> None:
    """Close a parked event, and say in the inbox what became of it."""
    parked.resolved_ms, parked.resolution, parked.waits_for = now_ms, resolution, None
    session.add(parked)
    inbox = session.get(InboxEvent, parked.event_id)
    if inbox is not None:
        inbox.status = status
        session.add(inbox)
    session.flush()


def restate(session: Session, parked: ParkedEvent, problem: Parking) -> None:
    """Note why a parked event still cannot be applied."""
    parked.code, parked.reason, parked.waits_for = problem.code, _writable(problem.reason), problem.waits_for
    session.add(parked)
    session.flush()
