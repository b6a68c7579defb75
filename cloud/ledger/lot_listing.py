"""The table of lots: what came in when, what is left of it, and when that ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from cloud.ledger import words
from cloud.ledger.ages import AGES, age_of, month_bounds
from cloud.ledger.listings import owner_link
from cloud.ledger.models import Account, HoldLot, JournalRow, Lot
from cloud.ledger.units import Units
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from shared.web.words import marked

_GIVEN = ("points_issued", "points_rewarded", "value_sold", "value_granted")
NEVER = "never"
_aside = (
    select(func.coalesce(func.sum(HoldLot.left), 0))
    .where(col(HoldLot.lot_id) == col(Lot.id))
    .correlate(Lot)
    .scalar_subquery()
)


def lots(written: Units, at_ms: int, *, accounts: Sequence[UUID] | None = None) -> Listing[Any]:
    """Return lots that are not used up, of some accounts or of all. `at_ms` is business time: ages count from it."""

    def columns() -> Sequence[Column[Any]]:
        return _columns(written)

    def query(asked: Asked) -> Query:
        brought = (col(JournalRow.cause) == col(Lot.cause)) & (col(JournalRow.purpose) == col(Lot.purpose))
        found: Query = (
            select(Lot, Account, JournalRow, _aside.label("aside"))
            .join(Account, col(Account.id) == col(Lot.account_id))
            .join(JournalRow, brought)
            .where((col(Lot.left) > 0) | (_aside > 0))
        )
        return (
            found.where(col(Lot.account_id).in_(accounts)) if accounts is not None else _narrowed(found, asked, at_ms)
        )

    return Listing(
        name="lots",
        title=marked("Lots"),
        columns=columns(),
        source=SqlSource(query, lambda row: row, columns, (col(Lot.id),)),
        order="ends" if accounts is not None else "-came",
        filters=() if accounts is not None else _FILTERS,
        empty=marked("No lot holds anything."),
    )  # fmt: skip


def _narrowed(found: Query, asked: Asked, at_ms: int) -> Query:
    if asked.get("unit"):
        found = found.where(col(Account.unit) == asked.get("unit"))
    if asked.get("age") in AGES:
        found = found.where(age_of(at_ms) == asked.get("age"))
    if asked.get("month") == NEVER:
        return found.where(col(Lot.expires_on).is_(None))
    if asked.get("month"):
        try:
            first, after = month_bounds(asked.get("month"))
        except ValueError:
            return found
        found = found.where(col(Lot.expires_on) >= first, col(Lot.expires_on) < after)
    return found


def _ages(_session: Session) -> Sequence[tuple[str, str]]:
    return list(words.AGE.items())


def _units(session: Session) -> Sequence[tuple[str, str]]:
    """Units that anything was ever given in: the few accounts of the chain tell, not the many of members."""
    found = session.execute(select(col(Account.unit)).where(col(Account.kind).in_(_GIVEN)).distinct()).scalars()
    return [(unit, words.UNIT.get(unit, unit)) for unit in sorted(found)]


_FILTERS = (
    Filter(key="unit", title=marked("Unit"), options=_units, say=True),
    Filter(key="age", title=marked("Came in"), options=_ages, say=True),
    Filter(key="month", title=marked("Ends in month (2026-01, or never)")),
)


def _columns(written: Units) -> Sequence[Column[Any]]:
    def amount(row: Any, value: int) -> Cell:
        return Cell(value=value, exponent=written.exponent(row.Account.unit))

    return (
        Column(
            key="came",
            title=marked("Came in"),
            kind=Kind.MOMENT,
            order=col(JournalRow.at_ms),
            cell=lambda row: Cell(
                value=row.JournalRow.at_ms, href=f"/ledger/journals/{row.Lot.cause}/{row.Lot.purpose}"
            ),
        ),
        Column(
            key="whose",
            title=marked("Whose"),
            kind=Kind.CODE,
            cell=lambda row: Cell(
                value=row.Account.owner[-12:], href=owner_link(row.Account.kind, row.Account.owner, row.Account.unit)
            ),
        ),
        Column(
            key="account",
            title=marked("Account"),
            cell=lambda row: Cell(value=words.KIND.get(row.Account.kind, row.Account.kind), say=True),
        ),
        Column(key="store", title=marked("Sold or earned at"), cell=lambda row: row.Lot.store_id),
        Column(key="amount", title=marked("Brought"), kind=Kind.MONEY, cell=lambda row: amount(row, row.Lot.amount)),
        Column(
            key="left",
            title=marked("Left"),
            kind=Kind.MONEY,
            order=col(Lot.left),
            cell=lambda row: amount(row, row.Lot.left),
        ),
        Column(key="aside", title=marked("Set aside"), kind=Kind.MONEY, cell=lambda row: amount(row, int(row.aside))),
        Column(key="unit", title=marked("Unit"), cell=lambda row: words.unit_cell(row.Account.unit)),
        Column(
            key="ends",
            title=marked("Worth nothing from"),
            order=col(Lot.expires_on),
            cell=lambda row: row.Lot.expires_on or Cell(value=marked("never ends"), say=True),
        ),
    )
