"""How far HQ has each agent's events: the rows every batch locks, and the agents allowed to move them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_, update
from sqlmodel import Session

from cloud.database.bulk import insert_new
from cloud.database.rowset import table_of
from cloud.fleet.models import Agent, AgentEpoch
from shared.hashchain import GENESIS

SPEAKING = ("active", "draining")
"""States in which an agent's events are taken."""

Place = tuple[str, UUID]
"""An agent and one of its epochs."""


@dataclass(slots=True)
class Watermark:
    """Where an epoch's chain stands: the last number HQ has and the chain head after it."""

    seq: int
    head: bytes
    moved: bool = False


def stores_of(session: Session, agents: Collection[str]) -> dict[str, str]:
    """Return the store of each of these agents that may speak."""
    agent = table_of(Agent)
    rows = session.execute(
        select(agent.c.id, agent.c.store_id).where(agent.c.id.in_(agents), agent.c.status.in_(SPEAKING))
    )
    return dict(rows.all())


def lock(session: Session, places: Iterable[Place], now_ms: int) -> dict[Place, Watermark]:
    """Lock the rows of these epochs, in one order everywhere, opening at 0 those HQ has never heard of."""
    wanted = sorted(set(places))
    found = _locked(session, wanted)
    missing = [place for place in wanted if place not in found]
    if missing:
        insert_new(
            session,
            AgentEpoch,
            [
                {
                    "agent_id": agent,
                    "epoch": epoch,
                    "watermark": 0,
                    "head": GENESIS,
                    "opened_ms": now_ms,
                    "reason": "",
                }
                for agent, epoch in missing
            ],
        )
        found |= _locked(session, missing)
    return found


def _locked(session: Session, places: list[Place]) -> dict[Place, Watermark]:
    row = table_of(AgentEpoch)
    rows = session.execute(
        select(row.c.agent_id, row.c.epoch, row.c.watermark, row.c.head)
        .where(tuple_(row.c.agent_id, row.c.epoch).in_(places))
        .order_by(row.c.agent_id, row.c.epoch)
        .with_for_update()
    )
    return {(agent, epoch): Watermark(seq, head) for agent, epoch, seq, head in rows}


def seq_of(session: Session, agent: str, epoch: UUID) -> int:
    """Return how far HQ has an epoch, 0 when it has never heard of it."""
    row = session.get(AgentEpoch, (agent, epoch), populate_existing=True)
    return 0 if row is None else row.watermark


def advance(session: Session, watermarks: dict[Place, Watermark]) -> None:
    """Write down the watermarks that moved."""
    row = table_of(AgentEpoch)
    moved = [
        {"place_agent": agent, "place_epoch": epoch, "to_seq": watermark.seq, "to_head": watermark.head}
        for (agent, epoch), watermark in sorted(watermarks.items(), key=lambda item: item[0])
        if watermark.moved
    ]
    if moved:
        session.connection().execute(
            update(row)
            .where(row.c.agent_id == bindparam("place_agent"), row.c.epoch == bindparam("place_epoch"))
            .values(watermark=bindparam("to_seq"), head=bindparam("to_head")),
            moved,
        )
