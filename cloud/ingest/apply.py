"""The heart of ingest: batches from many agents in, one transaction, what to answer each agent out.

Nothing here knows MQTT. The caller publishes the outcomes after this returns, that is, after the commit; if it dies
in between, the agents send again and find everything done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

import structlog
from sqlmodel import Session

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.failpoints import reached
from cloud.ingest import accept, chain, collection, incarnation, parking, watermarks
from cloud.ingest.applying import apply_events
from cloud.ingest.intake import Downstream, Intake
from cloud.ingest.outcomes import Acked, Delivery, Forked, Outcome, Rejected
from cloud.ingest.received import Received, read
from cloud.ingest.restores import Restores
from cloud.ingest.watermarks import Place, Watermark
from cloud.sales.shops import shops
from shared.clock import MachineClock

log = structlog.get_logger(__name__)
R = TypeVar("R")

_ATTEMPTS = 3


@dataclass(slots=True)
class _Examined:
    """What a group of batches comes to, before anything is written."""

    events: list[Received] = field(default_factory=list)
    repeats: dict[Place, list[Received]] = field(default_factory=dict)
    forked: set[Place] = field(default_factory=set)


def apply_batches(
    database: Database,
    deliveries: Sequence[Delivery],
    clock: MachineClock,
    downstream: Downstream,
    restores: Restores | None = None,
) -> list[Outcome]:
    """Apply a group of batches in one transaction and return what to tell each agent about each epoch.

    `restores` weighs what a new epoch says of the one before it.

    An agent that is unknown, revoked or speaks for another gets no outcome. Raise Unavailable when the database is
    away or stays too busy: then nothing was applied and nothing may be acked.
    """
    with collection.held_off():
        return in_transaction(
            database, lambda session: _apply(session, deliveries, clock.wall_ms(), downstream, restores)
        )


def _apply(
    session: Session,
    deliveries: Sequence[Delivery],
    now_ms: int,
    downstream: Downstream,
    restores: Restores | None,
) -> list[Outcome]:
    stores = watermarks.stores_of(session, {delivery.agent for delivery in deliveries})
    heard, outcomes = _screen(deliveries, stores)
    if not heard:
        return outcomes
    marks = watermarks.lock(session, [place for place, _ in heard], now_ms)
    outcomes += [
        Rejected(*place, delivery.batch.first, watermarks.TOO_MANY_EPOCHS)
        for place, delivery in heard
        if place not in marks
    ]
    heard = [(place, delivery) for place, delivery in heard if place in marks]
    examined = _examine(heard, marks, stores)
    if examined.events:
        _take(session, examined.events, now_ms, downstream, restores)
    for place, repeated in examined.repeats.items():
        # Numbers behind the watermark prove nothing: only that HQ has these very events does.
        if not accept.all_known(session, repeated):
            examined.forked.add(place)
    watermarks.advance(session, marks)
    reached("batches.in_transaction")
    return outcomes + _answers(marks, examined.forked, incarnation.current(session))


def _screen(
    deliveries: Sequence[Delivery], stores: dict[str, str]
) -> tuple[list[tuple[Place, Delivery]], list[Outcome]]:
    """Drop whoever may not speak, refuse what breaks a limit, and put the rest in the order of its numbers."""
    heard: list[tuple[Place, Delivery]] = []
    rejected: list[Outcome] = []
    for delivery in deliveries:
        batch = delivery.batch
        if delivery.agent not in stores or batch.agent != delivery.agent:
            log.warning("batch ignored", topic_agent=delivery.agent, envelope_agent=batch.agent)
            continue
        problem = chain.limits(batch)
        if problem is not None or batch.epoch is None:
            rejected.append(Rejected(delivery.agent, batch.epoch, batch.first, problem or "no epoch"))
        else:
            heard.append(((delivery.agent, batch.epoch), delivery))
    heard.sort(key=lambda one: (*one[0], one[1].batch.first))
    return heard, rejected


def _examine(
    heard: Sequence[tuple[Place, Delivery]], marks: dict[Place, Watermark], stores: dict[str, str]
) -> _Examined:
    examined = _Examined()
    for place, delivery in heard:
        mark, (agent, epoch) = marks[place], place
        if place in examined.forked:
            continue
        match chain.examine(delivery.batch, mark.seq, mark.head):
            case chain.Continues(first, contents, watermark, head):
                examined.events.extend(_read(agent, stores[agent], epoch, first, contents))
                mark.seq, mark.head, mark.moved = watermark, head, True
            case chain.Repeats(contents):
                repeated = examined.repeats.setdefault(place, [])
                repeated.extend(_read(agent, stores[agent], epoch, delivery.batch.first, contents))
            case chain.Breaks():
                examined.forked.add(place)
            case chain.Nothing():
                pass
    return examined


def _read(agent: str, store: str, epoch: UUID, first: int, contents: Sequence[bytes]) -> list[Received]:
    return [read(agent, store, epoch, seq, content) for seq, content in enumerate(contents, start=first)]


def _take(
    session: Session,
    events: Sequence[Received],
    now_ms: int,
    downstream: Downstream,
    restores: Restores | None,
) -> None:
    """Write new events into the inbox and apply them; park what cannot be applied."""
    commit_no = open_commit(session, now_ms, brings_sales=True)
    new, contradicting = accept.accept(session, events, commit_no)
    stores = {one.store for one in new}
    intake = Intake(commit_no, now_ms, shops(session, stores) if stores else {}, downstream, restores)
    refused = apply_events(session, new, intake)
    parked = contradicting
    if refused:
        parked = parked + [(one, refused[one.event_id]) for one in new if one.event_id in refused]
    if parked:
        parking.park(session, parked, now_ms)
        accept.mark_parked(session, [one.event_id for one, _ in parked])
        for one, problem in parked:
            log.warning("event parked", event_id=str(one.event_id), agent=one.agent, kind=one.kind, code=problem.code)


def _answers(marks: dict[Place, Watermark], forked: set[Place], ours: UUID) -> list[Outcome]:
    return [
        Forked(place[0], place[1], ours, mark.seq, "chain")
        if place in forked
        else Acked(place[0], place[1], ours, mark.seq, mark.head)
        for place, mark in marks.items()
    ]
