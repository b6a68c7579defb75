"""How a member's points and stored value came and went, by page: why, where, on which receipt. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from cloud.database.rowset import table_of
from cloud.ledger.holding import PLACE
from cloud.ledger.journal import AccountKey
from cloud.ledger.kinds import (
    MEMBER_POINTS,
    POINTS,
    PURSE_GIFT,
    PURSE_GIFT_HELD,
    PURSE_PRINCIPAL,
    PURSE_PRINCIPAL_HELD,
)
from cloud.ledger.models import Hold, JournalRow, Posting
from cloud.members import journal_words, one_person
from cloud.org.models import Store
from cloud.sales.models import Sale
from cloud.value import purses
from cloud.value.models import Purse

PAGE = 30
_PURSE = (PURSE_PRINCIPAL, PURSE_GIFT, PURSE_PRINCIPAL_HELD, PURSE_GIFT_HELD)
"""Everything of a purse: what is only set aside for a sale is no movement of it."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Points or money that came or went at once."""

    at_ms: int
    amount: int
    kind: str
    """A code of `journal_words.JOURNALS`."""
    store: str = ""
    """Where, as stores are called; empty for head office."""
    sale: UUID | None = None
    """The receipt it was on, where it was one."""


@dataclass(frozen=True, slots=True)
class Movements:
    """A page of movements, the newest first; `older` is what the next page goes on before, None for the last one."""

    rows: Sequence[Movement] = ()
    older: int | None = None


def of_points(session: Session, member: UUID, before_ms: int | None = None) -> Movements:
    """Return how a member's points came about."""
    # Of all their ids at once: what went from one to the other comes to nothing.
    ids = one_person.ids_of(session, [member])
    return _page(session, [AccountKey(MEMBER_POINTS, str(one), POINTS).id for one in sorted(ids)], before_ms)


def of_purse(session: Session, member: UUID, currency: str, before_ms: int | None = None) -> Movements:
    """Return how a member's stored value of one currency came about: money paid in and money given together."""
    row = table_of(Purse)
    found = session.execute(select(Purse).where(row.c.member_id == member, row.c.currency == currency)).scalars()
    accounts = [purses.account(purse, kind).id for purse in found for kind in _PURSE]
    return _page(session, accounts, before_ms) if accounts else Movements()


def _page(session: Session, accounts: Sequence[UUID], before_ms: int | None) -> Movements:
    posting, journal, hold, sale = (table_of(one) for one in (Posting, JournalRow, Hold, Sale))
    same = (journal.c.cause == posting.c.cause) & (journal.c.purpose == posting.c.purpose)
    set_aside = (hold.c.id == journal.c.cause) & (journal.c.purpose == PLACE)
    facts = (
        journal.c.at_ms, journal.c.purpose, journal.c.cause, journal.c.store_id, hold.c.kind, hold.c.state,
        sale.c.id.label("sale"),
    )  # fmt: skip
    query = (
        select(*facts, func.sum(posting.c.amount).label("amount"))
        .join_from(posting, journal, same)
        .outerjoin(hold, set_aside)
        .outerjoin(sale, sale.c.id == journal.c.cause)
        .where(posting.c.account_id.in_(accounts))
        .group_by(*facts)
        .having(func.sum(posting.c.amount) != 0)
        .order_by(journal.c.at_ms.desc(), journal.c.cause.desc(), journal.c.purpose)
        .limit(PAGE + 1)
    )
    if before_ms is not None:
        query = query.where(journal.c.at_ms < before_ms)
    rows = session.execute(query).all()
    kept = _whole(rows)
    names = _stores(session, {row.store_id for row in kept})
    return Movements([_movement(row, names) for row in kept], kept[-1].at_ms if len(kept) < len(rows) else None)


def _whole(rows: Sequence[Any]) -> Sequence[Any]:
    """Return a page that ends between two moments: what one receipt brought and took stands together."""
    if len(rows) <= PAGE:
        return rows
    return [row for row in rows if row.at_ms > rows[PAGE].at_ms] or rows[:PAGE]


def _movement(row: Any, names: dict[str, str]) -> Movement:
    kind = journal_words.of_hold(row.kind, row.state) if row.kind else journal_words.known(row.purpose)
    return Movement(row.at_ms, int(row.amount), kind, names.get(row.store_id, ""), row.sale)


def _stores(session: Session, ids: set[str]) -> dict[str, str]:
    found = session.execute(select(col(Store.id), col(Store.name)).where(col(Store.id).in_(sorted(ids))))
    return {row.id: row.name for row in found}
