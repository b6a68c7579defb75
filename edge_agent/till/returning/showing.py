"""A sale as somebody at a till sees it who wants to take goods of it back."""

from __future__ import annotations

import sqlite3

from edge_agent.till.desk import Desk, Refusal, book_for
from edge_agent.till.returning import finding, planning
from edge_agent.till.returning.planning import Back
from edge_agent.till.returning.results import ReturnableLine, ReturnView
from shared.pricing import PricedLine


def shown(db: sqlite3.Connection, desk: Desk, text: str) -> ReturnView:
    """Return the sale behind a receipt, with what is left of each line and what that would pay back."""
    row = finding.row_for(db, desk, text)
    sale = finding.sale_of(db, row)
    planning.require_in_time(desk, sale)
    before = planning.back_so_far(db, sale.id)
    if not any(line.quantity - before.get(line.n, Back()).quantity for line in sale.lines):
        raise Refusal("all_returned", finding.returns_of(db, sale))
    book = book_for(db, desk, None)
    deposits = planning.deposits_of(book, sale.lines)

    def returnable(line: PricedLine) -> ReturnableLine:
        back = before.get(line.n, Back())
        item = book.item(line.item)
        left = line.quantity - back.quantity
        return ReturnableLine(
            n=line.n,
            item=line.item,
            names=item.names if item else {},
            unit=line.unit,
            sold=line.quantity,
            returned=back.quantity,
            left=left,
            left_minor=planning.share_of(line, left, back, "").refund_minor if left else 0,
            deposit_of=deposits.get(line.n, 0),
        )

    return ReturnView(
        sale=sale.id,
        receipt=row.text,
        till=row.till,
        at_ms=sale.at_ms,
        business_date=sale.business_date,
        total_minor=sale.total_minor,
        lines=tuple(returnable(line) for line in sale.lines),
        tenders=tuple(sale.tenders),
        reasons=tuple(desk.policies.return_reasons),
    )
