"""Agents as HQ sees them: who may connect, who is online, what each runs, and the end of one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

import msgspec
from sqlmodel import Session, col, func, select, update

from cloud import audit
from cloud.database.rowset import table_of
from cloud.errors import Conflict, NotFound
from cloud.fleet.models import Agent, AgentEpoch, Certificate
from shared.wire.messages import Reported

GRACE_MS = 60_000
"""How long after its end an agent must have been heard with nothing left to send."""
ONLINE_MS = 90_000
"""An agent not heard of for this long is offline, whatever its last will said (heartbeats come every 30 s)."""

_reported = msgspec.json.Decoder(Reported)


@dataclass(frozen=True, kw_only=True)
class AgentStatus:
    """One agent for people: where it is, how it is, what it runs."""

    agent: str
    store: str
    status: str
    online: bool
    seen_ms: int | None
    connected_ms: int | None
    enrolled_ms: int
    certificate_until_ms: int | None
    epoch: UUID | None
    watermark: int
    reported: Reported | None

    @property
    def devices_down(self) -> int:
        """How many of its devices are away or faulty; none are counted of an agent that is offline itself."""
        reported = self.reported if self.online else None
        return sum(one.state in {"closed", "error"} for one in reported.devices) if reported else 0


@dataclass(frozen=True)
class AllowList:
    """Who may connect to the broker, in order, and a digest that changes exactly when they do."""

    agents: tuple[str, ...]

    @property
    def digest(self) -> bytes:
        """SHA-256 of the names."""
        return sha256("\n".join(self.agents).encode()).digest()


def find(session: Session, agent: str) -> Agent:
    """Return an agent's row. Raise NotFound."""
    found = session.get(Agent, agent)
    if found is None:
        raise NotFound(f"there is no agent {agent!r}")
    return found


def allowed(session: Session) -> AllowList:
    """Return every agent that is not revoked: those that serve, and those that still drain."""
    query = select(col(Agent.id)).where(col(Agent.status) != "revoked").order_by(col(Agent.id))
    return AllowList(tuple(session.exec(query)))


def revoke(session: Session, agent: str, *, actor: str, reason: str, now_ms: int) -> None:
    """Shut an agent out for good. API and ingest refuse it from this commit on, the broker cuts it within seconds."""
    row = find(session, agent)
    if row.status == "revoked":
        raise Conflict(f"agent {agent!r} is revoked already")
    row.status, row.revoked_ms, row.connection, row.gone = "revoked", now_ms, None, True
    session.add(row)
    session.execute(
        update(Certificate)
        .where(col(Certificate.agent_id) == agent, col(Certificate.revoked_ms).is_(None))
        .values(revoked_ms=now_ms)
    )
    audit.record(session, at_ms=now_ms, actor=actor, action="agent.revoke", subject=agent, reason=reason)


def status(session: Session, *, now_ms: int, store: str | None = None) -> list[AgentStatus]:
    """Return every agent's status, by store and id; only one store's when named."""
    ends = dict(
        session.exec(
            select(col(Certificate.agent_id), func.max(col(Certificate.not_after_ms))).group_by(
                col(Certificate.agent_id)
            )
        ).all()
    )
    query = select(Agent).order_by(col(Agent.store_id), col(Agent.id))
    if store is not None:
        query = query.where(col(Agent.store_id) == store)
    epochs = _newest_epochs(session)
    return [_status(row, epochs.get(row.id), ends.get(row.id), now_ms) for row in session.exec(query)]


def _newest_epochs(session: Session) -> dict[str, AgentEpoch]:
    rows = session.exec(select(AgentEpoch).order_by(col(AgentEpoch.opened_ms)))
    return {row.agent_id: row for row in rows}


def _status(row: Agent, epoch: AgentEpoch | None, until_ms: int | None, now_ms: int) -> AgentStatus:
    fresh = row.seen_ms is not None and now_ms - row.seen_ms < ONLINE_MS
    return AgentStatus(
        agent=row.id,
        store=row.store_id,
        status=row.status,
        online=fresh and not row.gone and row.status != "revoked",
        seen_ms=row.seen_ms,
        connected_ms=row.connected_ms,
        enrolled_ms=row.enrolled_ms,
        certificate_until_ms=until_ms,
        epoch=epoch.epoch if epoch else None,
        watermark=epoch.watermark if epoch else 0,
        reported=_reported.decode(row.reported) if row.reported else None,
    )


def heard_until(session: Session, agents: Collection[str]) -> dict[str, int]:
    """Return up to which wall time each agent's stream is here whole; absent are those that never said so."""
    agent = table_of(Agent)
    rows = session.execute(
        select(agent.c.id, agent.c.drained_ms).where(agent.c.id.in_(sorted(agents)), agent.c.drained_ms.is_not(None))
    )
    return {row.id: int(row.drained_ms) for row in rows}
