"""Where agents stand: hellos answered with a watermark or a fork, and the acknowledgement repeated on request."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlmodel import Session

from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.fleet.models import AgentEpoch
from cloud.ingest import incarnation, watermarks
from cloud.ingest.apply import apply_batches, in_transaction
from cloud.ingest.intake import Downstream
from cloud.ingest.outcomes import Acked, Delivery, Forked, Outcome
from cloud.ingest.watermarks import Watermark
from shared.clock import MachineClock
from shared.wire.messages import Hello

log = structlog.get_logger(__name__)


class Reception:
    """The part of HQ that takes events in, as ingest worker and HTTPS fallback hold it."""

    def __init__(self, database: Database, clock: MachineClock, downstream: Downstream) -> None:
        self._database = database
        self._clock = clock
        self._downstream = downstream

    def apply(self, deliveries: Sequence[Delivery]) -> list[Outcome]:
        """Take batches in, all in one transaction, and say what became of them once it is committed."""
        return apply_batches(self._database, deliveries, self._clock, self._downstream)

    def greet(self, hello: Hello) -> list[Outcome]:
        """Compare where an agent says it stands with where HQ stands. The caller has proved who speaks."""
        outcome = greet(self._database, hello.agent, hello, self._clock)
        return [outcome] if outcome else []

    def standing(self, agent: str, epoch: UUID | None) -> Acked | None:
        """Return the current acknowledgement of an agent's epoch (None: its newest)."""
        return standing(self._database, agent, epoch)


def greet(database: Database, agent: str, hello: Hello, clock: MachineClock) -> Outcome | None:
    """Answer a hello with the watermark of its epoch, opened at 0 when new, or with a fork.

    `agent` is who the topic or the token says is speaking. None for whoever may not speak.
    """
    return in_transaction(database, lambda session: _greet(session, agent, hello, clock))


def standing(database: Database, agent: str, epoch: UUID | None) -> Acked | None:
    """Return how far HQ has an agent's epoch (None: its newest); None when it has nothing of it."""
    return in_transaction(database, lambda session: _standing(session, agent, epoch))


def _greet(session: Session, agent: str, hello: Hello, clock: MachineClock) -> Outcome | None:
    if hello.epoch is None or hello.agent != agent or agent not in watermarks.stores_of(session, {agent}):
        log.warning("hello ignored", topic_agent=agent, envelope_agent=hello.agent)
        return None
    mark = watermarks.lock(session, [(agent, hello.epoch)], clock.wall_ms())[agent, hello.epoch]
    ours = incarnation.current(session)
    if hello.incarnation == ours and hello.acked_seq > mark.seq:
        reason = f"agent {agent} holds {hello.acked_seq} as acked, HQ has {mark.seq}: the database was restored"
        log.error("database was restored", agent=agent, acked=hello.acked_seq, watermark=mark.seq)
        ours = incarnation.renew(session, reason, clock, seen=ours, actor="ingest")
    return _compare(agent, hello.epoch, hello, mark, ours)


def _compare(agent: str, epoch: UUID, hello: Hello, mark: Watermark, ours: UUID) -> Outcome:
    if hello.last_seq < mark.seq:
        return Forked(agent, epoch, ours, mark.seq, "below_watermark")
    if hello.last_seq == mark.seq and hello.last_head != mark.head:
        return Forked(agent, epoch, ours, mark.seq, "chain")
    return Acked(agent, epoch, ours, mark.seq)


def _standing(session: Session, agent: str, epoch: UUID | None) -> Acked | None:
    if agent not in watermarks.stores_of(session, {agent}):
        return None
    row = table_of(AgentEpoch)
    query = select(row.c.epoch, row.c.watermark).where(row.c.agent_id == agent)
    if epoch is not None:
        query = query.where(row.c.epoch == epoch)
    found = session.execute(query.order_by(row.c.opened_ms.desc()).limit(1)).first()
    return None if found is None else Acked(agent, found.epoch, incarnation.current(session), found.watermark)
