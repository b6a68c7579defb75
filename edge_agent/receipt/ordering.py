"""Papers that somebody at a till asks for: a report once more, a key card."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from uuid import UUID

import msgspec

from edge_agent.clock import Clocks
from edge_agent.disk.database import Database
from edge_agent.receipt import jobs
from edge_agent.receipt.printing import Printing
from shared.receipt.document import Document


class PaperOrders:
    """Takes orders for one till's printer. `who` says which cashier stands there."""

    def __init__(
        self, database: Database, till: str, *, printing: Printing, clocks: Clocks, who: Callable[[], str]
    ) -> None:
        self._database = database
        self._till = till
        self._printing = printing
        self._clocks = clocks
        self._who = who

    async def order(self, make: Callable[[int], Document], event: UUID | None = None) -> bool:
        """Queue what `make` returns for so many papers of `event` before (0: the first). False: there is no printer.

        Raise DiskFull.
        """
        if not self._printing.has_printer:
            return False
        at_ms, by = self._clocks.business.now_ms(), self._who()

        def add(db: sqlite3.Connection) -> None:
            before = 0 if event is None else len(jobs.of_receipt(db, event))
            jobs.add_document(db, self._till, make(before), by=by, at_ms=at_ms, event=event, copy=before)

        await self._database.run(add, makes_room=True)
        self._printing.ring()
        return True

    async def again(self, event: UUID, mark: Callable[[Document, int], Document]) -> int | None:
        """Queue the first paper of `event` once more, as `mark` marks it as a copy; return which copy it is.

        0: there is no printer. None: this disk has no such paper, or no longer. Raise DiskFull.
        """
        if not self._printing.has_printer:
            return 0
        at_ms, by = self._clocks.business.now_ms(), self._who()

        def add(db: sqlite3.Connection) -> int | None:
            papers = jobs.of_receipt(db, event)
            if not papers or not papers[0].document:
                return None
            first = msgspec.json.decode(papers[0].document, type=Document)
            copy = papers[-1].copy + 1
            jobs.add_document(db, self._till, mark(first, copy), by=by, at_ms=at_ms, event=event, copy=copy)
            return copy

        copy = await self._database.run(add, makes_room=True)
        self._printing.ring()
        return copy
