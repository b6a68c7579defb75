"""Transactions of HQ's own that move value: like an ingest transaction, each has a number its journals carry."""

from __future__ import annotations

from sqlmodel import Session

from cloud.ingest.models import IngestCommit


def open_commit(session: Session, at_ms: int) -> int:
    """Return the number of a transaction in which no sale arrives. `at_ms` is HQ's wall time."""
    row = IngestCommit(at_ms=at_ms, audited=True)
    session.add(row)
    session.flush()
    if row.no is None:
        raise RuntimeError("the database gave a commit no number")
    return row.no
