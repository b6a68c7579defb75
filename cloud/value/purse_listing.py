"""The table of purses: whose, what they hold, who issued them. Names are masked as everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.ledger import AccountKey
from cloud.ledger.kinds import PURSE_DEBT
from cloud.ledger.models import Balance
from cloud.ledger.units import Units
from cloud.members.models import Card, Member
from cloud.value import page_words
from cloud.value.models import Purse
from cloud.value.purses import HELD_OF, KINDS_OF, Holding
from cloud.web.tables import Asked, Cell, Column, Filter, Kind, Listing, Query, SqlSource
from shared.value import GIFT, PRINCIPAL
from shared.web.words import marked

_KINDS = (KINDS_OF[PRINCIPAL], KINDS_OF[GIFT], HELD_OF[PRINCIPAL], HELD_OF[GIFT], PURSE_DEBT)
_NOTHING = Holding(0, 0)
NOBODY = "-"
"""What the filter by issuer is set to for purses that nobody is named for."""


@dataclass(frozen=True, slots=True)
class PurseRow:
    """A purse as a table shows it."""

    purse: Purse
    name: str
    card: str
    holding: Holding = _NOTHING
    owed: int = 0


def purses(written: Units) -> Listing[PurseRow]:
    """Return every purse, the newest first."""

    def columns() -> Sequence[Column[PurseRow]]:
        return _columns(written)

    return Listing(
        name="purses",
        title=marked("Purses"),
        columns=columns(),
        source=SqlSource(_query, row_of, columns, (col(Purse.id).desc(),), with_holdings, _counted),
        order="-opened",
        filters=(
            Filter(key="state", title=marked("State"), options=_states, say=True),
            Filter(key="issuer", title=marked("Issuer")),
            Filter(key="store", title=marked("Opened at")),
            Filter(key="named", title=marked("Cards"), options=_named, say=True),
        ),
        empty=marked("The first top-up opens the first purse."),
    )


def select_purses() -> Query:
    """Return the query of purses with whose they are."""
    return (
        select(Purse, col(Member.masked_name).label("name"), col(Card.masked).label("card"))
        .join(Member, col(Member.id) == col(Purse.member_id), isouter=True)
        .join(Card, col(Card.id) == col(Purse.card_id), isouter=True)
    )


def _query(asked: Asked) -> Query:
    return _wanted(select_purses(), asked)


def _counted(asked: Asked) -> Query:
    return _wanted(select(col(Purse.id)), asked)


def _wanted(query: Query, asked: Asked) -> Query:
    if asked.get("issuer") == NOBODY:
        query = query.where(col(Purse.legal_entity_id).is_(None))
    for key, column in (("state", Purse.state), ("issuer", Purse.legal_entity_id), ("store", Purse.store_id)):
        if asked.get(key) and (key, asked.get(key)) != ("issuer", NOBODY):
            query = query.where(col(column) == asked.get(key))
    if asked.get("named") in ("yes", "no"):
        empty = col(Purse.member_id).is_(None)
        query = query.where(~empty if asked.get("named") == "yes" else empty)
    return query


def row_of(row: Any) -> PurseRow:
    """Return a row of the query, without what it holds."""
    return PurseRow(row.Purse, row.name or "", row.card or "")


def with_holdings(session: Session, rows: list[PurseRow]) -> list[PurseRow]:
    """Add what each purse holds and owes."""
    ids = {
        AccountKey(kind, row.purse.owner, row.purse.currency).id: (at, kind)
        for at, row in enumerate(rows)
        for kind in _KINDS
    }
    held: list[dict[str, int]] = [dict.fromkeys(_KINDS, 0) for _ in rows]
    if ids:
        query = select(col(Balance.account_id), col(Balance.amount)).where(col(Balance.account_id).in_(list(ids)))
        for account, amount in session.execute(query):
            at, kind = ids[account]
            held[at][kind] = int(amount)
    return [
        replace(row, holding=Holding(*(found[kind] for kind in _KINDS[:4])), owed=max(-found[PURSE_DEBT], 0))
        for row, found in zip(rows, held, strict=True)
    ]


def _states(_session: Session) -> Sequence[tuple[str, str]]:
    return [(code, text) for code, (text, _tone) in page_words.PURSE.items()]


def _named(_session: Session) -> Sequence[tuple[str, str]]:
    return (("yes", marked("in a member's name")), ("no", marked("in nobody's name")))


def whose(row: PurseRow) -> Cell:
    """Return whose a purse is, as a link to it."""
    where = f"/value/purses/{row.purse.id}"
    if row.purse.member_id is not None:
        return Cell(value=row.name or str(row.purse.member_id)[-8:], href=where)
    return Cell(value=row.card or str(row.purse.owner)[-8:], href=where, note="")


def _columns(written: Units) -> Sequence[Column[PurseRow]]:
    def money(row: PurseRow, minor: int, tone: str = "") -> Cell:
        return Cell(value=minor, exponent=written.exponent(row.purse.currency), tone=tone)

    def state(row: PurseRow) -> Cell:
        text, tone = page_words.PURSE[row.purse.state]
        return Cell(value=text, tone=tone, say=True)

    return (
        Column(
            key="opened",
            title=marked("Opened"),
            kind=Kind.MOMENT,
            order=col(Purse.opened_ms),
            cell=lambda row: row.purse.opened_ms,
        ),
        Column(key="whose", title=marked("Whose"), cell=whose),
        Column(key="state", title=marked("State"), cell=state),
        Column(
            key="principal",
            title=marked("Principal"),
            kind=Kind.MONEY,
            cell=lambda row: money(row, row.holding.principal + row.holding.principal_held),
        ),
        Column(
            key="gift",
            title=marked("Gift money"),
            kind=Kind.MONEY,
            cell=lambda row: money(row, row.holding.gift + row.holding.gift_held),
        ),
        Column(
            key="aside",
            title=marked("Set aside"),
            kind=Kind.MONEY,
            cell=lambda row: money(row, row.holding.principal_held + row.holding.gift_held),
        ),
        Column(
            key="owed",
            title=marked("Owed to us"),
            kind=Kind.MONEY,
            cell=lambda row: money(row, row.owed, "warn" if row.owed else ""),
        ),
        Column(key="currency", title=marked("Currency"), cell=lambda row: row.purse.currency),
        Column(key="issuer", title=marked("Issuer"), cell=lambda row: row.purse.legal_entity_id),
        Column(key="store", title=marked("Opened at"), cell=lambda row: row.purse.store_id),
    )
