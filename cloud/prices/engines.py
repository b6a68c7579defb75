"""No till is given prices that its pricing engine cannot work out: it would leave them out and sell by older ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.fleet.models import Agent
from cloud.org.models import Store
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import PriceVersion
from cloud.prices.placing import Plan
from cloud.prices.timeline import Entry, in_force, live_entries
from shared.wire.messages import Reported


@dataclass(frozen=True, slots=True)
class TooOld:
    """An agent whose engine cannot work out what its store is to sell by."""

    agent: str
    store: str
    level: int | None
    """Its engine's level; None where it was never heard of."""
    tills: Sequence[str]

    def __str__(self) -> str:
        """Say it to a program."""
        if self.level is None:
            return f"agent {self.agent} of store {self.store} has not reported yet"
        named = f" (tills {', '.join(self.tills)})" if self.tills else ""
        return f"agent {self.agent} of store {self.store} has level {self.level}{named}"


class EngineTooOld(PriceRefusal):
    """Tills cannot work out what is to be published; `found` names them."""

    def __init__(self, level: int, found: Sequence[TooOld]) -> None:
        words = [str(one) for one in found]
        super().__init__(
            "engine_too_old",
            f"this needs engine level {level}: {'; '.join(words)}; update these agents, or leave their stores out",
            words,
        )
        self.found = list(found)


def check_engines(
    session: Session, plans: Sequence[Plan], later: Mapping[str, Sequence[Entry]], had: Mapping[str, int]
) -> None:
    """Raise EngineTooOld, naming each agent whose engine is below what its store is to sell by.

    That is what a plan needs, what its store sells by already, and what is rebuilt on top (`later`). `had` is what
    stores needed before: an agent that was never heard of holds up a publication only where it asks for more.
    """
    staged = {entry.version for entries in later.values() for entry in entries}
    levels = {version: session.get_one(PriceVersion, version).engine for version in staged}
    needs = {
        plan.store.id: max(plan.engine, *(levels[entry.version] for entry in later.get(plan.store.id, ())), 1)
        for plan in plans
    }
    old = list(_too_old(session, {store: need for store, need in needs.items() if need > 1}, had))
    if old:
        raise EngineTooOld(max(needs[one.store] for one in old), old)


def too_old_for(session: Session, stores: Sequence[Store], engine: int, now_ms: int) -> list[TooOld]:
    """Return the agents of stores that could not work out a row of an engine level, were it published now."""
    if engine <= 1:
        return []
    timelines = live_entries(session, [store.id for store in stores], now_ms)
    now = {store: entry.version for store, entries in timelines.items() if (entry := in_force(entries, now_ms))}
    query = select(PriceVersion).where(col(PriceVersion.version).in_(set(now.values())))
    levels = {one.version: one.engine for one in session.execute(query).scalars()}
    had = {store: levels.get(version, 1) for store, version in now.items()}
    return list(_too_old(session, {store.id: max(engine, had.get(store.id, 1)) for store in stores}, had))


def _too_old(session: Session, needs: Mapping[str, int], had: Mapping[str, int]) -> Iterator[TooOld]:
    agents = select(Agent).where(col(Agent.store_id).in_(needs), col(Agent.status) == "active").order_by(col(Agent.id))
    for agent in session.execute(agents).scalars():
        need = needs[agent.store_id]
        if agent.reported is None:
            if need > had.get(agent.store_id, 1):
                yield TooOld(agent.id, agent.store_id, None, ())
            continue
        reported = msgspec.json.decode(agent.reported, type=Reported)
        if reported.engine < need:
            yield TooOld(agent.id, agent.store_id, reported.engine, [till.till for till in reported.tills])
