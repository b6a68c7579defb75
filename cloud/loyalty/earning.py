"""From facts to journals: what a sale earned, what a return takes back of it. Pure.

How many points that is stands in `shared.loyalty.purchase`: tills promise by the same function.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from uuid import UUID

from cloud.ledger import AccountKey, Journal, Leg
from cloud.ledger.kinds import MEMBER_DEBT, MEMBER_POINTS, POINTS, POINTS_ISSUED
from cloud.loyalty.facts import ReturnFacts, SaleFacts
from shared.loyalty import EarningRule, PieceBack
from shared.loyalty import points_taken_back as taken_back

EARN = "earn"
RETURN = "return"


def points_taken_back(back: ReturnFacts, rule: EarningRule, points: int, before: Mapping[int, int]) -> int:
    """Return what a return takes back of the `points` its sale was given.

    `before` is how much of each line had come back before this return.
    """
    pieces = [PieceBack(line.of_line, line.quantity, before[line.of_line]) for line in back.lines]
    return taken_back(back.sale, rule, points, pieces)


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
        legs=(*member_legs(sale.member, points - recovered, recovered), issued),
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
        legs=(*member_legs(back.sale.member, owed - points, -owed), issued),
    )


@lru_cache(maxsize=16_384)
def points_account(member: UUID) -> AccountKey:
    """Return the account of the points a member can spend."""
    return AccountKey(MEMBER_POINTS, str(member), POINTS)


@lru_cache(maxsize=16_384)
def debt_account(member: UUID) -> AccountKey:
    """Return the account of the points a member owes: below zero, or nothing."""
    return AccountKey(MEMBER_DEBT, str(member), POINTS)


def member_legs(member: UUID, points: int, debt: int) -> list[Leg]:
    """Return the legs that move so many of a member's points, and so much on what they owe."""
    legs = [Leg(points_account(member), points)] if points else []
    return [*legs, Leg(debt_account(member), debt)] if debt else legs
