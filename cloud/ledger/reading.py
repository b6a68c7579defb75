"""Read the ledger: journals with their legs, balances."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import String, Uuid, func, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.ledger.journal import AccountKey, Journal, Leg
from cloud.ledger.kinds import MEMBER_POINTS, MEMBER_POINTS_HELD, POINTS
from cloud.ledger.models import Account, Balance, JournalRow, Posting

JournalKey = tuple[UUID, str]


class Moved(NamedTuple):
    """How much of a unit one journal moved, whichever way; its purpose says why."""

    cause: UUID
    purpose: str
    at_ms: int
    unit: str
    amount: int


def journals_by_key(session: Session, keys: Sequence[JournalKey]) -> dict[JournalKey, Journal]:
    """Return the posted journals among the keys, (cause, purpose)."""
    wanted = rowset(session, "wanted", {"cause": Uuid(), "purpose": String()}, sorted(keys))
    journal, posting, account = table_of(JournalRow), table_of(Posting), table_of(Account)
    legs: defaultdict[JournalKey, list[Leg]] = defaultdict(list)
    for row in session.execute(
        select(posting.c.cause, posting.c.purpose, posting.c.amount, account.c.kind, account.c.owner, account.c.unit)
        .join(wanted, (wanted.c.cause == posting.c.cause) & (wanted.c.purpose == posting.c.purpose))
        .join(account, account.c.id == posting.c.account_id)
        .order_by(posting.c.cause, posting.c.purpose, posting.c.n)
    ):
        legs[row.cause, row.purpose].append(Leg(AccountKey(row.kind, row.owner, row.unit), row.amount))
    rows = session.execute(
        select(journal).join(wanted, (wanted.c.cause == journal.c.cause) & (wanted.c.purpose == journal.c.purpose))
    )
    return {
        (row.cause, row.purpose): Journal(
            cause=row.cause,
            purpose=row.purpose,
            at_ms=row.at_ms,
            store=row.store_id,
            till=row.till,
            cashier=row.cashier,
            rule_version=row.rule_version,
            member=row.member_id,
            receipt=row.receipt,
            legs=tuple(legs[row.cause, row.purpose]),
        )
        for row in rows
    }


def moved_by(session: Session, causes: Collection[UUID]) -> list[Moved]:
    """Return what sales, returns or other causes moved, in the order of time."""
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(cause,) for cause in sorted(causes)])
    journal, posting, account = table_of(JournalRow), table_of(Posting), table_of(Account)
    same = (journal.c.cause == posting.c.cause) & (journal.c.purpose == posting.c.purpose)
    key = (journal.c.cause, journal.c.purpose, journal.c.at_ms, account.c.unit)
    rows = session.execute(
        select(*key, func.sum(posting.c.amount))
        .join(wanted, wanted.c.id == journal.c.cause)
        .join(posting, same)
        .join(account, account.c.id == posting.c.account_id)
        .where(posting.c.amount > 0)
        .group_by(*key)
        .order_by(journal.c.at_ms, journal.c.cause, journal.c.purpose, account.c.unit)
    )
    return [Moved(cause, purpose, at_ms, unit, int(amount)) for cause, purpose, at_ms, unit, amount in rows]


def balance_of_account(session: Session, account: UUID) -> int:
    """Return what an account with a balance row holds, in its unit; 0 for one that was never posted to."""
    balance = table_of(Balance)
    return session.execute(select(balance.c.amount).where(balance.c.account_id == account)).scalar_one_or_none() or 0


def points_of(session: Session, members: Collection[UUID]) -> dict[UUID, int]:
    """Return the points each member can spend now; a member who was never posted to has 0."""
    return _sums(session, members, (MEMBER_POINTS,))


def points_owned(session: Session, members: Collection[UUID]) -> dict[UUID, int]:
    """Return the points that are each member's: also those set aside, for a basket or ahead for a store's offline time.

    It is what a member is told. What is set aside at one place cannot be spent at another, and is theirs all the same.
    """
    return _sums(session, members, (MEMBER_POINTS, MEMBER_POINTS_HELD))


def _sums(session: Session, members: Collection[UUID], kinds: Sequence[str]) -> dict[UUID, int]:
    accounts = {AccountKey(kind, str(member), POINTS).id: member for member in members for kind in kinds}
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(account,) for account in sorted(accounts)])
    balance = table_of(Balance)
    found = session.execute(
        select(balance.c.account_id, balance.c.amount).join(wanted, wanted.c.id == balance.c.account_id)
    )
    points = dict.fromkeys(members, 0)
    for row in found:
        points[accounts[row.account_id]] += row.amount
    return points
