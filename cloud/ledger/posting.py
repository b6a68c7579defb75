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
from cloud.ledger.journal import AccountKey, Journal, LedgerConflict, Leg, Overdrawn, check, difference
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
    rows = sorted([_journal_row(commit_no, journal) for journal in wanted.values()], key=_order)
    known = bulk.insert_unless_known(session, JournalRow, _JOURNAL_COLUMNS, rows)
    _refuse_conflicts(session, [wanted[key] for key in sorted(known, key=_order)])
    fresh = [(key, journal.legs) for key, journal in wanted.items() if not known or key not in known]
    if fresh:
        _post_legs(session, sorted(fresh, key=_order_of_key))
    return {key for key, _ in fresh}


def _order(row: Sequence[Any]) -> tuple[Any, ...]:
    """Sort rows that begin with an id as the databases do; comparing ids as numbers is many times faster."""
    return row[0].int, *row[1:]


def _order_of_key(fresh: tuple[JournalKey, Sequence[Leg]]) -> tuple[int, str]:
    (cause, purpose), _ = fresh
    return cause.int, purpose


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


def _post_legs(session: Session, fresh: Sequence[tuple[JournalKey, Sequence[Leg]]]) -> None:
    """Write the legs of new journals and move the balances they touch.

    What the journals bring and take is added up first: within one commit their order does not matter.
    """
    sums: defaultdict[AccountKey, int] = defaultdict(int)
    for _, legs in fresh:
        for account, amount in legs:
            sums[account] += amount
    ids = {account: account.id for account in sums}
    rows = [(*key, n, ids[account], amount) for key, legs in fresh for n, (account, amount) in enumerate(legs, start=1)]
    open_accounts(session, ids)
    bulk.insert_tuples(session, Posting, _POSTING_COLUMNS, rows)
    _move_balances(
        session,
        [(ids[account], amount) for account, amount in sums.items() if amount and KINDS[account.kind].keeps_balance],
    )


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


def _move_balances(session: Session, moves: Sequence[tuple[UUID, int]]) -> None:
    """Add to balances. Raise Overdrawn where one would fall below zero that may not."""
    if not moves:
        return
    rows = sorted(moves, key=_order)
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
