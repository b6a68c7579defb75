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
from edge_agent.receipt.glyphs import find_glyphs
from edge_agent.receipt.printing import Printing, ReceiptPrinter
from edge_agent.record.outbox import Doorbell
from shared.wire.desired import StoreSettings


@dataclass(frozen=True, slots=True)
class TillPaper:
    """One till's printing and its drawer."""

    printing: Printing
    drawer: CashDrawer

    async def run(self) -> None:
        """Print and listen to the drawer, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.printing.run(), name="printing")
            tasks.create_task(self.drawer.run(), name="cash drawer")


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
    changed: Callable[[], None],
) -> TillPaper:
    """Return a till's paper. `printer` says which printer it has now, `who` which cashier stands there."""
    printing = Printing(database, till, printer, books=books, settings=settings, changed=changed, glyphs=find_glyphs())
    drawer = CashDrawer(
        database, till, printing, clocks=clocks, mint=mint, settings=settings, doorbell=doorbell, who=who
    )
    return TillPaper(printing, drawer)
