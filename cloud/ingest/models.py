"""Tables of the way in: every event ever accepted, the transactions that took them, and what could not be applied."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

APPLIED = "applied"
PARKED = "parked"
DISMISSED = "dismissed"
REPLAYED = "replayed"


class IngestCommit(Table, table=True):
    """One ingest transaction. Jobs work commit by commit on these flags, never on "numbers above the last".

    Numbers say what came in together, not in which order transactions ended, and some are never used.
    """

    __tablename__ = "ingest_commit"
    __table_args__ = (
        Index("ix_ingest_commit_to_seal", "no", postgresql_where=text("NOT sealed"), sqlite_where=text("NOT sealed")),
        Index(
            "ix_ingest_commit_to_audit", "no", postgresql_where=text("NOT audited"), sqlite_where=text("NOT audited")
        ),
        {"info": {"retention": "books"}},
    )

    no: int | None = big_int(default=None, primary_key=True)
    at_ms: int = utc_ms()
    sealed: bool = False
    """Its journals are in the ledger's hash chain."""
    audited: bool = False
    """Its sales were priced again and compared."""


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
