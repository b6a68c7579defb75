"""The audit job: commits that nobody has priced again yet, a few at a time, reading apart from writing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

import msgspec
from sqlalchemy import BigInteger, Date, String, select, update
from sqlmodel import Session

from cloud.database import Database, bulk
from cloud.database.rowset import Columns, rowset, table_of, upsert_into
from cloud.ingest.models import IngestCommit
from cloud.pricing_audit.books import BookSource
from cloud.pricing_audit.comparing import Finding, audit
from cloud.pricing_audit.models import PriceAudit, PriceAuditDay, Verdict
from cloud.pricing_audit.records import SaleRecord, sales_of

AT_ONCE = 8
"""Commits in one turn; an ingest commit holds up to some hundred sales."""

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


def audit_pending(database: Database, books: BookSource, now_ms: int, limit: int = AT_ONCE) -> Audited:
    """Audit up to `limit` commits. Call it again until `commits` is 0.

    Pricing happens in a transaction that only reads, so no writer waits for it. Two auditors may take the same
    commits; each commit counts once, for whoever marks it first.
    """
    with database.snapshot() as session:
        commits = _pending(session, limit)
        found = _audit(session, sales_of(session, commits), books) if commits else []
    if not commits:
        return Audited()
    with database.session() as session:
        mine = _mark(session, commits)
        kept = [(sale, finding) for sale, finding in found if sale.commit_no in mine]
        findings = _write(session, kept, now_ms)
    return Audited(len(mine), len(kept), findings)


def _pending(session: Session, limit: int) -> list[int]:
    commit = table_of(IngestCommit)
    rows = session.execute(select(commit.c.no).where(~commit.c.audited).order_by(commit.c.no).limit(limit))
    return list(rows.scalars())


def _audit(session: Session, sales: Sequence[SaleRecord], books: BookSource) -> list[tuple[SaleRecord, Finding]]:
    """Audit book by book: its items are read in bulk, and a book's rows are read once."""
    by_book: defaultdict[tuple[str, int], list[SaleRecord]] = defaultdict(list)
    for sale in sales:
        by_book[sale.store, sale.book_version].append(sale)
    found: list[tuple[SaleRecord, Finding]] = []
    for (store, version), theirs in by_book.items():
        book = books.book(session, store, version)
        if book is not None:
            book.prefetch({line.item for sale in theirs for line in sale.lines})
        found.extend((sale, audit(sale, book)) for sale in theirs)
    return found


def _mark(session: Session, commits: Sequence[int]) -> set[int]:
    commit = table_of(IngestCommit)
    marked = update(commit).where(commit.c.no.in_(commits), ~commit.c.audited).values(audited=True)
    return set(session.execute(marked.returning(commit.c.no)).scalars())


def _write(session: Session, found: Iterable[tuple[SaleRecord, Finding]], now_ms: int) -> int:
    days: Counter[tuple[str, date, str]] = Counter()
    rows = []
    for sale, finding in found:
        days[sale.store, sale.business_date, finding.verdict] += 1
        if finding.verdict is not Verdict.SAME:
            rows.append(_row(sale, finding, now_ms))
    bulk.insert_tuples(session, PriceAudit, _COLUMNS, rows)
    _count(session, days)
    return len(rows)


def _row(sale: SaleRecord, finding: Finding, now_ms: int) -> tuple[object, ...]:
    return (
        sale.sale,
        sale.store,
        sale.business_date,
        sale.book_version,
        str(finding.verdict),
        msgspec.json.encode(finding.differences).decode(),
        sale.total_minor,
        None if finding.expected_minor is None else min(finding.expected_minor, _MOST_MINOR),
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
