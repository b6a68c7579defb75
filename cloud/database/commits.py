"""Numbered transactions: what brings sales or moves value at HQ carries the number of its commit."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Index, text
from sqlmodel import Session

from cloud.database.columns import Table, big_int, utc_ms


class IngestCommit(Table, table=True):
    """A numbered transaction. Jobs work commit by commit on these flags, never on "numbers above the last".

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


class Commit(NamedTuple):
    """The transaction that something is posted in: its number and HQ's wall time."""

    commit_no: int
    now_ms: int


def open_commit(session: Session, at_ms: int, *, brings_sales: bool = False) -> int:
    """Return the number of this transaction at HQ's wall time `at_ms`; what brings sales waits for the price audit."""
    row = IngestCommit(at_ms=at_ms, audited=not brings_sales)
    session.add(row)
    session.flush()
    if row.no is None:
        raise RuntimeError("the database gave a commit no number")
    return row.no
