"""From the set of members an agent has to the one it should have, in steps that fit a message."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.fleet import card_keys
from cloud.fleet.models import Agent, Deployment
from cloud.members.home_days import Days
from cloud.members.models import StoreMember, StoreMembers
from cloud.members.sight import known_member, look_at
from cloud.privacy import Vault
from cloud.value.allowances import of_agent
from shared.wire.desired import KnownMember, MemberStep

MAX_BYTES = 120_000
"""Of a step's JSON: hashes hardly compress, and a message has 256 kB."""
_ROWS_AT_ONCE = 2_000
_GONE_BYTES = 39


class _Changed(NamedTuple):
    """What one step carries."""

    put: list[KnownMember]
    gone: list[UUID]


def set_version(session: Session, store: str) -> int:
    """Return the version of the set of members a store may know, 0 while it is empty."""
    sets = table_of(StoreMembers)
    return session.execute(select(sets.c.version).where(sets.c.store_id == store)).scalar_one_or_none() or 0


def set_versions(session: Session, stores: Collection[str]) -> dict[str, int]:
    """Return the versions of several stores' sets; a store whose set is empty may be absent."""
    sets = table_of(StoreMembers)
    return dict(session.execute(select(sets.c.store_id, sets.c.version).where(sets.c.store_id.in_(stores))).all())


def member_step(
    session: Session, vault: Vault, agent: Agent, reported_version: int, *, today: Days, max_bytes: int = MAX_BYTES
) -> MemberStep | None:
    """Return the next step from the version an agent reports, or None when it has everything.

    An agent that reports more than HQ knows (HQ was restored) starts again from 0, as a new one does: a step with
    base 0 replaces everything the agent holds, also when `more` says that further steps follow.
    """
    version = set_version(session, agent.store_id)
    if reported_version == version:
        return None
    base = reported_version if 0 <= reported_version < version else 0
    put: list[KnownMember] = []
    gone: list[UUID] = []
    reached, left = base, max_bytes
    for row_version, member, known in _changes(session, vault, agent, range(base + 1, version + 1), today):
        left -= len(msgspec.json.encode(known)) if known else _GONE_BYTES
        if left < 0 and reached > base:
            return _step(session, agent, range(base, reached), _Changed(put, gone), more=True)
        if known:
            put.append(known)
        elif base:
            gone.append(member)
        reached = row_version
    return _step(session, agent, range(base, version), _Changed(put, gone), more=False)


def _changes(
    session: Session, vault: Vault, agent: Agent, versions: range, today: Days
) -> Iterator[tuple[int, UUID, KnownMember | None]]:
    """Yield (version, member, what the agent may know of them; None when nothing any more), in order of versions."""
    card_key = card_keys.opened(vault, agent.id, agent.card_key)
    while rows := _rows(session, agent.store_id, versions):
        members = [row.member_id for row in rows if not row.gone]
        sights, may_spend = look_at(session, members, today), of_agent(session, agent.id, members)
        for row in rows:
            sight = sights.get(row.member_id)
            shown = sight is not None and sight.shown and not row.gone
            known = known_member(vault, row.member_id, sight, card_key) if sight and shown else None
            if known is not None and row.member_id in may_spend:
                known = msgspec.structs.replace(known, allowances=may_spend[row.member_id])
            yield row.version, row.member_id, known
        versions = range(rows[-1].version + 1, versions.stop)


def _rows(session: Session, store: str, versions: range) -> Sequence[Any]:
    place = table_of(StoreMember)
    return session.execute(
        select(place.c.version, place.c.member_id, place.c.gone)
        .where(place.c.store_id == store, place.c.version >= versions.start, place.c.version < versions.stop)
        .order_by(place.c.version)
        .limit(_ROWS_AT_ONCE)
    ).all()


def _step(session: Session, agent: Agent, way: range, changed: _Changed, *, more: bool) -> MemberStep:
    deployment = table_of(Deployment)
    return MemberStep(
        agent=agent.id,
        incarnation=session.execute(select(deployment.c.incarnation)).scalar_one(),
        base=way.start,
        version=way.stop,
        put=changed.put,
        gone=changed.gone,
        more=more,
    )
