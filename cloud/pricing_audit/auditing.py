"""The audit job: commits that nobody has priced again yet, a few at a time, reading apart from writing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Date, String, func, select, update
from sqlmodel import Session

from cloud.database import Database, bulk
from cloud.database.commits import IngestCommit
from cloud.database.rowset import Columns, rowset, table_of, upsert_into
from cloud.pricing_audit.books import BookSource
from cloud.pricing_audit.comparing import Finding, audit, failed
from cloud.pricing_audit.models import PriceAudit, PriceAuditDay, Verdict
from cloud.pricing_audit.records import SaleRecord, sales_of
from cloud.sales.models import Sale

AT_ONCE = 8
"""Commits in one turn at most."""
SALES_AT_ONCE = 2_000
"""Sales after which a turn takes no further commit. While a backlog drains, one commit holds some thousands."""

_MOST_MINOR = (1 << 63) - 1
_COLUMNS = (
    "sale_id",
    "store_id",
    "business_date",
    "book_version",
    "verdict",
    "difference",
    "charged_minor",
    "expected_minor",
    "audited_ms",
)


class Audited(NamedTuple):
    """What one turn did: commits gone through, sales priced again, and how many could not be confirmed."""

    commits: int = 0
    sales: int = 0
    findings: int = 0


def audit_pending(
    database: Database, books: BookSource, now_ms: int, limit: int = AT_ONCE, most_sales: int = SALES_AT_ONCE
) -> Audited:
    """Audit up to `limit` commits, fewer when they hold more than `most_sales`. Call it again until `commits` is 0.

    Pricing happens in a transaction that only reads, so no writer waits for it. Two auditors may take the same
    commits; each commit counts once, for whoever marks it first.
    """
    with database.snapshot() as session:
        commits = _pending(session, limit, most_sales)
        found = [one for sales in sales_of(session, commits) for one in _audit(session, sales, books)]
    if not commits:
        return Audited()
    with database.session() as session:
        mine = _mark(session, commits)
        kept = [one for one in found if one.commit in mine]
        findings = _write(session, kept, now_ms)
    return Audited(len(mine), len(kept), findings)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What was not audited yet."""

    sales: int = 0
    since_ms: int = 0
    """When the oldest of it came in, wall time."""


def waiting(session: Session) -> Waiting:
    """Return how many sales wait for the audit, and since when."""
    commit, sale = table_of(IngestCommit), table_of(Sale)
    query = select(func.count(), func.min(commit.c.at_ms)).join_from(commit, sale, sale.c.commit_no == commit.c.no)
    sales, since_ms = session.execute(query.where(~commit.c.audited)).one()
    return Waiting(int(sales), int(since_ms or 0))


class _Found(NamedTuple):
    """A sale and what was found, without its lines: a turn keeps this of every sale."""

    commit: int
    sale: UUID
    store: str
    business_date: date
    book_version: int
    total_minor: int
    finding: Finding


def _pending(session: Session, limit: int, most_sales: int) -> list[int]:
    commit, sale = table_of(IngestCommit), table_of(Sale)
    waits = select(commit.c.no).where(~commit.c.audited).order_by(commit.c.no).limit(limit)
    pending = list(session.execute(waits).scalars())
    counted = select(sale.c.commit_no, func.count()).where(sale.c.commit_no.in_(pending)).group_by(sale.c.commit_no)
    sales = {row[0]: row[1] for row in session.execute(counted)} if pending else {}
    before = accumulate((sales.get(no, 0) for no in pending), initial=0)
    return [no for no, so_far in zip(pending, before, strict=False) if so_far < most_sales]


def _audit(session: Session, sales: Sequence[SaleRecord], books: BookSource) -> Iterator[_Found]:
    """Audit book by book: its items are read in bulk, and a book's rows are read once."""
    by_book: defaultdict[tuple[str, int], list[SaleRecord]] = defaultdict(list)
    for sale in sales:
        by_book[sale.store, sale.book_version].append(sale)
    for (store, version), theirs in by_book.items():
        try:
            book = books.book(session, store, version)
            if book is not None:
                book.prefetch({line.item for sale in theirs for line in sale.lines})
        except Exception as error:  # a book that cannot be read harms only what was sold by it
            findings = [failed(sale, error) for sale in theirs]
        else:
            findings = [audit(sale, book) for sale in theirs]
        for sale, finding in zip(theirs, findings, strict=True):
            yield _Found(
                sale.commit_no, sale.sale, sale.store, sale.business_date, sale.book_version, sale.total_minor, finding
            )


def _mark(session: Session, commits: Sequence[int]) -> set[int]:
    commit = table_of(IngestCommit)
    marked = update(commit).where(commit.c.no.in_(commits), ~commit.c.audited).values(audited=True)
    return set(session.execute(marked.returning(commit.c.no)).scalars())


def _write(session: Session, found: Iterable[_Found], now_ms: int) -> int:
    days: Counter[tuple[str, date, str]] = Counter()
    rows = []
    for one in found:
        days[one.store, one.business_date, one.finding.verdict] += 1
        if one.finding.verdict is not Verdict.SAME:
            rows.append(_row(one, now_ms))
    bulk.insert_tuples(session, PriceAudit, _COLUMNS, rows)
    _count(session, days)
    return len(rows)


def _row(one: _Found, now_ms: int) -> tuple[object, ...]:
    expected_minor = one.finding.expected_minor
    return (
        one.sale,
        one.store,
        one.business_date,
        one.book_version,
        str(one.finding.verdict),
        msgspec.json.encode(one.finding.differences).decode(),
        one.total_minor,
        None if expected_minor is None else min(expected_minor, _MOST_MINOR),
        now_ms,
    )


def _count(session: Session, days: Counter[tuple[str, date, str]]) -> None:
    if not days:
        return
    shape: Columns = {"store_id": String(), "business_date": Date(), "verdict": String(), "sales": BigInteger()}
    rows = sorted((store, day, str(verdict), sales) for (store, day, verdict), sales in days.items())
    counted, day_ = rowset(session, "counted", shape, rows), table_of(PriceAuditDay)
    insert = upsert_into(session, PriceAuditDay).from_select(
        list(shape), select(*counted.c).where(counted.c.sales > 0).order_by(*counted.c)
    )
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["store_id", "business_date", "verdict"],
            set_={"sales": day_.c.sales + insert.excluded.sales},
        )
    )
