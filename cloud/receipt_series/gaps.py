"""Which receipt numbers HQ is missing, per till and series, and since when."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.commits import IngestCommit
from cloud.database.rowset import table_of
from cloud.ingest.models import InboxEvent
from cloud.sales.models import ReceiptNumber, ReceiptSeries
from cloud.sales.receipts import Series, fits
from shared.hashchain import GENESIS

MAX_GAPS = 1000


@dataclass(frozen=True, slots=True)
class MissingNumbers:
    """Numbers `first` to `last` of a till's series, known to be missing since HQ received the number after them."""

    store_id: str
    till_id: str
    series: str
    first: int
    last: int
    since_ms: int


@dataclass(frozen=True, slots=True)
class BrokenLink:
    """A receipt that does not name the head of the receipt before it: one of the two is not what it was.

    `number` 0 is the opening of a series, and what it contradicts the series that it says it follows.
    """

    store_id: str
    till_id: str
    series: str
    number: int


def missing(session: Session, *, store_id: str | None = None, limit: int = MAX_GAPS) -> list[MissingNumbers]:
    """Return the gaps in receipt numbers, by store, till and series.

    Only series known to have a gap are looked at, and of each only what lies above the last complete number.
    """
    gaps: list[MissingNumbers] = []
    series = table_of(ReceiptSeries)
    query = select(series).where(series.c.complete_to < series.c.highest)
    if store_id is not None:
        query = query.where(series.c.store_id == store_id)
    order = (series.c.store_id, series.c.till_id, series.c.series)
    for row in session.execute(query.order_by(*order)).all():
        gaps += _gaps_of(session, (row.store_id, row.till_id, row.series), row.complete_to, limit - len(gaps))
        if len(gaps) >= limit:
            break
    return gaps


def _gaps_of(session: Session, series: Series, complete_to: int, limit: int) -> list[MissingNumbers]:
    number, event, commit = table_of(ReceiptNumber), table_of(InboxEvent), table_of(IngestCommit)
    present = session.execute(
        select(number.c.number, commit.c.at_ms)
        .join(event, event.c.event_id == number.c.event_id)
        .join(commit, commit.c.no == event.c.commit_no)
        .where(number.c.store_id == series[0], number.c.till_id == series[1], number.c.series == series[2])
        .where(number.c.number > complete_to)
        .order_by(number.c.number)
    )
    gaps: list[MissingNumbers] = []
    expected = complete_to + 1
    for found, received_ms in present:
        if found > expected:
            gaps.append(MissingNumbers(*series, expected, found - 1, received_ms))
            if len(gaps) >= limit:
                break
        expected = found + 1
    return gaps


def broken_links(session: Session, *, store_id: str) -> list[BrokenLink]:
    """Return what contradicts the receipt before it in a store, by till and series: receipts and openings of series."""
    found = _broken_receipts(session, store_id) + _broken_openings(session, store_id)
    return sorted(found, key=lambda link: (link.till_id, link.series, link.number))


def _broken_receipts(session: Session, store_id: str) -> list[BrokenLink]:
    here, before = table_of(ReceiptNumber), table_of(ReceiptNumber).alias("before")
    rows = session.execute(
        select(here.c.till_id, here.c.series, here.c.number, here.c.previous, before.c.head)
        .join(
            before,
            (before.c.store_id == here.c.store_id)
            & (before.c.till_id == here.c.till_id)
            & (before.c.series == here.c.series)
            & (before.c.number == here.c.number - 1),
            isouter=True,
        )
        .where(here.c.store_id == store_id, here.c.head.is_(None))
        .order_by(here.c.till_id, here.c.series, here.c.number)
    )
    return [
        BrokenLink(store_id, till_id, series, number)
        for till_id, series, number, previous, head in rows
        if not fits(previous, GENESIS if number == 1 else head)
    ]


def _broken_openings(session: Session, store_id: str) -> list[BrokenLink]:
    opened, last = table_of(ReceiptSeries), table_of(ReceiptNumber)
    rows = session.execute(
        select(opened.c.till_id, opened.c.series)
        .join(
            last,
            (last.c.store_id == opened.c.store_id)
            & (last.c.till_id == opened.c.till_id)
            & (last.c.series == opened.c.previous_series)
            & (last.c.number == opened.c.previous_number),
        )
        .where(opened.c.store_id == store_id, last.c.head.is_not(None), last.c.head != opened.c.previous_head)
    )
    return [BrokenLink(store_id, till_id, series, 0) for till_id, series in rows]
