"""Events that agents have declared they can never supply, over the whole chain: what, why and since when."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.fleet.models import Agent, AgentGap

MAX_PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredGap:
    """Numbers `first` to `last` of an agent's epoch that will never come, since it said so (`since_ms`, wall time)."""

    store_id: str
    agent_id: str
    epoch: UUID
    first: int
    last: int
    reason: str
    since_ms: int

    @property
    def events(self) -> int:
        """How many events it spans; copies of some may have come in another epoch."""
        return self.last - self.first + 1


def declared(
    session: Session, *, store_id: str | None = None, before: DeclaredGap | None = None, limit: int = 100
) -> list[DeclaredGap]:
    """Return declared gaps, the latest first; `before`, the last one of a page, leads to the next page."""
    gap, agent = table_of(AgentGap), table_of(Agent)
    key = (gap.c.declared_ms, gap.c.agent_id, gap.c.epoch, gap.c.first)
    query = select(agent.c.store_id, gap).join(agent, agent.c.id == gap.c.agent_id)
    if store_id is not None:
        query = query.where(agent.c.store_id == store_id)
    if before is not None:
        query = query.where(tuple_(*key) < (before.since_ms, before.agent_id, before.epoch, before.first))
    query = query.order_by(*(column.desc() for column in key)).limit(max(1, min(limit, MAX_PAGE)))
    return [
        DeclaredGap(
            store_id=row.store_id,
            agent_id=row.agent_id,
            epoch=row.epoch,
            first=row.first,
            last=row.last,
            reason=row.reason,
            since_ms=row.declared_ms,
        )
        for row in session.execute(query)
    ]
