"""Post journals in bulk: once each, balanced, with every balance they touch moved in the same transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, String, Update, Uuid, or_, select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import Columns, rowset, table_of
from cloud.ledger.journal import AccountKey, Journal, LedgerConflict, Overdrawn, check, difference
from cloud.ledger.kinds import KINDS
from cloud.ledger.models import Account, Balance, JournalRow, Posting
from cloud.ledger.reading import balance_of_account, journals_by_key

JournalKey = tuple[UUID, str]

_JOURNAL_COLUMNS = (
    "cause", "purpose", "commit_no", "at_ms", "store_id", "till", "cashier", "rule_version", "member_id", "receipt",
)  # fmt: skip
_POSTING_COLUMNS = ("cause", "purpose", "n", "account_id", "amount")


def post(session: Session, commit_no: int, journals: Sequence[Journal]) -> set[JournalKey]:
    """Post the journals that are not posted yet and return their keys, (cause, purpose).

    A journal that is already there with the same content is left alone. Raises LedgerRefused for one that does not
    sum to zero, LedgerConflict for a known key with other content, Overdrawn where a balance would fall below zero;
    the caller then rolls back. Balances are locked in the order of account ids; on a deadlock with another
    transaction (PostgreSQL error 40P01) the caller runs its whole transaction again.
    """
    wanted = _once_each(journals)
    new = bulk.insert_new_tuples(
        session,
        JournalRow,
        _JOURNAL_COLUMNS,
        [_journal_row(commit_no, wanted[key]) for key in sorted(wanted, key=_order)],
    )
    posted = {(cause, purpose) for cause, purpose in new}
    _refuse_conflicts(session, [journal for key, journal in wanted.items() if key not in posted])
    fresh = [wanted[key] for key in sorted(posted, key=_order)]
    if fresh:
        open_accounts(session, {leg.account for journal in fresh for leg in journal.legs})
        bulk.insert_tuples(session, Posting, _POSTING_COLUMNS, list(_posting_rows(fresh)))
        _move_balances(session, fresh)
    return posted


def _order(row: Sequence[Any]) -> tuple[Any, ...]:
    """Sort rows that begin with an id as the databases do; comparing ids as numbers is many times faster."""
    return row[0].int, *row[1:]


def _once_each(journals: Iterable[Journal]) -> dict[JournalKey, Journal]:
    wanted: dict[JournalKey, Journal] = {}
    for journal in journals:
        check(journal)
        earlier = wanted.setdefault(journal.key, journal)
        if earlier is not journal:
            _compare(earlier, journal)
    return wanted


def _journal_row(commit_no: int, journal: Journal) -> tuple[object, ...]:
    return (
        journal.cause,
        journal.purpose,
        commit_no,
        journal.at_ms,
        journal.store,
        journal.till,
        journal.cashier,
        journal.rule_version,
        journal.member,
        journal.receipt,
    )


def _posting_rows(journals: Sequence[Journal]) -> Iterable[tuple[object, ...]]:
    for journal in journals:
        for n, leg in enumerate(journal.legs, start=1):
            yield journal.cause, journal.purpose, n, leg.account.id, leg.amount


def _refuse_conflicts(session: Session, repeated: Sequence[Journal]) -> None:
    if not repeated:
        return
    posted = journals_by_key(session, [journal.key for journal in repeated])
    for journal in repeated:
        _compare(posted[journal.key], journal)


def _compare(posted: Journal, wanted: Journal) -> None:
    field = difference(posted, wanted)
    if field is not None:
        raise LedgerConflict(*wanted.key, field)


def open_accounts(session: Session, accounts: Collection[AccountKey]) -> None:
    """Make the accounts that do not exist yet, in the order of ids, so that two openers wait instead of deadlocking."""
    shape: Columns = {"id": Uuid(), "kind": String(), "owner": String(), "unit": String()}
    rows = rowset(session, "wanted", shape, sorted(((account.id, *account) for account in accounts), key=_order))
    account = table_of(Account)
    known = select(account.c.id).where(account.c.id == rows.c.id).exists()
    missing = session.execute(select(*rows.c).where(~known).order_by(rows.c.id)).all()
    if not missing:
        return
    bulk.insert_new_tuples(session, Account, tuple(shape), [tuple(row) for row in missing])
    bulk.insert_new_tuples(
        session,
        Balance,
        ("account_id", "amount", "may_owe"),
        [(row.id, 0, KINDS[row.kind].may_owe) for row in missing if KINDS[row.kind].keeps_balance],
    )


def _move_balances(session: Session, journals: Sequence[Journal]) -> None:
    """Add what the journals bring and take together: within one commit the order of journals does not matter."""
    moves: defaultdict[UUID, int] = defaultdict(int)
    for journal in journals:
        for leg in journal.legs:
            if KINDS[leg.account.kind].keeps_balance:
                moves[leg.account.id] += leg.amount
    rows = sorted(((account, amount) for account, amount in moves.items() if amount), key=_order)
    if not rows:
        return
    moved = set(session.execute(_move_statement(session, rows)).scalars())
    for account, amount in rows:
        if account not in moved:
            raise Overdrawn(account, amount + balance_of_account(session, account))


def _move_statement(session: Session, rows: Sequence[tuple[UUID, int]]) -> Update:
    """Lock the balances in the order of account ids and move those that stay covered, in one statement."""
    source = rowset(session, "move", {"account_id": Uuid(), "amount": BigInteger()}, rows)
    balance, locked = table_of(Balance), table_of(Balance).alias("locked")
    move = (
        select(source.c.account_id, source.c.amount)
        .join(locked, locked.c.account_id == source.c.account_id)
        .order_by(locked.c.account_id)
        .with_for_update(of=locked)
        .subquery("moving")
    )
    after = balance.c.amount + move.c.amount
    return (
        update(balance)
        .values(amount=after)
        .where(balance.c.account_id == move.c.account_id, or_(after >= 0, balance.c.may_owe))
        .returning(balance.c.account_id)
    )
