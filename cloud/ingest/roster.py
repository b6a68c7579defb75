"""Which agents of our shards are there, and which of them may have to be told something.

Composing what every agent should run each second would be work for nothing. So the roster watches cheap marks of
change (publications, stores, tills, cashiers, settings, member sets, shares of budgets) and names only agents that a
change may concern; a slow round over everybody covers whatever the marks miss.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, func, select

from cloud.database import Database
from cloud.fleet.agents import ONLINE_MS
from cloud.fleet.models import Agent
from cloud.members.models import StoreMembers
from cloud.org.models import ChainSetting, Store, StoreTerminals, Till, TillDevices
from cloud.prices.models import PriceVersion
from cloud.promotions.budget_models import StoreShare
from cloud.store_days.models import Staff
from shared.clock import MachineClock
from shared.topics import SHARDS

_ROUND_S = 60.0
_SETTLE_S = 11.0
"""After a change an agent is looked at again once it had time to apply it."""


class Present(NamedTuple):
    """An agent that is connected, as far as we know."""

    id: str
    store: str
    connection: UUID


class _Marks(NamedTuple):
    """Whatever moves when something that concerns every store may have changed."""

    stores: int
    tills: int
    devices: int
    terminals: int
    staff: tuple[int, int]
    settings: tuple[bytes, ...]
    newest_version: int
    versions: tuple[tuple[str, int], ...]


class _Shares(NamedTuple):
    """What moves with shares of chains' budgets: in all, and by agent."""

    total: tuple[int, int]
    by_agent: dict[str, int]


class Roster:
    """Names agents to look at. One per worker, used by its caretaker thread."""

    def __init__(self, database: Database, clock: MachineClock) -> None:
        self._database = database
        self._clock = clock
        self._marks: _Marks | None = None
        self._members: dict[str, int] = {}
        self._shares: _Shares | None = None
        self._again: dict[str, float] = {}
        """When to look at an agent again, by the machine's monotonic clock."""
        self._here: frozenset[str] | None = None
        self._round: deque[str] = deque()
        self._round_began = 0.0

    def agents_of(self, shards: Collection[str]) -> list[Present]:
        """Return the agents of these shards that were heard of lately."""
        if not shards:
            return []
        with self._database.snapshot() as session:
            return self._present(session, shards)

    def due(self, shards: Collection[str]) -> list[str]:
        """Return the agents of these shards that may have to be told something now."""
        if not shards:
            return []
        with self._database.snapshot() as session:
            marks = _read_marks(session)
            members = dict(session.exec(_MEMBER_VERSIONS).all())
            shares = _read_shares(session, self._shares)
            present = self._present(session, shards)
        here = frozenset(agent.id for agent in present)
        named = self._concerned(present, marks, members) | self._shared_anew(shares) | self._back(here)
        now = self._clock.monotonic()
        ripe = {agent for agent, at in self._again.items() if at <= now}
        for agent in ripe:
            del self._again[agent]
        self._look_again(named, now + _SETTLE_S)
        named |= ripe | self._slice_of_round(sorted(here), now)
        return sorted(named & here)

    def revoked(self) -> set[str]:
        """Return the agents that may speak no more."""
        with self._database.snapshot() as session:
            return set(session.exec(select(col(Agent.id)).where(col(Agent.status) == "revoked")))

    def told(self, agents: Iterable[str]) -> None:
        """Look at agents again that were told something just now, until they are found to have it.

        What is said may be lost on the way, and the mark that named the agent has moved on.
        """
        self._look_again(agents, self._clock.monotonic() + _SETTLE_S)

    def not_told(self, agents: Iterable[str]) -> None:
        """Look at agents again at once: they could not be told."""
        self._look_again(agents, self._clock.monotonic())

    def _look_again(self, agents: Iterable[str], at: float) -> None:
        self._again.update(dict.fromkeys(agents, at))

    def _concerned(self, present: list[Present], marks: _Marks, members: dict[str, int]) -> set[str]:
        if self._marks is None:
            self._marks, self._members = marks, members
        changed_all = marks != self._marks
        moved = {store for store, version in members.items() if self._members.get(store) != version}
        self._marks, self._members = marks, members
        return {agent.id for agent in present if changed_all or agent.store in moved}

    def _shared_anew(self, shares: _Shares) -> set[str]:
        """Return the agents whose shares of chains' budgets have moved."""
        before, self._shares = self._shares, shares
        if before is None or before is shares:
            return set()
        return {agent for agent, _ in before.by_agent.items() ^ shares.by_agent.items()}

    def _back(self, here: frozenset[str]) -> set[str]:
        """Return who was not heard of for a while and is again, without a new hello: what changed passed them by."""
        back = set() if self._here is None else set(here - self._here)
        self._here = here
        return back

    def _slice_of_round(self, here: list[str], now: float) -> set[str]:
        """Spread a look at everybody over a minute."""
        if not self._round and now - self._round_began >= _ROUND_S:
            self._round, self._round_began = deque(here), now
        size = -(-len(here) // int(_ROUND_S / 2))
        return {self._round.popleft() for _ in range(min(size, len(self._round)))}

    def _present(self, session: Session, shards: Collection[str]) -> list[Present]:
        since = self._clock.wall_ms() - ONLINE_MS
        # Whoever looks after all of them asks without naming 256 shards every second.
        ours = [col(Agent.shard).in_(shards)] if len(shards) < len(SHARDS) else []
        query = select(col(Agent.id), col(Agent.store_id), col(Agent.connection)).where(
            *ours,
            col(Agent.status) != "revoked",
            col(Agent.gone).is_(False),
            col(Agent.seen_ms) > since,
        )
        return [Present(agent, store, connection) for agent, store, connection in session.exec(query) if connection]


_SHARES = ~col(StoreShare.closed) | col(StoreShare.closing)
"""Those that agents are told of."""
_MEMBER_VERSIONS = select(col(StoreMembers.store_id), col(StoreMembers.version))


def _read_marks(session: Session) -> _Marks:
    statuses = select(col(PriceVersion.status), func.count()).group_by(col(PriceVersion.status))
    return _Marks(
        stores=session.exec(select(func.count()).select_from(Store)).one(),
        tills=session.exec(select(func.count()).select_from(Till)).one(),
        devices=int(session.exec(select(func.sum(col(TillDevices.revision)))).one() or 0),
        terminals=int(session.exec(select(func.sum(col(StoreTerminals.revision)))).one() or 0),
        staff=_staff(session),
        settings=tuple(session.exec(select(col(ChainSetting.value)).order_by(col(ChainSetting.name)))),
        newest_version=session.exec(select(func.max(col(PriceVersion.version)))).one() or 0,
        versions=tuple(sorted(session.exec(statuses).all())),
    )


def _staff(session: Session) -> tuple[int, int]:
    count, changes = session.exec(select(func.count(), func.sum(col(Staff.revision))).select_from(Staff)).one()
    return count, int(changes or 0)


def _read_shares(session: Session, known: _Shares | None) -> _Shares:
    """Return what marks shares of budgets; agent by agent it is read only when something has moved."""
    serials = func.coalesce(func.sum(col(StoreShare.serial)), 0)
    count, total = session.exec(select(func.count(), serials).select_from(StoreShare).where(_SHARES)).one()
    if known is not None and known.total == (count, int(total)):
        return known
    by_agent = select(col(StoreShare.agent_id), serials).where(_SHARES).group_by(col(StoreShare.agent_id))
    return _Shares((count, int(total)), {agent: int(sum_) for agent, sum_ in session.exec(by_agent)})
