"""What the chain owes its members in stored value, by who issued it and month by month, and what it is owed itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.ledger.kinds import (
    MEMBER_DEBT,
    PURSE_DEBT,
    PURSE_GIFT,
    PURSE_GIFT_HELD,
    PURSE_PRINCIPAL,
    PURSE_PRINCIPAL_HELD,
    SHORTFALL,
    VALUE_GRANTED,
    VALUE_PAID_BACK,
    VALUE_SOLD,
    VALUE_TAKEN,
)
from cloud.ledger.models import Account, Balance, JournalRow, Posting
from cloud.org import entities
from cloud.org.models import LegalEntity
from cloud.value.models import Purse
from cloud.value.months import Month

_PRINCIPAL = (PURSE_PRINCIPAL, PURSE_PRINCIPAL_HELD)
_GIFT = (PURSE_GIFT, PURSE_GIFT_HELD)
_HELD = (PURSE_PRINCIPAL_HELD, PURSE_GIFT_HELD)
_FLOWS = {VALUE_SOLD: -1, VALUE_GRANTED: -1, VALUE_TAKEN: 1, VALUE_PAID_BACK: 1}
"""Contra accounts whose postings are what happened, and the sign that makes a plain amount of them."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What one legal entity owes in a currency, in minor units; `held` of it is set aside just now."""

    issuer: str
    name: str
    currency: str
    principal: int
    gift: int
    held: int
    purses: int

    @property
    def called(self) -> str:
        """What pages call the entity; a `Phrase` where nobody has named it."""
        return entities.called(self.name)

    @property
    def total(self) -> int:
        """Both kinds of money."""
        return self.principal + self.gift


@dataclass(frozen=True, slots=True)
class Flow:
    """What happened to stored value in a month and a currency, in minor units."""

    month: str
    currency: str
    sold: int
    granted: int
    drawn: int
    paid_back: int


@dataclass(frozen=True, slots=True)
class Debt:
    """Somebody's debt, or a store's shortfall: whose it is, in which unit, how much (above zero)."""

    kind: str
    owner: str
    unit: str
    amount: int


def by_issuer(session: Session) -> list[Issued]:
    """Return what is owed, the largest first. Purses that nobody is named for as their issuer stand under ''."""
    purse, account, balance, entity = table_of(Purse), table_of(Account), table_of(Balance), table_of(LegalEntity)
    names: dict[str, str] = {row.id: row.name for row in session.execute(select(entity.c.id, entity.c.name))}
    sums: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    counts: dict[tuple[str, str], int] = {}
    for issuer, currency, count in session.execute(
        select(purse.c.legal_entity_id, purse.c.currency, func.count()).group_by(
            purse.c.legal_entity_id, purse.c.currency
        )
    ):
        counts[issuer or "", currency] = int(count)
    for issuer, currency, kind, amount in session.execute(
        select(purse.c.legal_entity_id, purse.c.currency, account.c.kind, func.sum(balance.c.amount))
        .join(account, (account.c.owner == purse.c.owner) & (account.c.unit == purse.c.currency))
        .join(balance, balance.c.account_id == account.c.id)
        .where(account.c.kind.in_((*_PRINCIPAL, *_GIFT)))
        .group_by(purse.c.legal_entity_id, purse.c.currency, account.c.kind)
    ):
        sums[issuer or "", currency][kind] = int(amount)
    found = [
        Issued(
            issuer, names.get(issuer, issuer), currency,
            sum(sums[issuer, currency].get(kind, 0) for kind in _PRINCIPAL),
            sum(sums[issuer, currency].get(kind, 0) for kind in _GIFT),
            sum(sums[issuer, currency].get(kind, 0) for kind in _HELD), count,
        )
        for (issuer, currency), count in counts.items()
    ]  # fmt: skip
    return sorted(found, key=lambda one: (-one.total, one.issuer, one.currency))


def flows(session: Session, months: Sequence[Month]) -> list[Flow]:
    """Return what was sold, granted, drawn and paid back in each month and currency; months without any are there."""
    account, posting, journal = table_of(Account), table_of(Posting), table_of(JournalRow)
    kinds: dict[object, tuple[str, str]] = {
        row.id: (row.kind, row.unit) for row in session.execute(select(account).where(account.c.kind.in_(list(_FLOWS))))
    }
    month = case(*((journal.c.at_ms < one.to_ms, one.code) for one in months))
    sums: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(_FLOWS, 0))
    for account_id, code, amount in session.execute(
        select(posting.c.account_id, month, func.sum(posting.c.amount))
        .join(journal, (journal.c.cause == posting.c.cause) & (journal.c.purpose == posting.c.purpose))
        .where(
            posting.c.account_id.in_(list(kinds)),
            journal.c.at_ms >= months[0].from_ms,
            journal.c.at_ms < months[-1].to_ms,
        )
        .group_by(posting.c.account_id, month)
    ):
        kind, unit = kinds[account_id]
        sums[code, unit][kind] += _FLOWS[kind] * int(amount)
    units = sorted({unit for _, unit in sums})
    return [
        Flow(
            one.code,
            unit,
            *(sums[one.code, unit][kind] for kind in (VALUE_SOLD, VALUE_GRANTED, VALUE_TAKEN, VALUE_PAID_BACK)),
        )
        for unit in units
        for one in months
    ]


def debts(session: Session) -> list[Debt]:
    """Return who owes what: members, purses, and stores for sales that nobody's value covered."""
    account, balance, posting = table_of(Account), table_of(Balance), table_of(Posting)
    owed = session.execute(
        select(account.c.kind, account.c.owner, account.c.unit, balance.c.amount)
        .join(balance, balance.c.account_id == account.c.id)
        .where(account.c.kind.in_((MEMBER_DEBT, PURSE_DEBT)), balance.c.amount < 0)
    ).all()
    short = session.execute(
        select(account.c.kind, account.c.owner, account.c.unit, func.sum(posting.c.amount).label("amount"))
        .join(posting, posting.c.account_id == account.c.id)
        .where(account.c.kind == SHORTFALL)
        .group_by(account.c.kind, account.c.owner, account.c.unit)
    ).all()
    found = [Debt(row.kind, row.owner, row.unit, -int(row.amount)) for row in (*owed, *short) if row.amount]
    return sorted(found, key=lambda one: (one.kind, -one.amount, one.owner))
