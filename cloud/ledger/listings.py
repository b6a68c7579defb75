"""Tables of the ledger: movements of accounts, accounts of a kind, lots, holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session, col

from cloud.ledger import words
from cloud.ledger.holding import HELD
from cloud.ledger.kinds import KINDS
from cloud.ledger.models import Account, Balance, Hold, JournalRow, Posting
from cloud.ledger.receipts import Printed, sales_of
from cloud.ledger.units import Units
from cloud.sales.naming import printed_name
from cloud.web.keyset import KeysetSource
from cloud.web.tables import Asked, Cell, Column, Kind, Listing, Query, SqlSource
from shared.web.words import marked

_PURSE = "purse"


@dataclass(frozen=True, slots=True)
class Movement:
    """One posting as a table shows it."""

    journal: JournalRow
    kind: str
    unit: str
    amount: int
    sale: UUID | None = None


def owner_link(kind: str, owner: str, unit: str) -> str:
    """Return the page of whoever an account belongs to, empty where there is none."""
    facts = KINDS.get(kind)
    if facts is None:
        return ""
    if facts.owner == _PURSE:
        return f"/value/purses/of/{owner}/{unit}"
    return {"member": f"/members/{owner}", "store": f"/stores/{owner}"}.get(facts.owner, "") if owner != "hq" else ""


def movements(accounts: Sequence[UUID], written: Units, *, commit: int | None = None) -> Listing[Movement]:
    """Return the postings of some accounts, or all of one commit, newest first, each with its receipt."""

    def columns() -> Sequence[Column[Movement]]:
        return _movement_columns(written)

    def query(_asked: Asked) -> Query:
        same = (col(JournalRow.cause) == col(Posting.cause)) & (col(JournalRow.purpose) == col(Posting.purpose))
        found: Query = (
            select(JournalRow, col(Posting.amount), col(Account.kind), col(Account.unit))
            .join(Posting, same)
            .join(Account, col(Account.id) == col(Posting.account_id))
        )
        if commit is not None:
            return found.where(col(JournalRow.commit_no) == commit)
        return found.where(col(Posting.account_id).in_(accounts))

    return Listing(
        name="movements",
        title=marked("Movements"),
        columns=columns(),
        source=SqlSource(
            query,
            lambda row: Movement(row[0], row.kind, row.unit, int(row.amount)),
            columns,
            (col(JournalRow.cause), col(JournalRow.purpose), col(Posting.n)),
            _with_sales,
        ),
        order="-at",
        empty=marked("Nothing has moved here yet."),
    )


def _movement_columns(written: Units) -> Sequence[Column[Movement]]:
    return (
        Column(
            key="at",
            title=marked("When"),
            kind=Kind.MOMENT,
            order=col(JournalRow.at_ms),
            cell=lambda row: row.journal.at_ms,
        ),
        Column(
            key="what",
            title=marked("What"),
            cell=lambda row: Cell(
                value=words.purpose(row.journal.purpose),
                say=True,
                href=f"/ledger/journals/{row.journal.cause}/{row.journal.purpose}",
            ),
        ),
        Column(
            key="account",
            title=marked("Account"),
            cell=lambda row: Cell(value=words.KIND.get(row.kind, row.kind), say=True),
        ),
        Column(
            key="amount",
            title=marked("Amount"),
            kind=Kind.MONEY,
            cell=lambda row: Cell(value=row.amount, exponent=written.exponent(row.unit)),
        ),
        Column(key="unit", title=marked("Unit"), cell=lambda row: words.unit_cell(row.unit)),
        Column(
            key="receipt",
            title=marked("Receipt"),
            cell=lambda row: Cell(
                value=printed_name(row.journal.till, row.journal.receipt) or None,
                href=f"/sales/{row.sale}" if row.sale else "",
            ),
        ),
        Column(key="store", title=marked("Store"), cell=lambda row: row.journal.store_id),
        Column(key="till", title=marked("Till"), cell=lambda row: row.journal.till or None, filed=True),
        Column(key="cashier", title=marked("Cashier"), cell=lambda row: row.journal.cashier or None),
    )  # fmt: skip


def _with_sales(session: Session, rows: list[Movement]) -> list[Movement]:
    names = [Printed(row.journal.store_id, row.journal.till, row.journal.receipt) for row in rows]
    sales = sales_of(session, set(names))
    return [replace(row, sale=sales.get(name)) for row, name in zip(rows, names, strict=True)]


def accounts(kind: str, unit: str, written: Units) -> Listing[Any]:
    """Return the accounts of a kind and unit that are not empty, with what each comes to, by whose they are.

    Members' accounts are many. The index that keeps them apart has them in this order, so that a page reads no more of
    them than it shows; whoever asks for the largest first waits until all are read.
    """
    kept = KINDS[kind].keeps_balance if kind in KINDS else False
    total = col(Balance.amount) if kept else func.coalesce(func.sum(col(Posting.amount)), 0)

    def columns() -> Sequence[Column[Any]]:
        return (
            Column(
                key="owner",
                title=marked("Whose"),
                kind=Kind.CODE,
                order=col(Account.owner),
                cell=lambda row: Cell(value=row.owner, href=owner_link(kind, row.owner, unit)),
            ),
            Column(
                key="amount",
                title=marked("Amount"),
                kind=Kind.MONEY,
                order=total,
                cell=lambda row: Cell(
                    value=int(row.amount), exponent=written.exponent(unit), href=f"/ledger/accounts/{row.id}"
                ),
            ),
            Column(key="unit", title=marked("Unit"), cell=lambda _row: words.unit_cell(unit)),
        )

    def query(_asked: Asked) -> Query:
        wanted = (col(Account.kind) == kind, col(Account.unit) == unit)
        plain: Query = select(col(Account.id), col(Account.owner), total.label("amount")).where(*wanted)
        if kept:
            return plain.join(Balance, col(Balance.account_id) == col(Account.id)).where(col(Balance.amount) != 0)
        posted = plain.join(Posting, col(Posting.account_id) == col(Account.id))
        return posted.group_by(col(Account.id), col(Account.owner)).having(func.sum(col(Posting.amount)) != 0)

    source: SqlSource[Any] = SqlSource(query, lambda row: row, columns, (col(Account.id),))
    return Listing(
        name="accounts",
        title=marked("Accounts"),
        columns=columns(),
        source=KeysetSource(source, "owner", lambda row: str(row.owner)),
        order="owner" if kept else "-amount",
        empty=marked("No account of this kind holds anything."),
    )


def holds(owner: str, unit: str, written: Units) -> Listing[Any]:
    """Return what was set aside of somebody's value, open first."""

    def columns() -> Sequence[Column[Hold]]:
        return (
            Column(key="at", title=marked("When"), kind=Kind.MOMENT, order=col(Hold.at_ms), cell=lambda row: row.at_ms),
            Column(key="state", title=marked("State"), cell=lambda row: _state(row.state)),
            Column(
                key="kind",
                title=marked("For"),
                cell=lambda row: Cell(value=words.HOLD_KIND.get(row.kind, row.kind), say=True),
            ),
            Column(
                key="amount",
                title=marked("Set aside"),
                kind=Kind.MONEY,
                cell=lambda row: Cell(value=row.amount, exponent=written.exponent(row.unit)),
            ),
            Column(
                key="captured",
                title=marked("Spent of it"),
                kind=Kind.MONEY,
                cell=lambda row: Cell(value=row.captured, exponent=written.exponent(row.unit)),
            ),
            Column(key="store", title=marked("Store"), cell=lambda row: row.store_id),
            Column(key="till", title=marked("Till"), cell=lambda row: row.till or None),
            Column(key="until", title=marked("Until"), kind=Kind.MOMENT, cell=lambda row: row.valid_until_ms),
            Column(key="hold", title=marked("Number"), kind=Kind.CODE, cell=lambda row: str(row.id)),
        )

    def query(_asked: Asked) -> Query:
        return select(Hold).where(col(Hold.owner) == owner, col(Hold.unit) == unit)

    return Listing(
        name="holds",
        title=marked("Set aside"),
        columns=columns(),
        source=SqlSource(query, lambda row: row[0], columns, (col(Hold.state) != HELD, col(Hold.id).desc())),
        order="-at",
        empty=marked("Nothing was ever set aside."),
    )


def _state(state: str) -> Cell:
    text, tone = words.HOLD.get(state, (state, ""))
    return Cell(value=text, tone=tone, say=True)
