"""Applying new events: in bulk, or one by one when the bulk fails, so that only the offender is parked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from cloud.database.transience import is_transient
from cloud.ingest import accept, parking
from cloud.ingest.handlers import HANDLERS
from cloud.ingest.handlers.base import Refusals, Unfit, check_moment
from cloud.ingest.intake import Intake
from cloud.ingest.models import APPLIED, REPLAYED, ParkedEvent
from cloud.ingest.received import (
    DATABASE,
    EVENT_CONFLICT,
    FAILED,
    STORE_MISMATCH,
    UNDECODABLE,
    Parking,
    Received,
    read,
)
from cloud.sales.shops import shops

log = structlog.get_logger(__name__)

_REASON_CHARACTERS = 500


def apply_events(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Apply events that are in the inbox and nowhere else yet. Return those that could not be applied.

    Events parked earlier that were waiting for one of these are applied after it.
    """
    refused: Refusals = {}
    ready = []
    for one in events:
        problem = _unfit(one, intake)
        if problem is None:
            ready.append(one)
        else:
            refused[one.event_id] = problem
    refused |= _attempt(session, ready, intake)
    if not refused:
        _wake(session, [one.event_id for one in ready], intake)
        return refused
    for one in _no_longer_waiting(session, ready, refused, intake):
        del refused[one.event_id]
        refused |= _attempt(session, [one], intake)
    _wake(session, [one.event_id for one in ready if one.event_id not in refused], intake)
    return refused


def _attempt(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Apply events all at once, or, when something in them fails, in halves, down to the ones that fail alone."""
    if not events:
        return {}
    try:
        with session.begin_nested():
            return _apply(session, events, intake)
    except Exception as error:
        if is_transient(error):
            raise
        if len(events) == 1:
            return {events[0].event_id: _failure(events[0], error)}
        log.warning("bulk application failed, applying in halves", events=len(events), error=_words(error))
    middle = len(events) // 2
    return _attempt(session, events[:middle], intake) | _attempt(session, events[middle:], intake)


def _unfit(one: Received, intake: Intake) -> Parking | None:
    if one.event is None:
        return Parking(UNDECODABLE, one.problem)
    try:
        check_moment(one.event.at_ms)
    except Unfit as unfit:
        return unfit.parking
    if one.event.store != one.store or one.store not in intake.shops:
        return Parking(STORE_MISMATCH, f"event of store {one.event.store!r} came from an agent of {one.store!r}")
    return None


def _apply(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    by_kind: dict[str, list[Received]] = defaultdict(list)
    for one in events:
        by_kind[one.kind].append(one)
    refused: Refusals = {}
    for kind, handler in HANDLERS.items():
        if by_kind[kind]:
            refused |= handler(session, by_kind[kind], intake)
    return refused


def _no_longer_waiting(
    session: Session, events: Sequence[Received], refused: Refusals, intake: Intake
) -> list[Received]:
    """Return the refused events for which what they wait for is here after all.

    Without this look under lock, an event and the one it waits for, brought by two transactions at the same time,
    could each overlook the other.
    """
    return [
        one
        for one in events
        if one.event_id in refused
        and (awaited := refused[one.event_id].waits_for) is not None
        and not accept.lock_absence(session, awaited, one, intake.commit_no)
    ]


def _wake(session: Session, arrived: Sequence[UUID], intake: Intake) -> None:
    """Apply parked events that were waiting for one of these, from whatever store they came."""
    waiting = parking.waiting_for(session, arrived)
    absent = {parked.store_id for parked in waiting} - intake.shops.keys()
    if absent:
        intake = replace(intake, shops={**intake.shops, **shops(session, absent)})
    for parked in waiting:
        replay(session, parked, intake)


def replay(session: Session, parked: ParkedEvent, intake: Intake) -> Parking | None:
    """Apply a parked event. Return why it still cannot be applied, None when it now is."""
    one = read(parked.agent_id, parked.store_id, parked.epoch, parked.seq, parked.content)
    with session.begin_nested() as savepoint:
        problem = _claim_id(session, parked, one, intake)
        if problem is None:
            problem = apply_events(session, [one], intake).get(one.event_id)
        if problem is not None:
            savepoint.rollback()
    if problem is None:
        parking.resolve(session, parked, REPLAYED, APPLIED, intake.now_ms)
    else:
        parking.restate(session, parked, problem)
    return problem


def _claim_id(session: Session, parked: ParkedEvent, one: Received, intake: Intake) -> Parking | None:
    """Bring an event that was kept under another name into the inbox under its own id."""
    if one.event_id == parked.event_id:
        return None
    accepted, _ = accept.accept(session, [one], intake.commit_no)
    return None if accepted else Parking(EVENT_CONFLICT, "HQ has this event's id already")


def _failure(one: Received, error: Exception) -> Parking:
    if isinstance(error, DBAPIError | ValueError | OverflowError):
        return Parking(DATABASE, f"database: {_words(error)}")
    log.error("handler failed", kind=one.kind, event_id=str(one.event_id), exc_info=error)
    return Parking(FAILED, f"{type(error).__name__}: {_words(error)}")


def _words(error: Exception) -> str:
    text = str(error.orig if isinstance(error, DBAPIError) else error)
    return " ".join(text.replace("\0", "").split())[:_REASON_CHARACTERS]
