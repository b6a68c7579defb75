"""The inbox: which events are new, which HQ already has, and which contradict what it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session

from cloud.database.bulk import insert_unless_known
from cloud.database.rowset import table_of
from cloud.ingest.models import PARKED, InboxEvent
from cloud.ingest.received import EVENT_CONFLICT, Parking, Received, name_by_content

_COLUMNS = ("event_id", "agent_id", "epoch", "seq", "kind", "digest", "commit_no", "status")


def accept(
    session: Session, events: Sequence[Received], commit_no: int
) -> tuple[list[Received], list[tuple[Received, Parking]]]:
    """Write events into the inbox. Return those HQ did not have, and those to park.

    To park: an id that HQ knows with other bytes. It may be a till that repeated a sale after its disk was put
    back, so it is neither taken twice nor dropped: it is kept under a name made from its bytes.
    """
    first: dict[UUID, Received] = {}
    again = [one for one in events if first.setdefault(one.event_id, one) is not one]
    known = _insert(session, first.values(), commit_no)
    again.extend(one for event_id, one in first.items() if known and event_id in known)
    contradicting = _contradicting(session, again)
    known_too = _insert(session, {one.event_id: one for one in contradicting}.values(), commit_no)
    return (
        [one for one in first.values() if not known or one.event_id not in known],
        [
            (one, Parking(EVENT_CONFLICT, "HQ has this event's id with other content"))
            for one in contradicting
            if one.event_id not in known_too
        ],
    )


def _insert(session: Session, events: Iterable[Received], commit_no: int) -> set[UUID]:
    """Write events into the inbox; return the ids of those that are there already."""
    rows = [(one.event_id, one.agent, one.epoch, one.seq, one.kind, one.digest, commit_no, "applied") for one in events]
    return {event_id for (event_id,) in insert_unless_known(session, InboxEvent, _COLUMNS, rows)}


def _contradicting(session: Session, again: Sequence[Received]) -> list[Received]:
    if not again:
        return []
    known = digests(session, {one.event_id for one in again})
    return [
        one._replace(event_id=name_by_content(one.agent, one.content))
        for one in again
        if known[one.event_id] != one.digest
    ]


def digests(session: Session, event_ids: Iterable[UUID]) -> dict[UUID, bytes]:
    """Return the digests of those of these events that HQ has."""
    row = table_of(InboxEvent)
    found = session.execute(select(row.c.event_id, row.c.digest).where(row.c.event_id.in_(sorted(event_ids))))
    return dict(found.all())


def all_known(session: Session, events: Sequence[Received]) -> bool:
    """Tell whether HQ has every one of these events, with these very bytes, under its id or its content's name."""
    by_content = {one.event_id: name_by_content(one.agent, one.content) for one in events}
    known = digests(session, {*by_content, *by_content.values()})
    return all(known.get(one.event_id) == one.digest or by_content[one.event_id] in known for one in events)


def mark_parked(session: Session, event_ids: Sequence[UUID]) -> None:
    """Say in the inbox that events could not be applied."""
    if event_ids:
        row = table_of(InboxEvent)
        session.execute(update(row).where(row.c.event_id.in_(event_ids)).values(status=PARKED))


def lock_absence(session: Session, event_id: UUID, probe: Received, commit_no: int) -> bool:
    """Make sure that an event is not here and that nobody else's transaction is just bringing it.

    Return False when it is here, or came while we waited. Otherwise whoever brings it from now on waits for our
    commit and then sees what we left for it.
    """
    if _insert(session, [probe._replace(event_id=event_id)], commit_no):
        return False
    row = table_of(InboxEvent)
    session.execute(row.delete().where(row.c.event_id == event_id))
    return True
