"""What a sale or a return changes of what the store counts: promotions' budgets, members' purchases."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from uuid import UUID

from edge_agent.hq import member_set
from edge_agent.record import receipts
from edge_agent.till.ports import TillBook
from edge_agent.till.returning import planning
from edge_agent.till.selling import budgets
from shared.pricing import PricedBasket
from shared.wire.events import ReturnedLine, SaleCompleted, decode_event


def note_sold(db: sqlite3.Connection, sale: SaleCompleted, priced: PricedBasket, book: TillBook) -> None:
    """Count a sale in its own transaction: what it used of budgets, and that its member bought once more."""
    index = book.promotions()
    if index.has_limits:
        budgets.note_sale(db, sale, priced.outcomes, index)
    if sale.member and sale.member.member:
        member_set.note_purchase(db, sale.member.member)


def note_back(db: sqlite3.Connection, original: UUID, lines: Sequence[ReturnedLine]) -> None:
    """Give back what comes back of a sale of this store, before these lines are counted as returned.

    A sale that this disk does not hold any more, or that another store made, gives nothing back here.
    """
    content = receipts.content_of(db, original)
    sale = None if content is None else decode_event(content)
    if isinstance(sale, SaleCompleted):
        before = {line: back.quantity for line, back in planning.back_so_far(db, original).items()}
        budgets.give_back(db, sale, before, lines)
