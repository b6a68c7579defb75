"""No till is given prices that its pricing engine cannot work out: it would leave them out and sell by older ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.fleet.models import Agent
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import PriceVersion
from cloud.prices.placing import Plan
from cloud.prices.timeline import Entry
from shared.wire.messages import Reported


def check_engines(
    session: Session, plans: Sequence[Plan], later: Mapping[str, Sequence[Entry]], had: Mapping[str, int]
) -> None:
    """Raise PriceRefusal, naming each agent whose engine is below what its store is to sell by.

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
        level = max(needs[store] for store, _ in old)
        words = [text for _, text in old]
        raise PriceRefusal(
            "engine_too_old",
            f"this needs engine level {level}: {'; '.join(words)}; update these agents, or leave their stores out",
            words,
        )


def _too_old(session: Session, needs: Mapping[str, int], had: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    agents = select(Agent).where(col(Agent.store_id).in_(needs), col(Agent.status) == "active").order_by(col(Agent.id))
    for agent in session.execute(agents).scalars():
        need = needs[agent.store_id]
        if agent.reported is None:
            if need > had.get(agent.store_id, 1):
                yield agent.store_id, f"agent {agent.id} of store {agent.store_id} has not reported yet"
            continue
        reported = msgspec.json.decode(agent.reported, type=Reported)
        if reported.engine < need:
            tills = ", ".join(till.till for till in reported.tills)
            named = f" (tills {tills})" if tills else ""
            yield agent.store_id, f"agent {agent.id} of store {agent.store_id} has level {reported.engine}{named}"
