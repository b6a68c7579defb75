"""Asking HQ about budgets for the open basket: a question from what is stored, its answer a change of the basket."""

from __future__ import annotations

import sqlite3

from edge_agent.disk.agent_row import business_day
from edge_agent.till import baskets
from edge_agent.till.changes import BudgetsAnswered
from edge_agent.till.desk import Desk
from edge_agent.till.selling.wanted import Unknown
from shared.wire.budgets import AskBudgets, BudgetsElsewhere


def question(db: sqlite3.Connection, desk: Desk, unknown: Unknown) -> AskBudgets | None:
    """Return what to ask; None where the basket is not the till's open one any more, or its payment has begun."""
    basket = baskets.load_open(db, desk.till)
    if basket is None or basket.id != unknown.basket or basket.tenders:
        return None
    member = basket.card.member.member if basket.card else None
    asked = AskBudgets(
        basket=basket.id,
        till=desk.till,
        short=sorted(unknown.short),
        of_member=sorted(unknown.of_member) if member else [],
        member=member,
        day=business_day(desk.settings(), basket.priced_ms),
    )
    return asked if asked.short or asked.of_member else None


def keep(db: sqlite3.Connection, desk: Desk, asked: AskBudgets, answer: BudgetsElsewhere) -> bool:
    """Price the basket by what HQ answered; False when it is too late for that: its price stands still, or it is gone.

    A larger share is none of this: HQ signs it, and it comes with the desired state.
    """
    basket = baskets.load_open(db, desk.till)
    if basket is None or basket.id != asked.basket or basket.tenders or basket.budgets is not None:
        return False
    if asked.member is None or not answer.elsewhere:
        return False
    at_ms = desk.clocks.business.now_ms()
    baskets.add(db, basket, BudgetsAnswered(at_ms=at_ms, member=asked.member, elsewhere=answer.elsewhere))
    return True
