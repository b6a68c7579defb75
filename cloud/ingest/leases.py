"""Shard leases: which worker hears which agents. Efficiency only; the lock on the watermark row is what is right.

Time is the database's alone, so workers' clocks need not agree. SQLite has one worker, which holds everything.
A worker that was stopped and goes on finds its leases over by its own monotonic clock before it asks anybody.
"""

from __future__ import annotations

import threading
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text
from sqlmodel import Session

from cloud.database import Database
from shared.clock import MachineClock
from shared.topics import SHARDS

LEASE_MS = 3_000
RENEW_S = 1.0
_FORGET_WORKER_MS = 3_600_000

_NOW_MS = {
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
}


@dataclass(frozen=True)
class Turn:
    """What a renewal changed: shards that are now ours, and shards that no longer are."""

    gained: frozenset[str] = frozenset()
    lost: frozenset[str] = frozenset()


class Leases:
    """One worker's share of the 256 shards, in step with the other workers'."""

    def __init__(self, database: Database, clock: MachineClock, owner: str, *, lease_ms: int = LEASE_MS) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._lease_ms = lease_ms
        self._now = _NOW_MS[database.engine.dialect.name]
        self._held: dict[str, int] = {}
        self._good_until = 0.0
        self._turning = threading.Lock()

    @property
    def held(self) -> frozenset[str]:
        """The shards that are ours for certain right now; none once a renewal is overdue."""
        return frozenset(self._held) if self._clock.monotonic() < self._good_until else frozenset()

    def turn(self) -> Turn:
        """Renew what we hold, give back what is too much, take what is free up to our share."""
        with self._turning:
            return self._turn()

    def _turn(self) -> Turn:
        asked_at = self._clock.monotonic()
        before = set(self._held)
        with self._database.session() as session:
            self._ensure_rows(session)
            kept = self._renew(session)
            share = self._share(session)
            spare = sorted(kept)[share:]
            self._release(session, spare)
            taken = self._take(session, share - (len(kept) - len(spare)))
        self._held = {shard: fence for shard, fence in kept.items() if shard not in spare} | taken
        self._good_until = asked_at + self._lease_ms / 1000
        # A shard that was lost and won back within one turn is news too: its fence has moved.
        won = {shard for shard in taken if shard in before}
        return Turn(frozenset(set(self._held) - before) | won, frozenset(before - set(self._held)))

    def give_up(self) -> None:
        """Release everything at once, so that the others need not wait."""
        with self._database.session() as session:
            self._release(session, list(self._held))
            session.execute(text("DELETE FROM ingest_worker WHERE owner = :owner"), {"owner": self._owner})
        self._held = {}

    def _ensure_rows(self, session: Session) -> None:
        if not self._held and not session.execute(text("SELECT 1 FROM shard_lease LIMIT 1")).first():
            rows = [{"shard": shard} for shard in SHARDS]
            insert = "INSERT INTO shard_lease (shard, owner, fence, expires_ms) VALUES (:shard, NULL, 0, 0)"
            session.connection().execute(text(f"{insert} ON CONFLICT DO NOTHING"), rows)

    def _renew(self, session: Session) -> dict[str, int]:
        """Extend what is still ours by owner; a lease somebody took over in the meantime is not."""
        rows = session.execute(
            text(
                f"UPDATE shard_lease SET expires_ms = {self._now} + :lease"  # noqa: S608 - our own constants
                f" WHERE owner = :owner AND expires_ms > {self._now} RETURNING shard, fence"
            ),
            {"lease": self._lease_ms, "owner": self._owner},
        )
        return {row.shard: row.fence for row in rows}

    def _share(self, session: Session) -> int:
        """Say that we live, and return how many shards each of the workers alive now holds, rounded up."""
        upsert = (
            f"INSERT INTO ingest_worker (owner, expires_ms) VALUES (:owner, {self._now} + :lease)"  # noqa: S608
            " ON CONFLICT (owner) DO UPDATE SET expires_ms = excluded.expires_ms"
        )
        session.execute(text(upsert), {"owner": self._owner, "lease": self._lease_ms})
        session.execute(
            text(f"DELETE FROM ingest_worker WHERE expires_ms < {self._now} - :old"),  # noqa: S608
            {"old": _FORGET_WORKER_MS},
        )
        alive = session.execute(text(f"SELECT count(*) FROM ingest_worker WHERE expires_ms > {self._now}"))  # noqa: S608
        return -(-len(SHARDS) // max(1, int(alive.scalar_one())))

    def _release(self, session: Session, shards: Collection[str]) -> None:
        if shards:
            rows = [{"shard": shard, "owner": self._owner} for shard in sorted(shards)]
            session.connection().execute(
                text("UPDATE shard_lease SET owner = NULL, expires_ms = 0 WHERE shard = :shard AND owner = :owner"),
                rows,
            )

    def _take(self, session: Session, count: int) -> dict[str, int]:
        if count <= 0:
            return {}
        skip = " FOR UPDATE SKIP LOCKED" if self._database.is_postgresql else ""
        rows = session.execute(
            text(
                f"UPDATE shard_lease SET owner = :owner, fence = fence + 1, expires_ms = {self._now} + :lease"  # noqa: S608
                f" WHERE shard IN (SELECT shard FROM shard_lease WHERE expires_ms <= {self._now}"
                f" ORDER BY shard LIMIT :count{skip}) RETURNING shard, fence"
            ),
            {"owner": self._owner, "lease": self._lease_ms, "count": count},
        )
        return {row.shard: row.fence for row in rows}
