"""Prove the ledger: sums are zero, balances are the sums of their postings, the chain holds, nothing is astray."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, func, or_, select
from sqlmodel import Session

from cloud.database.commits import IngestCommit
from cloud.database.rowset import table_of
from cloud.ledger import ages, seal
from cloud.ledger.kinds import KINDS
from cloud.ledger.models import Account, Balance, JournalRow, Posting
from cloud.ledger.proof_of_lots import by_kind, holds_off, lots_off, reversals_off
from shared.hashchain import GENESIS, link_all

_NAMED_AT_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was found. Examples name at most 20 offenders each; empty everywhere means that the ledger holds."""

    journals: int
    postings: int
    held: dict[str, int]
    """What the members hold together, by unit: the liability."""
    unsealed_commits: int
    units_off: dict[str, int]
    """Units whose postings do not sum to zero, and to what they do."""
    unbalanced_journals: list[UUID]
    wrong_balances: list[UUID]
    """Accounts whose balance is not the sum of their postings, or is below zero without leave to be."""
    strays: list[UUID]
    """Causes of postings without a journal or account, and of journals without postings."""
    broken_seal: int | None
    """Number of the first seal that does not follow from the one before and its journals."""
    wrong_lots: list[UUID] = field(default_factory=list)
    """Accounts whose lots do not add up to their balance."""
    wrong_holds: list[UUID] = field(default_factory=list)
    """Accounts that hold something else than open holds say."""
    wrong_reversals: list[UUID] = field(default_factory=list)
    """Causes of journals of which more was undone than they moved."""
    wrong_counts: dict[str, int] = field(default_factory=dict)
    """What is counted beside the ledger (coupons, gifts, prizes) and differs from what the books say, by how much."""
    by_kind: dict[str, dict[str, int]] = field(default_factory=dict)
    """What all accounts of each kind hold together, by unit: the report of what the chain owes and took."""
    ages: dict[str, dict[str, int]] = field(default_factory=dict)
    """What members hold, what is set aside with it, by unit and by how long ago it came in (`cloud.ledger.ages`)."""
    expiries: dict[str, dict[str, int]] = field(default_factory=dict)
    """The same by unit and by the month in which it ends (`2026-01`), empty for what never does."""
    report_off: dict[str, int] = field(default_factory=dict)
    """Units whose ages or expiries do not add up to what is held, and by how much."""
    seal_number: int = 0
    """The newest link of the hash chain, and its head in hexadecimal digits."""
    seal_head: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong. Commits not sealed yet are not wrong."""
        return not (
            self.units_off
            or self.unbalanced_journals
            or self.wrong_balances
            or self.strays
            or self.broken_seal
            or self.wrong_lots
            or self.wrong_holds
            or self.wrong_reversals
            or self.wrong_counts
            or self.report_off
        )


Count = Callable[[Session], Mapping[str, int]]
"""Counts something beside the ledger against the books; returns what differs, by name, and by how much."""


def prove(session: Session, at_ms: int = 0, counts: Sequence[Count] = ()) -> Proof:
    """Go through the whole ledger. On PostgreSQL give it a REPEATABLE READ transaction, so that it sees one moment.

    `at_ms` is business time: from there ages are counted. `counts`: what else has to agree with the books.
    """
    posting, account = table_of(Posting), table_of(Account)
    totals = session.execute(
        select(account.c.unit, func.sum(posting.c.amount))
        .join(account, account.c.id == posting.c.account_id)
        .group_by(account.c.unit)
    ).all()
    commit = table_of(IngestCommit)
    aged = ages.report(session, at_ms)
    number, head = seal.last(session)
    return Proof(
        journals=_count(session, table_of(JournalRow)),
        postings=_count(session, posting),
        held=_held(session),
        unsealed_commits=_count(session, commit, ~commit.c.sealed),
        units_off={unit: int(total) for unit, total in totals if total},
        unbalanced_journals=_unbalanced(session),
        wrong_balances=_wrong_balances(session),
        strays=_strays(session),
        broken_seal=_broken_seal(session),
        wrong_lots=lots_off(session),
        wrong_holds=holds_off(session),
        wrong_reversals=reversals_off(session),
        wrong_counts={what: off for count in counts for what, off in sorted(count(session).items())[:_NAMED_AT_MOST]},
        by_kind=by_kind(session),
        ages=aged.ages,
        expiries=aged.expiries,
        report_off=aged.off,
        seal_number=number,
        seal_head=head.hex(),
    )


def _count(session: Session, table: FromClause, *only: ColumnElement[bool]) -> int:
    return int(session.execute(select(func.count()).select_from(table).where(*only)).scalar_one())


def _held(session: Session) -> dict[str, int]:
    balance, account = table_of(Balance), table_of(Account)
    rows = session.execute(
        select(account.c.unit, func.sum(balance.c.amount))
        .join(account, account.c.id == balance.c.account_id)
        .group_by(account.c.unit)
    )
    return {unit: int(total) for unit, total in rows}


def _unbalanced(session: Session) -> list[UUID]:
    posting, account = table_of(Posting), table_of(Account)
    rows = session.execute(
        select(posting.c.cause)
        .join(account, account.c.id == posting.c.account_id)
        .group_by(posting.c.cause, posting.c.purpose, account.c.unit)
        .having(func.sum(posting.c.amount) != 0)
        .limit(_NAMED_AT_MOST)
    )
    return list(rows.scalars())


def _wrong_balances(session: Session) -> list[UUID]:
    posting, account, balance = table_of(Posting), table_of(Account), table_of(Balance)
    kept = [kind for kind, facts in KINDS.items() if facts.keeps_balance]
    total = func.coalesce(func.sum(posting.c.amount), 0)
    rows = session.execute(
        select(account.c.id)
        .outerjoin(posting, posting.c.account_id == account.c.id)
        .outerjoin(balance, balance.c.account_id == account.c.id)
        .where(account.c.kind.in_(kept))
        .group_by(account.c.id, balance.c.amount, balance.c.may_owe)
        .having(or_(balance.c.amount.is_(None), balance.c.amount != total, (balance.c.amount < 0) & ~balance.c.may_owe))
        .limit(_NAMED_AT_MOST)
    )
    return list(rows.scalars())


def _strays(session: Session) -> list[UUID]:
    posting, account, journal = table_of(Posting), table_of(Account), table_of(JournalRow)
    of_journal = (journal.c.cause == posting.c.cause) & (journal.c.purpose == posting.c.purpose)
    without = (
        select(posting.c.cause)
        .outerjoin(journal, of_journal)
        .outerjoin(account, account.c.id == posting.c.account_id)
        .where(or_(journal.c.cause.is_(None), account.c.id.is_(None)))
        .limit(_NAMED_AT_MOST)
    )
    empty = (
        select(journal.c.cause).outerjoin(posting, of_journal).where(posting.c.cause.is_(None)).limit(_NAMED_AT_MOST)
    )
    return [*session.execute(without).scalars(), *session.execute(empty).scalars()]


def _broken_seal(session: Session) -> int | None:
    head, expected = GENESIS, 1
    for part in seal.seals(session, seal.AT_ONCE):
        contents = seal.contents_of(session, [row.commit_no for row in part])
        for row in part:
            head = link_all(head, contents[row.commit_no])
            if (row.number, row.journals, bytes(row.head)) != (expected, len(contents[row.commit_no]), head):
                return expected
            expected += 1
    return None
