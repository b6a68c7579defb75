"""Hellos, heartbeats and last wills: where an agent stands, and whether it is there.

`agent` is everywhere who the topic or the token says is speaking; a message that names another is ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec
import structlog
from sqlmodel import Session, col, select

from cloud.database import Database
from cloud.database.transactions import in_transaction
from cloud.fleet import device_history
from cloud.fleet.models import Agent
from cloud.ingest import incarnation, watermarks
from cloud.ingest.outcomes import Acked, Forked, Outcome, Rejected
from cloud.ingest.restores import Restores
from cloud.ingest.watermarks import Watermark
from shared.wire.events import HeldAck
from shared.wire.messages import Gone, Hello, Message, State

log = structlog.get_logger(__name__)

_MOST_OFFSET_MS = 1 << 53


def greet(database: Database, agent: str, hello: Hello, restores: Restores) -> Outcome | None:
    """Answer a hello with the watermark of its epoch, opened at 0 when new, or with a fork.

    An agent that proves that this incarnation acked more than HQ has proves that the database was restored: a new
    incarnation is minted, once. None for whoever may not speak.
    """
    return in_transaction(database, lambda session: _greet(session, agent, hello, restores))


def heartbeat(database: Database, agent: str, state: State, restores: Restores) -> Outcome | None:
    """Note that an agent is alive and what it runs; return the watermark of its epoch, to be acked again."""
    noted = heartbeats(database, [(agent, state)], restores)
    return noted[0][1] if noted else None


def heartbeats(
    database: Database, states: Sequence[tuple[str, State]], restores: Restores
) -> list[tuple[State, Outcome]]:
    """Do so for several agents in one transaction; whoever may not speak is absent from the answer."""
    return in_transaction(database, lambda session: _heartbeats(session, states, restores))


def farewell(database: Database, agent: str, gone: Gone) -> bool:
    """Note a last will; tell whether it counted. One that does not name the current connection is an old one."""
    return in_transaction(database, lambda session: _farewell(session, agent, gone))


def _greet(session: Session, agent: str, hello: Hello, restores: Restores) -> Outcome | None:
    if hello.epoch is None or not _may_speak(session, agent, hello):
        return None
    now = restores.clock.wall_ms()
    # The watermark first, then the agent, everywhere: two transactions of one agent queue up instead of deadlocking.
    mark = watermarks.lock(session, [(agent, hello.epoch)], now).get((agent, hello.epoch))
    if mark is None:
        return Rejected(agent, hello.epoch, 0, watermarks.TOO_MANY_EPOCHS)
    row = _lock_agent(session, agent)
    row.connection, row.connected_ms, row.hq_offset_ms = hello.connection, now, _offset(now, hello)
    device_history.note(session, row, hello.reported, now)
    row.seen_ms, row.gone, row.reported = now, False, msgspec.json.encode(hello.reported)
    session.add(row)
    ours = restores.weigh(session, agent, hello.epoch, _held(hello), mark.seq, ours=incarnation.current(session))
    return _compare(agent, hello.epoch, hello, mark, ours)


def _held(said: Hello | State) -> HeldAck | None:
    if said.incarnation is None:
        return None
    return HeldAck(incarnation=said.incarnation, seq=said.acked_seq, head=said.acked_head, proof=said.acked_proof)


def _compare(agent: str, epoch: UUID, hello: Hello, mark: Watermark, ours: UUID) -> Outcome:
    if hello.last_seq < mark.seq:
        return Forked(agent, epoch, ours, mark.seq, "below_watermark")
    if hello.last_seq == mark.seq and hello.last_head != mark.head:
        return Forked(agent, epoch, ours, mark.seq, "chain")
    return Acked(agent, epoch, ours, mark.seq, mark.head)


def _heartbeats(
    session: Session, states: Sequence[tuple[str, State]], restores: Restores
) -> list[tuple[State, Outcome]]:
    stores = watermarks.stores_of(session, {agent for agent, _ in states})
    heard = [
        (agent, state.epoch, state)
        for agent, state in states
        if state.epoch is not None and _is_from(agent, state, known=agent in stores)
    ]
    if not heard:
        return []
    now = restores.clock.wall_ms()
    marks = watermarks.lock(session, [(agent, epoch) for agent, epoch, _ in heard], now)
    rows = _lock_agents(session, {agent for agent, _, _ in heard})
    ours = incarnation.current(session)
    noted: list[tuple[State, Outcome]] = []
    for agent, epoch, state in heard:
        _note(session, rows[agent], state, now)
        mark = marks.get((agent, epoch))
        if mark is None:
            noted.append((state, Rejected(agent, epoch, 0, watermarks.TOO_MANY_EPOCHS)))
            continue
        ours = restores.weigh(session, agent, epoch, _held(state), mark.seq, ours=ours)
        _note_drained(rows[agent], state, mark, ours)
        noted.append((state, Acked(agent, epoch, ours, mark.seq, mark.head)))
    return noted


def _note(session: Session, row: Agent, state: State, now: int) -> None:
    row.seen_ms = now
    if _is_newer(state.connection, row.connection):
        row.connection, row.connected_ms = state.connection, now  # its hello was lost
    if state.connection == row.connection:
        row.gone, row.hq_offset_ms = False, _offset(now, state)
        if state.reported is not None:
            device_history.note(session, row, state.reported, now)
            row.reported = msgspec.json.encode(state.reported)


def _note_drained(row: Agent, state: State, mark: Watermark, ours: UUID) -> None:
    """Believe an agent that we have everything, if that is so: our database may have been put back since."""
    if state.drained_ms is not None and state.incarnation == ours and mark.seq >= state.acked_seq:
        row.drained_ms = max(row.drained_ms or 0, state.drained_ms)


def _farewell(session: Session, agent: str, gone: Gone) -> bool:
    if not _may_speak(session, agent, gone):
        return False
    row = _lock_agent(session, agent)
    if row.connection != gone.connection:
        return False
    row.gone = True
    session.add(row)
    return True


def _may_speak(session: Session, agent: str, message: Message) -> bool:
    return _is_from(agent, message, known=agent in watermarks.stores_of(session, {agent}))


def _is_from(agent: str, message: Message, *, known: bool) -> bool:
    if message.agent == agent and known:
        return True
    log.warning("message ignored", topic_agent=agent, envelope_agent=message.agent)
    return False


def _lock_agent(session: Session, agent: str) -> Agent:
    return session.get_one(Agent, agent, with_for_update=True, populate_existing=True)


def _offset(now_ms: int, message: Message) -> int:
    """Return what to add to an agent's time for ours; how far beyond all reason a clock is, nobody needs to know."""
    return max(-_MOST_OFFSET_MS, min(now_ms - message.sent_ms, _MOST_OFFSET_MS))


def _lock_agents(session: Session, agents: Collection[str]) -> dict[str, Agent]:
    query = select(Agent).where(col(Agent.id).in_(agents)).order_by(col(Agent.id)).with_for_update()
    return {row.id: row for row in session.exec(query.execution_options(populate_existing=True))}


def _is_newer(connection: UUID, current: UUID | None) -> bool:
    """Connection ids are UUIDv7: on one machine the later one is greater."""
    return current is None or connection.int > current.int
