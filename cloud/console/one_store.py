"""The page of one store: its agents, tills, prices, receipts, parked events, and what its streams went through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from cloud.console.day import sales_by_day
from cloud.console.overview import ParkedRow, parked
from cloud.fleet.agents import AgentStatus
from cloud.fleet.agents import status as agent_status
from cloud.fleet.models import AgentEpoch, AgentGap
from cloud.org.models import Store, Till
from cloud.org.stores import find_store, tills
from cloud.prices.adoption import TillVersion, reported_versions
from cloud.prices.overview import ShownEntry, store_timeline
from cloud.receipt_series.gaps import BrokenLink, MissingNumbers, broken_links, missing

_ENTRIES = 10
_HISTORY = 50
_GAPS = 50


@dataclass(frozen=True, kw_only=True)
class TillRow:
    """A till, what it runs, and what it should."""

    till: Till
    version: TillVersion


@dataclass(frozen=True, kw_only=True)
class TimelineRow:
    """A version on the store's timeline, and the tills that sell by it now."""

    entry: ShownEntry
    tills: list[str]


@dataclass(frozen=True, kw_only=True)
class StorePage:
    """Everything that HQ knows of how a store is."""

    store: Store
    agents: list[AgentStatus]
    seen_seconds: dict[str, int]
    """How long ago each agent was heard of; absent for one that never was."""
    tills: list[TillRow]
    timeline: list[TimelineRow]
    missing: list[MissingNumbers]
    broken: list[BrokenLink]
    parked_count: int
    parked: list[ParkedRow]
    epochs: list[AgentEpoch]
    gaps: list[AgentGap]
    days: list[tuple[date, int]]

    @property
    def agent(self) -> AgentStatus | None:
        """The agent that stands for the store: the active one, else whatever was enrolled last."""
        return self.agents[0] if self.agents else None

    @property
    def online(self) -> bool:
        """Tell whether that agent was heard of lately."""
        return self.agent is not None and self.agent.online

    @property
    def devices_down(self) -> int:
        """Return how many devices are away or faulty."""
        return self.agent.devices_down if self.agent else 0

    @property
    def concerns(self) -> int:
        """Return how many things here a person should look at."""
        problems = self.agent.reported.problems if self.agent and self.agent.reported else []
        records = self.parked_count + len(self.missing) + len(self.broken)
        return (not self.online) + records + len(problems) + self.devices_down


def one_store(session: Session, store_id: str, now_ms: int, business_ms: int) -> StorePage:
    """Read a store's page. `now_ms` is wall time, by which heartbeats age. Raise NotFound."""
    store = find_store(session, store_id)
    agents = agent_status(session, now_ms=now_ms, store=store_id)
    agents.sort(key=lambda agent: (agent.status == "active", agent.enrolled_ms), reverse=True)
    versions = {found.till: found for found in reported_versions(session, business_ms, [store_id])}
    count, rows = parked(session, store=store_id)
    names = [agent.agent for agent in agents]
    return StorePage(
        store=store,
        agents=agents,
        seen_seconds={one.agent: max(0, now_ms - one.seen_ms) // 1000 for one in agents if one.seen_ms is not None},
        tills=[TillRow(till=till, version=versions[till.id]) for till in tills(session, store_id)],
        timeline=[
            TimelineRow(entry=entry, tills=[one.till for one in versions.values() if one.runs == entry.row.version])
            for entry in store_timeline(session, store_id, business_ms)[:_ENTRIES]
        ],
        missing=missing(session, store_id=store_id, limit=_GAPS),
        broken=broken_links(session, store_id=store_id)[:_GAPS],
        parked_count=count,
        parked=rows,
        epochs=_epochs(session, names),
        gaps=_gaps(session, names),
        days=sales_by_day(session, store_id),
    )


def _epochs(session: Session, agents: Sequence[str]) -> list[AgentEpoch]:
    query = select(AgentEpoch).where(col(AgentEpoch.agent_id).in_(agents))
    return list(session.exec(query.order_by(col(AgentEpoch.opened_ms).desc()).limit(_HISTORY)))


def _gaps(session: Session, agents: Sequence[str]) -> list[AgentGap]:
    query = select(AgentGap).where(col(AgentGap.agent_id).in_(agents))
    return list(session.exec(query.order_by(col(AgentGap.declared_ms).desc()).limit(_HISTORY)))
