"""Points that goods brought and that may be spent by now: HQ is asked before they come back; silence stops nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from edge_agent.till.commands import Commands, refused
from edge_agent.till.desk import Desk, book_for
from edge_agent.till.results import Refused
from edge_agent.till.returning import finding, planning, taking
from shared.wire.messages import Refused as RefusedByHq
from shared.wire.return_asks import AskReturn, ReturnedPiece

POINTS_SPENT = "points_spent"


async def spent(commands: Commands, receipt: str, lines: Mapping[int, int]) -> Refused | None:
    """Return HQ's no to a return whose points are spent, where the rule of points refuses that; None to go on.

    Without an answer the goods come back all the same, and HQ shows what the member owes.
    """
    found = await commands.look(lambda db, desk: _question(db, desk, receipt, lines))
    if not isinstance(found, AskReturn):
        return found
    desk = commands.desk
    answer = await desk.hq.ask(desk.mint(), desk.till, found) if desk.hq else None
    code, _, missing = answer.code.partition(":") if isinstance(answer, RefusedByHq) else ("", "", "")
    return refused(POINTS_SPENT, missing) if code == POINTS_SPENT else None


def _question(db: sqlite3.Connection, desk: Desk, receipt: str, lines: Mapping[int, int]) -> AskReturn | None:
    """Return what is to be asked; None for a sale without a member."""
    if desk.stand.practice:
        return None
    sale = finding.sale_of(db, finding.row_for(db, desk, receipt))
    if sale.member is None:
        return None
    # The deposits that come back with the goods are asked about too: they may have brought points of their own.
    wanted = planning.with_deposits(db, book_for(db, desk, None), sale, lines or taking.left_of(db, sale))
    pieces = [ReturnedPiece(line=n, quantity=quantity) for n, quantity in sorted(wanted.items()) if quantity > 0]
    return AskReturn(sale=sale.id, lines=pieces, till=desk.till, cashier=desk.cashier)
