"""The hash chain over the ledger, laid after the fact: sealing follows posting and never holds it up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.commits import IngestCommit
from cloud.database.rowset import is_postgresql, table_of
from cloud.ledger.models import JournalRow, LedgerSeal, Posting
from shared.hashchain import GENESIS, link_all

AT_ONCE = 200
"""Commits sealed in one transaction."""

_SEALING_LOCK = 0x73776C73
"""Advisory lock of the one sealer (PostgreSQL)."""
_COLUMNS = ("number", "commit_no", "journals", "head", "sealed_ms")

Legs = tuple[tuple[str, int], ...]


class SealedJournal(msgspec.Struct, frozen=True, array_like=True):
    """A journal in the form that is hashed: its columns, and its legs as (account id, amount) in order."""

    cause: str
    purpose: str
    commit_no: int
    at_ms: int
    store: str
    till: str
    cashier: str
    rule_version: int | None
    legs: Legs
    member: str
    receipt: str


def seal_pending(session: Session, now_ms: int, at_once: int = AT_ONCE) -> int:
    """Seal committed transactions that are not sealed yet. Return how many; 0 when there are none.

    Commits are chained in the order in which they are sealed: which of two ended first nobody can say. One sealer
    works at a time; another waits for it.
    """
    if is_postgresql(session):
        session.connection().exec_driver_sql(f"SELECT pg_advisory_xact_lock({_SEALING_LOCK})")
    commit = table_of(IngestCommit)
    pending = session.execute(
        select(commit.c.no).where(~commit.c.sealed).order_by(commit.c.no).limit(at_once)
    ).scalars()
    commits = list(pending)
    if not commits:
        return 0
    contents = contents_of(session, commits)
    number, head = last(session)
    seals = []
    for no in commits:
        if contents[no]:
            number, head = number + 1, link_all(head, contents[no])
            seals.append((number, no, len(contents[no]), head, now_ms))
    bulk.insert_tuples(session, LedgerSeal, _COLUMNS, seals)
    session.execute(update(commit).where(commit.c.no.in_(commits)).values(sealed=True))
    return len(commits)


def contents_of(session: Session, commits: Sequence[int]) -> dict[int, list[bytes]]:
    """Return the exact bytes that are hashed for each commit, journals in the order of their keys."""
    journal = table_of(JournalRow)
    rows = session.execute(
        select(journal).where(journal.c.commit_no.in_(commits)).order_by(journal.c.cause, journal.c.purpose)
    )
    contents: dict[int, list[bytes]] = {no: [] for no in commits}
    legs = _legs(session, commits)
    for row in rows:
        contents[row.commit_no].append(msgspec.json.encode(_sealed(row, tuple(legs[row.cause, row.purpose]))))
    return contents


def seals(session: Session, at_once: int) -> Iterator[Sequence[Any]]:
    """Yield every seal in order, in parts."""
    seal, after = table_of(LedgerSeal), 0
    while part := session.execute(
        select(seal).where(seal.c.number > after).order_by(seal.c.number).limit(at_once)
    ).all():
        yield part
        after = part[-1].number


def last(session: Session) -> tuple[int, bytes]:
    """Return number and head of the newest link; 0 and the chain's beginning before the first."""
    seal = table_of(LedgerSeal)
    row = session.execute(select(seal.c.number, seal.c.head).order_by(seal.c.number.desc()).limit(1)).one_or_none()
    return (0, GENESIS) if row is None else (row.number, bytes(row.head))


def _legs(session: Session, commits: Sequence[int]) -> defaultdict[tuple[Any, str], list[tuple[str, int]]]:
    journal, posting = table_of(JournalRow), table_of(Posting)
    legs: defaultdict[tuple[Any, str], list[tuple[str, int]]] = defaultdict(list)
    for row in session.execute(
        select(posting)
        .join(journal, (journal.c.cause == posting.c.cause) & (journal.c.purpose == posting.c.purpose))
        .where(journal.c.commit_no.in_(commits))
        .order_by(posting.c.cause, posting.c.purpose, posting.c.n)
    ):
        legs[row.cause, row.purpose].append((str(row.account_id), row.amount))
    return legs


def _sealed(row: Any, legs: Legs) -> SealedJournal:
    return SealedJournal(
        cause=str(row.cause),
        purpose=row.purpose,
        commit_no=row.commit_no,
        at_ms=row.at_ms,
        store=row.store_id,
        till=row.till,
        cashier=row.cashier,
        rule_version=row.rule_version,
        legs=legs,
        member="" if row.member_id is None else str(row.member_id),
        receipt=row.receipt,
    )
