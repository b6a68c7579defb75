"""Tables of the way in: every event ever accepted, the transactions that took them, and what could not be applied."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms
from cloud.database.retention import PASSING

APPLIED = "applied"
PARKED = "parked"
DISMISSED = "dismissed"
REPLAYED = "replayed"


class InboxEvent(Table, table=True):
    """An event HQ has, once, by its id. Later copies, in whatever epoch or from a clone, find it here.

    Bytes that carry no id are known by the first 128 bits of a hash over agent and bytes.
    """

    __tablename__ = "event"
    __table_args__ = ({"info": {"retention": "operations"}},)

    event_id: UUID = Field(primary_key=True)
    agent_id: str
    epoch: UUID
    seq: int = big_int()
    kind: str
    digest: bytes
    """First 16 bytes of the SHA-256 of its exact bytes: the same id with other bytes is a conflict, not a copy."""
    commit_no: int = big_int()
    status: str = APPLIED
    """`applied`, `parked` or `dismissed`."""


class ParkedEvent(Table, table=True):
    """An event that could not be applied: its exact bytes and why. Nothing parked is ever dropped."""

    __tablename__ = "parked_event"
    __table_args__ = (
        Index(
            "ix_parked_event_open",
            "parked_ms",
            postgresql_where=text("resolved_ms IS NULL"),
            sqlite_where=text("resolved_ms IS NULL"),
        ),
        Index(
            "ix_parked_event_waits_for",
            "waits_for",
            postgresql_where=text("resolved_ms IS NULL AND waits_for IS NOT NULL"),
            sqlite_where=text("resolved_ms IS NULL AND waits_for IS NOT NULL"),
        ),
        {"info": {"retention": "books"}},
    )

    event_id: UUID = Field(primary_key=True)
    agent_id: str = Field(index=True)
    store_id: str
    epoch: UUID
    seq: int = big_int()
    kind: str
    content: bytes
    """What is replayed: the exact bytes received, or what a person made of them."""
    original: bytes | None = None
    """The exact bytes received, once `content` was repaired."""
    code: str
    reason: str
    waits_for: UUID | None = None
    """The event whose arrival replays this one by itself."""
    parked_ms: int = utc_ms()
    resolved_ms: int | None = utc_ms(default=None)
    resolution: str | None = None
    """`replayed` or `dismissed`."""


class ShardLease(Table, table=True):
    """Which ingest worker hears a shard, and until when by the database's clock: efficiency, not correctness."""

    __tablename__ = "shard_lease"
    __table_args__ = PASSING

    shard: str = Field(primary_key=True, max_length=2)
    owner: str | None = None
    fence: int = big_int(default=0)
    expires_ms: int = utc_ms(default=0)


class IngestWorker(Table, table=True):
    """An ingest worker and until when it lives, by the database's clock; the shards are shared among the living."""

    __tablename__ = "ingest_worker"
    __table_args__ = PASSING

    owner: str = Field(primary_key=True, max_length=64)
    expires_ms: int = utc_ms()
