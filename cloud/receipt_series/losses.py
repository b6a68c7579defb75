"""Receipt numbers that HQ does not have, with whose disk they were on and what that agent has said of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.fleet.models import AgentGap
from cloud.receipt_series import gaps, series
from cloud.receipt_series.gaps import MAX_GAPS


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingReceipts:
    """Numbers `first` to `last` of a till's series, missing since HQ received the one after them (`since_ms`).

    `agent_id` gave them, in `epoch` ("" and None where HQ does not know any more). `reason` is the agent's own, where
    it has declared that it cannot supply some of that epoch; "" as long as they may still come.
    """

    store_id: str
    till_id: str
    series: str
    agent_id: str
    epoch: UUID | None
    first: int
    last: int
    reason: str
    since_ms: int


def missing(session: Session, *, store_id: str | None = None, limit: int = MAX_GAPS) -> list[MissingReceipts]:
    """Return the missing receipt numbers of the chain or of one store, by store, till and series."""
    found = gaps.missing(session, store_id=store_id, limit=limit)
    known = series.by_till(session, {one.store_id for one in found}) if found else {}
    holders = {(*place, one.series): (one.agent, one.epoch) for place, listed in known.items() for one in listed}
    reasons = _reasons(session, {agent for agent, _ in holders.values()})
    listed: list[MissingReceipts] = []
    for one in found:
        agent, epoch = holders.get((one.store_id, one.till_id, one.series), ("", None))
        listed.append(
            MissingReceipts(
                store_id=one.store_id,
                till_id=one.till_id,
                series=one.series,
                agent_id=agent,
                epoch=epoch,
                first=one.first,
                last=one.last,
                reason=reasons.get((agent, epoch), ""),
                since_ms=one.since_ms,
            )
        )
    return listed


def _reasons(session: Session, agents: Collection[str]) -> dict[tuple[str, UUID | None], str]:
    row = table_of(AgentGap)
    query = select(row.c.agent_id, row.c.epoch, row.c.reason).where(row.c.agent_id.in_(agents))
    return {(agent, epoch): reason for agent, epoch, reason in session.execute(query.order_by(row.c.declared_ms))}
