"""From facts to journals: what a sale earns, what a return takes back of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from cloud.ledger import AccountKey, Journal, Leg
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, POINTS_ISSUED
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from shared.loyalty import EarningRule, share_returned
from shared.money import allocate

EARN = "earn"
RETURN = "return"


def points_earned(sale: SaleFacts, rule: EarningRule) -> int:
    """Return the points of a whole receipt, rounded down once."""
    if not rule.excluded_categories:
        return rule.earn(sale.net_minor)
    return rule.earn(sum(_eligible(sale, rule)))


def points_of_lines(sale: SaleFacts, rule: EarningRule) -> dict[int, int]:
    """Return the receipt's points apportioned to its lines by their eligible net, line number to points."""
    shares = allocate(points_earned(sale, rule), [max(net, 0) for net in _eligible(sale, rule)])
    return {line.n: share for line, share in zip(sale.lines, shares, strict=True)}


def points_taken_back(back: ReturnFacts, rule: EarningRule, before: Mapping[int, int]) -> int:
    """Return the points that a return takes back, line by line.

    `before` is how much of each line had come back before this return. The last piece of a line settles it exactly.
    """
    sold = {line.n: line.quantity for line in back.sale.lines}
    given = points_of_lines(back.sale, rule)
    taken = 0
    for line in back.lines:
        earlier = before[line.of_line]
        already = share_returned(given[line.of_line], earlier, sold[line.of_line], 0)
        taken += share_returned(given[line.of_line], earlier + line.quantity, sold[line.of_line], already)
    return taken


def earn_journal(sale: SaleFacts, points: int, rule: EarningRule) -> Journal:
    """Return the journal that gives a sale's points: the store that sold issues them."""
    return Journal(
        cause=sale.sale,
        purpose=EARN,
        at_ms=sale.at_ms,
        store=sale.store,
        till=sale.till,
        cashier=sale.cashier,
        rule_version=rule.version,
        legs=_legs(sale.member, sale.store, points),
    )


def return_journal(back: ReturnFacts, points: int, rule: EarningRule) -> Journal:
    """Return the journal that takes points back: to the store that issued them, wherever the goods came back."""
    return Journal(
        cause=back.returned,
        purpose=RETURN,
        at_ms=back.at_ms,
        store=back.store,
        till=back.till,
        cashier=back.cashier,
        rule_version=rule.version,
        legs=_legs(back.sale.member, back.sale.store, -points),
    )


def _legs(member: UUID, store: str, points: int) -> tuple[Leg, Leg]:
    return (
        Leg(AccountKey(MEMBER_POINTS, str(member), POINTS), points),
        Leg(AccountKey(POINTS_ISSUED, store, POINTS), -points),
    )


def _eligible(sale: SaleFacts, rule: EarningRule) -> list[int]:
    return [line.net_minor if rule.eligible(line.category) else 0 for line in sale.lines]
