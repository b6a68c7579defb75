"""What a member bought, page by page: receipts of our tills and those that tills of other makes told of. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from cloud.beside.models import BesideUndone
from cloud.database.rowset import table_of
from cloud.ledger.models import Hold, JournalRow, Reversal
from cloud.ledger.settling import CAPTURE
from cloud.member_page import reading
from cloud.member_page.reading import PAGE, ReceiptLine
from cloud.member_page.rendering import Money
from cloud.members import one_person
from cloud.members.care_models import ReceiptElsewhere
from cloud.org.models import Store

BESIDE = "beside"
"""The kind of hold by which tills of other makes take points."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A receipt as a till of another make told of it; what stands on it is on its paper alone.

    `earned` and `spent` are points, less those that were taken or given back since; `back` is what came back of it.
    """

    at_ms: int
    zone: str
    store: str
    number: str
    total: Money
    back: Money
    earned: int
    spent: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of receipts, the newest first; `older` is what the next page goes on before, None for the last one."""

    rows: Sequence[ReceiptLine | Elsewhere] = ()
    older: int | None = None


def page_of(session: Session, member: UUID, before_ms: int | None = None) -> Page:
    """Return a page of what a member bought, wherever it was rung up."""
    ours = reading.receipts(session, member, before_ms, PAGE + 1)
    told = _told(session, member, before_ms)
    both: list[ReceiptLine | Elsewhere] = [*ours, *told]
    rows = sorted(both, key=lambda one: -one.at_ms)[: PAGE + 1]
    if len(rows) <= PAGE:
        return Page(rows)
    # A page ends between two moments: the next one goes on before a moment.
    kept = [one for one in rows if one.at_ms > rows[PAGE].at_ms] or rows[:PAGE]
    return Page(kept, kept[-1].at_ms)


def _told(session: Session, member: UUID, before_ms: int | None) -> Sequence[Elsewhere]:
    told, store, undone = table_of(ReceiptElsewhere), table_of(Store), table_of(BesideUndone)
    ids = sorted(one_person.ids_of(session, [member]))
    facts = (
        store.c.name, store.c.time_zone, store.c.currency, store.c.exponent,
        func.coalesce(undone.c.points, 0).label("points_back"), func.coalesce(undone.c.minor, 0).label("minor_back"),
    )  # fmt: skip
    query = (
        select(told, *facts)
        .join(store, store.c.id == told.c.store_id)
        .outerjoin(undone, undone.c.request == told.c.id)
        .where(told.c.member_id.in_(ids))
    )
    if before_ms is not None:
        query = query.where(told.c.at_ms < before_ms)
    rows = session.execute(query.order_by(told.c.at_ms.desc(), told.c.id.desc()).limit(PAGE + 1)).all()
    spent = _spent(session, ids, rows)
    return [_line(row, spent) for row in rows]


def _line(row: Any, spent: Mapping[tuple[str, str, str], int]) -> Elsewhere:
    return Elsewhere(
        at_ms=row.at_ms,
        zone=row.time_zone,
        store=row.name,
        number=row.receipt,
        total=Money(row.total_minor, row.currency, row.exponent),
        back=Money(row.minor_back, row.currency, row.exponent),
        earned=row.points - row.points_back,
        spent=spent.get((row.store_id, row.till, row.receipt), 0),
    )


def _spent(session: Session, ids: Sequence[UUID], rows: Sequence[Any]) -> Mapping[tuple[str, str, str], int]:
    """Return the points spent on receipts, by store, till and number, less what was given back of them."""
    numbers = sorted({row.receipt for row in rows if row.receipt})
    if not numbers:
        return {}
    hold, journal, back = table_of(Hold), table_of(JournalRow), table_of(Reversal)
    # A reversal's legs come in pairs: those above zero are what its member got back.
    returned = (
        select(func.coalesce(func.sum(back.c.amount), 0))
        .where(back.c.of_cause == hold.c.id, back.c.of_purpose == CAPTURE, back.c.amount > 0)
        .scalar_subquery()
    )
    query = (
        select(journal.c.store_id, journal.c.till, journal.c.receipt, hold.c.captured, returned.label("returned"))
        .join_from(hold, journal, (journal.c.cause == hold.c.id) & (journal.c.purpose == CAPTURE))
        .where(hold.c.member_id.in_(ids), hold.c.kind == BESIDE, journal.c.receipt.in_(numbers))
    )
    found: dict[tuple[str, str, str], int] = {}
    for one in session.execute(query):
        key = (one.store_id, one.till, one.receipt)
        found[key] = found.get(key, 0) + int(one.captured) - int(one.returned)
    return found
