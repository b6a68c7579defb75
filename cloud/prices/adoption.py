"""Who runs what: the version each till reports, beside the one its store's timeline asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec
from sqlalchemy import select
from sqlmodel import Session, col

from cloud.fleet.models import Agent
from cloud.org.models import Till
from cloud.prices.timeline import Entry, in_force, live_entries, staged
from shared.wire.messages import Reported, TillReport


class Drift(StrEnum):
    """How a till stands to its store's timeline."""

    ACTIVE = "active"
    """It runs the version in force and holds every staged one."""
    WAITING = "waiting"
    """It runs the version in force, but a staged one has not arrived there yet."""
    STAGED = "staged"
    """It holds the version in force, and still sells by an older one."""
    BEHIND = "behind"
    """The version in force has not arrived there."""
    AHEAD = "ahead"
    """It runs a version that is not in force: its clock is ahead, or HQ was restored to an earlier point."""
    SILENT = "silent"
    """Its agent has never reported, or the store has none."""
    NO_BOOK = "no_book"
    """The store has no version in force yet."""


@dataclass(frozen=True, slots=True)
class TillVersion:
    """One till: what it runs and what it should."""

    store: str
    till: str
    agent: str | None
    in_force: int | None
    staged: list[int]
    runs: int | None
    oldest_open: int | None
    holds: list[int]
    seen_ms: int | None
    drift: Drift


def reported_versions(session: Session, now_ms: int, stores: Sequence[str] | None = None) -> list[TillVersion]:
    """Return every till of the chain, or of some stores, by store and number; moments are of business time."""
    query = select(Till).order_by(col(Till.store_id), col(Till.number))
    if stores is not None:
        query = query.where(col(Till.store_id).in_(stores))
    tills = list(session.execute(query).scalars())
    timelines = live_entries(session, {till.store_id for till in tills}, now_ms)
    agents = _active_agents(session)
    return [_compare(till, timelines[till.store_id], agents.get(till.store_id), now_ms) for till in tills]


def _active_agents(session: Session) -> dict[str, Agent]:
    active = select(Agent).where(col(Agent.status) == "active").order_by(col(Agent.enrolled_ms))
    return {agent.store_id: agent for agent in session.execute(active).scalars()}


def _compare(till: Till, entries: Sequence[Entry], agent: Agent | None, now_ms: int) -> TillVersion:
    current, ahead = in_force(entries, now_ms), [entry.version for entry in staged(entries, now_ms)]
    heard = None if agent is None or agent.reported is None else msgspec.json.decode(agent.reported, type=Reported)
    report = next((found for found in heard.tills if found.till == till.id), None) if heard else None
    holds = sorted({*heard.staged, *(found.version for found in heard.tills)}) if heard else []
    wanted = None if current is None else current.version
    return TillVersion(
        store=till.store_id,
        till=till.id,
        agent=agent.id if agent else None,
        in_force=wanted,
        staged=ahead,
        runs=report.version if report else None,
        oldest_open=report.oldest_open_version if report else None,
        holds=holds,
        seen_ms=agent.seen_ms if agent else None,
        drift=_drift(wanted, ahead, report, holds),
    )


def _drift(wanted: int | None, ahead: Sequence[int], report: TillReport | None, holds: Sequence[int]) -> Drift:
    if wanted is None:
        return Drift.NO_BOOK
    if report is None:
        return Drift.SILENT
    if report.version == wanted:
        return Drift.ACTIVE if set(ahead) <= set(holds) else Drift.WAITING
    if report.version > wanted:
        return Drift.AHEAD
    return Drift.STAGED if wanted in holds else Drift.BEHIND
