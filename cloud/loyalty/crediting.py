"""Points of sales and returns into the ledger: each sale a lot with its own dates, debts settled first.

What a member owes after a return (the points were spent meanwhile) is recovered from what they earn next. Points less
debt come to the same in whatever order sales and returns arrive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from sqlalchemy import Uuid, select
from sqlmodel import Session

from cloud import ledger
from cloud.database import bulk
from cloud.database.rowset import rowset, table_of
from cloud.ledger import Journal, lots
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import NewLot
from cloud.ledger.models import Balance
from cloud.ledger.reading import journals_by_key
from cloud.loyalty import history
from cloud.loyalty.earning import (
    EARN,
    debt_account,
    earn_journal,
    points_account,
    points_earned,
    points_taken_back,
    return_journal,
)
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from cloud.loyalty.models import PointsReview
from cloud.loyalty.rules import Rules
from shared.loyalty import EarningRule

_REVIEW = ("sale_id", "member_id", "store_id", "promised", "computed", "noted_ms")


def credit(session: Session, commit_no: int, sales: Sequence[SaleFacts], rules: Rules) -> None:
    """Give what new sales earn. What a till promised and HQ computes otherwise goes to people."""
    earned = [(sale, rule, points_earned(sale, rule)) for sale, rule in _ruled(sales, rules)]
    owed = _lock_debts(session, {sale.member for sale, _, points in earned if points})
    journals: list[Journal] = []
    brought: list[NewLot] = []
    for sale, rule, points in earned:
        if not points:
            continue
        recovered = min(owed.get(sale.member, 0), points)
        if recovered:
            owed[sale.member] -= recovered
        journal = earn_journal(sale, points, rule, recovered=recovered)
        journals.append(journal)
        brought.append(
            NewLot(
                account=points_account(sale.member),
                key=journal.key,
                store=sale.store,
                amount=points - recovered,
                available_on=rule.available_on(sale.business_date),
                expires_on=rule.expires_on(sale.business_date),
            )
        )
    posted = ledger.post(session, commit_no, journals)
    lots.bring(session, [lot for lot in brought if lot.key in posted])
    _review(session, sales, {sale.sale: points for sale, _, points in earned})


def take_back(session: Session, commit_no: int, returns: Sequence[ReturnFacts], rules: Rules) -> None:
    """Take back what returned goods had earned: of their own lot, then of the earliest to expire, then as debt."""
    if not returns:
        return
    returns = history.completed(session, returns)
    earned_by = _rules_earned_by(session, {back.sale.sale for back in returns}, rules)
    taken = list(_taken_back(returns, earned_by))
    members = {back.sale.member for back, _, _ in taken}
    lock_balances(session, [account(one) for one in members for account in (points_account, debt_account)])
    own = lots.of_journals(session, [(back.sale.sale, EARN) for back, _, _ in taken])
    journals = []
    for back, points, rule in taken:
        parts, gone = lots.take(session, points_account(back.sale.member), points, first=own[back.sale.sale, EARN])
        journal = return_journal(back, points, rule, owed=gone)
        lots.used(session, journal.key, parts, back.store)
        journals.append(journal)
    ledger.post(session, commit_no, journals)


def _ruled(sales: Sequence[SaleFacts], rules: Rules) -> Iterator[tuple[SaleFacts, EarningRule]]:
    for sale in sales:
        rule = rules.earning_on(sale.business_date)
        if rule is not None:
            yield sale, rule


def _lock_debts(session: Session, members: Collection[UUID]) -> dict[UUID, int]:
    """Return what members owe, those rows locked; whoever owes nothing is absent."""
    if not members:
        return {}
    accounts = {debt_account(member).id: member for member in members}
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(accounts, key=lambda one: one.int)])
    balance = table_of(Balance)
    rows = session.execute(
        select(balance.c.account_id, balance.c.amount)
        .join(wanted, wanted.c.id == balance.c.account_id)
        .where(balance.c.amount < 0)
        .order_by(balance.c.account_id)
        .with_for_update(of=balance)
    )
    return {accounts[row.account_id]: -int(row.amount) for row in rows}


def _rules_earned_by(session: Session, sales: Collection[UUID], rules: Rules) -> dict[UUID, EarningRule]:
    """Return the rule that each of these sales was credited by; one that earned nothing is absent.

    Not the rule in force on its day: that may have been published since, and a return reverses what was posted.
    """
    versions = {rule.version: rule for rule in rules.earning}
    posted = journals_by_key(session, [(sale, EARN) for sale in sales])
    return {
        sale: versions[journal.rule_version]
        for (sale, _), journal in posted.items()
        if journal.rule_version is not None
    }


def _taken_back(
    returns: Sequence[ReturnFacts], earned_by: Mapping[UUID, EarningRule]
) -> Iterator[tuple[ReturnFacts, int, EarningRule]]:
    together: defaultdict[tuple[UUID, int], int] = defaultdict(int)
    for back in returns:
        rule = earned_by.get(back.sale.sale)
        before = {line.of_line: line.returned_before + together[back.sale.sale, line.of_line] for line in back.lines}
        points = points_taken_back(back, rule, before) if rule else 0
        for line in back.lines:
            together[back.sale.sale, line.of_line] += line.quantity
        if rule and points:
            yield back, points, rule


def _review(session: Session, sales: Sequence[SaleFacts], computed: Mapping[UUID, int]) -> None:
    """Put what a till promised and HQ computes otherwise where people look: the ledger has what HQ computed."""
    rows = [
        (sale.sale, sale.member, sale.store, sale.promised, computed.get(sale.sale, 0), sale.at_ms)
        for sale in sales
        if sale.promised is not None and sale.promised != computed.get(sale.sale, 0)
    ]
    bulk.insert_new_tuples(session, PointsReview, _REVIEW, rows)
