"""What a till has of paper and cash drawer, put together for whoever composes tills."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from edge_agent.clock import Clocks
from edge_agent.disk.database import Database
from edge_agent.receipt.cash_drawer import CashDrawer
from edge_agent.receipt.compose import NamingBooks
from edge_agent.receipt.following import PaperTrail
from edge_agent.receipt.glyphs import find_glyphs
from edge_agent.receipt.ordering import PaperOrders
from edge_agent.receipt.printing import Printing, ReceiptPrinter
from edge_agent.record.outbox import Doorbell
from edge_agent.till.changes_seen import ChangesSeen
from shared.wire.desired import StoreSettings


@dataclass(frozen=True, slots=True)
class TillPaper:
    """One till's printing, its drawer, what moves both, and what people have printed."""

    printing: Printing
    drawer: CashDrawer
    trail: PaperTrail
    orders: PaperOrders

    async def run(self) -> None:
        """Print what the till records, open the drawer for it, and listen to it, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.printing.run(), name="printing")
            tasks.create_task(self.drawer.run(), name="cash drawer")
            tasks.create_task(self.trail.run(), name="paper trail")


def till_paper(
    database: Database,
    till: str,
    printer: Callable[[], ReceiptPrinter | None],
    *,
    clocks: Clocks,
    mint: Callable[[], UUID],
    books: NamingBooks,
    settings: Callable[[], StoreSettings],
    doorbell: Doorbell,
    who: Callable[[], str],
    changes: ChangesSeen,
) -> TillPaper:
    """Return a till's paper. `printer` says which printer it has now, `who` which cashier stands there."""
    printing = Printing(
        database, till, printer, books=books, settings=settings, changed=changes.note, glyphs=find_glyphs()
    )
    drawer = CashDrawer(
        database, till, printing, clocks=clocks, mint=mint, settings=settings, doorbell=doorbell, who=who
    )
    trail = PaperTrail(
        database, till, printing=printing, drawer=drawer, clocks=clocks, settings=settings, changes=changes
    )
    orders = PaperOrders(database, till, printing=printing, clocks=clocks, who=who)
    return TillPaper(printing, drawer, trail, orders)
