"""What HQ says to what agents say, whatever wire carried it: ingest worker and HTTPS fallback share this."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from cloud.database import Database
from cloud.failpoints import reached
from cloud.fleet.models import AgentEpoch
from cloud.ingest import incarnation
from cloud.ingest.apply import apply_batches
from cloud.ingest.downlink import Downlink
from cloud.ingest.envelopes import Envelopes
from cloud.ingest.greet import farewell, greet, heartbeats
from cloud.ingest.intake import Downstream
from cloud.ingest.outcomes import Acked, Delivery, Rejected
from cloud.ingest.restores import Restores
from shared.clock import MachineClock
from shared.wire.messages import (
    AnyAnswer,
    Batch,
    DownlinkMessage,
    Gone,
    Hello,
    Question,
    State,
    UplinkMessage,
)


class Addressed(NamedTuple):
    """A message, and the agent that its topic or token proves."""

    agent: str
    message: UplinkMessage


Answering = Callable[[str, Question], AnyAnswer | None]
"""Answers an agent's question; None when it came too late to be of use, or to whom nothing is said."""


class Exchange:
    """Handles groups of uplink messages; every answer it returns rests on a committed transaction.

    Safe to use from several threads: the HTTPS fallback answers each agent in one of its own.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: MachineClock,
        downstream: Downstream,
        downlink: Downlink,
        envelopes: Envelopes,
        answering: Answering,
        restores: Restores,
    ) -> None:
        self._database = database
        self._clock = clock
        self._downstream = downstream
        self._downlink = downlink
        self._envelopes = envelopes
        self._answering = answering
        self._restores = restores

    def answer(self, heard: Sequence[Addressed]) -> list[DownlinkMessage]:
        """Handle messages in the order that matters: questions (someone waits), hellos, batches, heartbeats, wills.

        Raise cloud.errors.Unavailable when the database is away: then nothing may be said, and agents send again.
        """
        said: list[DownlinkMessage] = []
        for agent, message in heard:
            if isinstance(message, Question) and (body := self._answering(agent, message)):
                said.append(self._envelopes.answer(message, body))
        said += self._hellos([(agent, message) for agent, message in heard if isinstance(message, Hello)])
        said += self._batches([(agent, message) for agent, message in heard if isinstance(message, Batch)])
        said += self._heartbeats([(agent, message) for agent, message in heard if isinstance(message, State)])
        for agent, message in heard:
            if isinstance(message, Gone):
                farewell(self._database, agent, message)
        return said

    def answer_each(self, heard: Sequence[Addressed]) -> list[list[DownlinkMessage]]:
        """Handle one message of each of some agents; return what is said to each, in their order."""
        said: dict[str, list[DownlinkMessage]] = {agent: [] for agent, _ in heard}
        for message in self.answer(heard):
            said[message.agent].append(message)
        return [said[agent] for agent, _ in heard]

    def unasked(self, agents: Sequence[str]) -> list[DownlinkMessage]:
        """Return what HQ has to say to agents that have not asked: desired state and members they lack."""
        return self._downlink.due(agents)

    def standing(self, agent: str, connection: UUID) -> list[DownlinkMessage]:
        """Return an agent's current acknowledgement, for a worker that has just taken over its shard."""
        with self._database.snapshot() as session:
            acked = _newest(session, agent)
        return [self._envelopes.outcome(acked, connection)] if acked else []

    def rejection(self, agent: str, connection: UUID, epoch: UUID | None, first: int, reason: str) -> DownlinkMessage:
        """Return the answer to a batch that could not be opened."""
        return self._envelopes.outcome(Rejected(agent, epoch, first, reason), connection)

    def _hellos(self, hellos: list[tuple[str, Hello]]) -> list[DownlinkMessage]:
        said: list[DownlinkMessage] = []
        greeted: dict[str, Hello] = {}
        for agent, hello in hellos:
            outcome = greet(self._database, agent, hello, self._restores)
            if outcome is not None:
                said.append(self._envelopes.outcome(outcome, hello.connection))
                greeted[agent] = hello  # of several of one agent the last stands, as its connection does
        return said + (self._downlink.greetings(greeted) if greeted else [])

    def _heartbeats(self, states: list[tuple[str, State]]) -> list[DownlinkMessage]:
        if not states:
            return []
        noted = heartbeats(self._database, states, self._restores)
        # An agent that has just done one thing may be waiting for the next: the rest of a member set, say.
        lacking = {
            outcome.agent
            for state, outcome in noted
            if state.reported is not None and self._downlink.lacks(outcome.agent, state.reported)
        }
        more = self._downlink.due(sorted(lacking)) if lacking else []
        return [*(self._envelopes.outcome(outcome, state.connection) for state, outcome in noted), *more]

    def _batches(self, batches: list[tuple[str, Batch]]) -> list[DownlinkMessage]:
        if not batches:
            return []
        connections = {agent: batch.connection for agent, batch in batches}
        deliveries = [Delivery(agent, batch) for agent, batch in batches]
        outcomes = apply_batches(self._database, deliveries, self._clock, self._downstream, self._restores)
        reached("batches.committed")
        return [self._envelopes.outcome(outcome, connections[outcome.agent]) for outcome in outcomes]


def _newest(session: Session, agent: str) -> Acked | None:
    query = select(AgentEpoch).where(col(AgentEpoch.agent_id) == agent).order_by(col(AgentEpoch.opened_ms).desc())
    row = session.exec(query.limit(1)).first()
    return Acked(agent, row.epoch, incarnation.current(session), row.watermark, row.head) if row else None
