"""Points of sales and returns into the ledger: each sale a lot with its own dates, debts settled first.

What a member owes after a return (the points were spent meanwhile) is recovered from what they earn next. Points less
debt come to the same in whatever order sales and returns arrive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import cache, partial
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session

from cloud import ledger
from cloud.ledger import Journal, lots
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import NewLot
from cloud.ledger.reading import journals_by_key
from cloud.loyalty import debts, history, promises
from cloud.loyalty.earning import (
    EARN,
    debt_account,
    earn_journal,
    points_account,
    points_taken_back,
    return_journal,
)
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from cloud.loyalty.rules import Rules
from cloud.members import blocks
from shared.loyalty import EarningRule, points_earned, times_bp
from shared.money import BASIS_POINTS


class Earned(NamedTuple):
    """The points of a receipt, and the rule they are given by."""

    sale: SaleFacts
    rule: EarningRule
    points: int


class _Given(NamedTuple):
    """The points a sale was given, and the rule that gave them."""

    rule: EarningRule
    points: int


def credit(session: Session, commit_no: int, sales: Sequence[SaleFacts], rules: Rules) -> None:
    """Give what new sales earn; one made while its member was blocked from points earns none.

    What a till promised and HQ computes otherwise goes to people.
    """
    able = collecting(session, sales)
    give(session, commit_no, earned := list(_earned(able, rules)))
    barred = set()
    if len(able) < len(sales):
        barred = {sale.sale for sale in sales} - {sale.sale for sale in able}
    promises.note_sales(session, sales, {one.sale.sale: one.points for one in earned}, barred)


def give(session: Session, commit_no: int, earned: Sequence[Earned], purpose: str = EARN) -> None:
    """Post what was earned: each a lot with its own dates, what its member owes settled first."""
    owed = debts.lock(session, {one.sale.member for one in earned if one.points})
    journals: list[Journal] = []
    brought: list[NewLot] = []
    for sale, rule, points in earned:
        if not points:
            continue
        recovered = debts.settled(owed, sale.member, points)
        journal = earn_journal(sale, points, rule, recovered=recovered, purpose=purpose)
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
    promises.note_returns(session, returns, {back.returned: points for back, points, _ in taken})


def points_back(session: Session, back: ReturnFacts, rules: Rules) -> tuple[int, EarningRule | None]:
    """Return the points that a return would take back, and the rule its sale was credited by; nothing is posted."""
    [completed] = history.completed(session, [back])
    earned_by = _rules_earned_by(session, {back.sale.sale}, rules)
    taken = list(_taken_back([completed], earned_by))
    given = earned_by.get(back.sale.sale)
    return (taken[0][1] if taken else 0), given.rule if given else None


def tier_times(sale: SaleFacts, rules: Rules) -> int:
    """Return by how much the tier on the receipt multiplies points on that day, in basis points."""
    return _times_on(rules, sale.tier, sale.business_date)


def _times_on(rules: Rules, tier: str, day: date) -> int:
    found = rules.tier_on(day).tier(tier) if tier else None
    return BASIS_POINTS if found is None else times_bp(found.benefits, day)


def collecting(session: Session, sales: Sequence[SaleFacts]) -> list[SaleFacts]:
    """Return the sales whose members could collect points when they were made, in whatever order they arrive."""
    barred = blocks.spans(session, {sale.member for sale in sales}, blocks.POINTS)
    if not barred:
        return list(sales)
    return [sale for sale in sales if not any(span.covers(sale.at_ms) for span in barred.get(sale.member, ()))]


def _earned(sales: Sequence[SaleFacts], rules: Rules) -> Iterator[Earned]:
    """Yield what sales earn; what the rules say of a day and a tier is looked up once."""
    rule_on, times_on = cache(rules.earning_on), cache(partial(_times_on, rules))
    for sale in sales:
        rule = rule_on(sale.business_date)
        if rule is not None:
            yield Earned(sale, rule, points_earned(sale, rule, times_on(sale.tier, sale.business_date)))


def _rules_earned_by(session: Session, sales: Collection[UUID], rules: Rules) -> dict[UUID, _Given]:
    """Return what each of these sales was given and by which rule; one that earned nothing is absent.

    Not what the rules in force on its day say: they may have been published since, and a return reverses what was
    posted.
    """
    versions = {rule.version: rule for rule in rules.earning}
    posted = journals_by_key(session, [(sale, EARN) for sale in sales])
    return {
        sale: _Given(versions[journal.rule_version], sum(leg.amount for leg in journal.legs if leg.amount > 0))
        for (sale, _), journal in posted.items()
        if journal.rule_version is not None
    }


def _taken_back(
    returns: Sequence[ReturnFacts], earned_by: Mapping[UUID, _Given]
) -> Iterator[tuple[ReturnFacts, int, EarningRule]]:
    together: defaultdict[tuple[UUID, int], int] = defaultdict(int)
    for back in returns:
        given = earned_by.get(back.sale.sale)
        before = {line.of_line: line.returned_before + together[back.sale.sale, line.of_line] for line in back.lines}
        points = points_taken_back(back, given.rule, given.points, before) if given else 0
        for line in back.lines:
            together[back.sale.sale, line.of_line] += line.quantity
        if given and points:
            yield back, points, given.rule
