"""From facts to journals: what a sale earns, what a return takes back of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from cloud.ledger import AccountKey, Journal, Leg
from cloud.ledger.kinds import MEMBER_DEBT, MEMBER_POINTS, POINTS, POINTS_ISSUED
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from shared.loyalty import EarningRule, Paid, share_returned
from shared.money import BASIS_POINTS, allocate

EARN = "earn"
RETURN = "return"


def points_earned(sale: SaleFacts, rule: EarningRule, tier_times_bp: int = BASIS_POINTS) -> int:
    """Return the points of a whole receipt, rounded down once, with what its promotions and its tier put on top."""
    excluded = sum(tender.minor for tender in sale.tenders if tender.method in rule.excluded_tenders)
    bonus = [(use.base_minor, use.multiplier_bp) for use in sale.uses if use.multiplier_bp]
    eligible = sum(_eligible(sale, rule)) if rule.excluded_categories else sale.net_minor
    if tier_times_bp != BASIS_POINTS:
        bonus.append((eligible, tier_times_bp))
    earned = rule.points_for(eligible, Paid(sale.net_minor, excluded), bonus=bonus)
    return earned + sum(use.points for use in sale.uses)


def points_of_lines(sale: SaleFacts, rule: EarningRule, points: int) -> dict[int, int]:
    """Return the points a receipt was given, apportioned to its lines by their eligible net, line number to points."""
    weights = [max(net, 0) for net in _eligible(sale, rule)]
    shares = allocate(points, weights if any(weights) else [line.net_minor for line in sale.lines])
    return {line.n: share for line, share in zip(sale.lines, shares, strict=True)}


def points_taken_back(back: ReturnFacts, rule: EarningRule, points: int, before: Mapping[int, int]) -> int:
    """Return what a return takes back of the `points` its sale was given, line by line.

    `before` is how much of each line had come back before this return. The last piece of a line settles it exactly.
    """
    sold = {line.n: line.quantity for line in back.sale.lines}
    given = points_of_lines(back.sale, rule, points)
    taken = 0
    for line in back.lines:
        earlier = before[line.of_line]
        already = share_returned(given[line.of_line], earlier, sold[line.of_line], 0)
        taken += share_returned(given[line.of_line], earlier + line.quantity, sold[line.of_line], already)
    return taken


def earn_journal(
    sale: SaleFacts, points: int, rule: EarningRule, *, recovered: int = 0, purpose: str = EARN
) -> Journal:
    """Return the journal that gives a sale's points: the store that sold issues them.

    `recovered` of them settle what the member owes. `purpose` says what kind of receipt it was.
    """
    issued = Leg(AccountKey(POINTS_ISSUED, sale.store, POINTS), -points)
    return Journal(
        cause=sale.sale,
        purpose=purpose,
        at_ms=sale.at_ms,
        store=sale.store,
        till=sale.till,
        cashier=sale.cashier,
        receipt=sale.receipt,
        member=sale.member,
        rule_version=rule.version,
        legs=(*_owed(sale.member, points - recovered, recovered), issued),
    )


def return_journal(back: ReturnFacts, points: int, rule: EarningRule, *, owed: int = 0) -> Journal:
    """Return the journal that takes points back: to the store that issued them, wherever the goods came back.

    `owed` of them are gone: the member owes them from now on.
    """
    issued = Leg(AccountKey(POINTS_ISSUED, back.sale.store, POINTS), points)
    return Journal(
        cause=back.returned,
        purpose=RETURN,
        at_ms=back.at_ms,
        store=back.store,
        till=back.till,
        cashier=back.cashier,
        receipt=back.receipt,
        member=back.sale.member,
        rule_version=rule.version,
        legs=(*_owed(back.sale.member, owed - points, -owed), issued),
    )


def points_account(member: UUID) -> AccountKey:
    """Return the account of the points a member can spend."""
    return AccountKey(MEMBER_POINTS, str(member), POINTS)


def debt_account(member: UUID) -> AccountKey:
    """Return the account of the points a member owes: below zero, or nothing."""
    return AccountKey(MEMBER_DEBT, str(member), POINTS)


def _owed(member: UUID, points: int, debt: int) -> list[Leg]:
    legs = [Leg(points_account(member), points), Leg(debt_account(member), debt)]
    return [leg for leg in legs if leg.amount]


def _eligible(sale: SaleFacts, rule: EarningRule) -> list[int]:
    return [line.net_minor if rule.eligible(line.category) else 0 for line in sale.lines]
