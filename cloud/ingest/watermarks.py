"""How far HQ has each agent's events: the rows every batch locks, and the agents allowed to move them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from sqlalchemy import bindparam, func, select, tuple_, update
from sqlmodel import Session, col

from cloud.database.bulk import insert_new
from cloud.database.rowset import table_of
from cloud.fleet.models import Agent, AgentEpoch
from cloud.ingest import misconduct
from shared.hashchain import GENESIS

SPEAKING = ("active", "draining")
"""States in which an agent's events are taken."""

MAX_NEW_EPOCHS_A_DAY = 200
"""Of one agent. Each is a row for ever; an agent of ours opens one when a disk or HQ was put back."""

TOO_MANY_EPOCHS = f"more than {MAX_NEW_EPOCHS_A_DAY} new epochs of this agent in a day"

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
    """Lock the rows of these epochs, in one order everywhere, opening at 0 those HQ has never heard of.

    Epochs of an agent that opens more than MAX_NEW_EPOCHS_A_DAY are absent from the answer: TOO_MANY_EPOCHS.
    """
    wanted = sorted(set(places))
    found = _locked(session, wanted)
    missing = _within_limit(session, [place for place in wanted if place not in found], now_ms)
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


def _within_limit(session: Session, new: list[Place], now_ms: int) -> list[Place]:
    """Return the epochs that may be opened; note once a day whose may not."""
    allowed: list[Place] = []
    for agent, places in groupby(new, key=lambda place: place[0]):
        asked = list(places)
        since = now_ms - misconduct.DAY_MS
        opened = select(func.count()).where(col(AgentEpoch.agent_id) == agent, col(AgentEpoch.opened_ms) > since)
        room = max(MAX_NEW_EPOCHS_A_DAY - session.execute(opened).scalar_one(), 0)
        if room < len(asked):
            misconduct.note(session, agent, "agent.too_many_epochs", TOO_MANY_EPOCHS, now_ms)
        allowed += asked[:room]
    return allowed


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
