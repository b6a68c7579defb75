"""Paper and drawer follow what the till has recorded: each sale its receipt, each cash event its opening.

Nobody who sells has to think of a printer: what is to happen is read from the events on the disk, after their commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol
from uuid import UUID

import structlog

from edge_agent.clock import Clocks
from edge_agent.disk.database import Database
from edge_agent.disk.errors import DiskFull
from edge_agent.receipt import jobs
from edge_agent.receipt.cash_drawer import CashDrawer
from edge_agent.receipt.printing import Printing
from edge_agent.receipt.shift_papers import cash_slip, shift_document
from edge_agent.record import receipts
from edge_agent.record.receipts import Printed
from edge_agent.till.shifts.results import z_report
from shared.receipt.document import Document
from shared.wire.desired import StoreSettings
from shared.wire.drawer_events import DrawerReason
from shared.wire.events import AnyEvent, SaleCompleted, SaleReturned, Tender, TenderKind, decode_event
from shared.wire.till_events import CashMove, CashMoved, GoodsReturned, ReceiptReprinted, ShiftClosed, ShiftOpened
from shared.wire.value_events import ValuePaidBack, ValueSold

_KINDS = ("sale", "return", "goods_return", "value_sold", "value_back", "cash", "reprint", "shift_open", "shift_close")
_RECENT_MS = 600_000
"""A receipt that was made so shortly before a restart is still waited for; an older one is asked for."""
_LOOK_BACK = 200
_log = structlog.get_logger(__name__)


class Changes(Protocol):
    """A till's changes, counted."""

    @property
    def count(self) -> int:
        """How many there were."""
        ...

    async def beyond(self, seen: int) -> int:
        """Return the count as soon as it is higher than `seen`."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an event asks for: a receipt (`copy` of `receipt`), a `paper` of its own, an opening of the drawer."""

    event: UUID
    by: str
    at_ms: int
    receipt: UUID | None = None
    copy: int = 0
    opening: DrawerReason | None = None
    paper: CashMoved | ShiftClosed | None = None


def wanted(event: AnyEvent) -> Wanted | None:
    """Return what an event asks of paper and drawer."""
    base = Wanted(event.id, event.cashier, event.at_ms)
    match event:
        case SaleCompleted() | ValueSold():
            return replace(base, receipt=event.id, opening=_if_cash(event.tenders, DrawerReason.SALE))
        case SaleReturned() | GoodsReturned() | ValuePaidBack():
            return replace(base, receipt=event.id, opening=_if_cash(event.tenders, DrawerReason.RETURN))
        case ReceiptReprinted():
            return replace(base, receipt=event.original, copy=event.copy)
        case CashMoved() | ShiftOpened() | ShiftClosed():
            return _of_shift(base, event)
        case _:
            return None


def _of_shift(base: Wanted, event: CashMoved | ShiftOpened | ShiftClosed) -> Wanted:
    """Return what a shift's own events ask for: no slip where no cash was moved."""
    if isinstance(event, ShiftOpened):
        return replace(base, opening=DrawerReason.SHIFT)
    if isinstance(event, ShiftClosed):
        return replace(base, paper=event)
    if event.move is CashMove.NO_SALE:
        return replace(base, opening=DrawerReason.NO_SALE)
    return replace(base, opening=DrawerReason.CASH_MOVE, paper=event)


def _if_cash(tenders: Sequence[Tender], reason: DrawerReason) -> DrawerReason | None:
    return reason if any(one.method is TenderKind.CASH for one in tenders) else None


class PaperTrail:
    """Follows one till's events.

    A till without a printer gets no jobs, so that none wait for the printer it may get, and has no drawer we know of.
    """

    def __init__(
        self,
        database: Database,
        till: str,
        *,
        printing: Printing,
        drawer: CashDrawer,
        clocks: Clocks,
        settings: Callable[[], StoreSettings],
        changes: Changes,
    ) -> None:
        self._database = database
        self._till = till
        self._printing = printing
        self._drawer = drawer
        self._clocks = clocks
        self._settings = settings
        self._changes = changes
        self._after = 0
        self._epoch = b""

    async def run(self) -> None:
        """Follow until cancelled. What was under way when the agent stopped is printed; no drawer opens for it."""
        late = await self._database.read(self._left_over)
        await self._print(late)
        while True:
            seen = self._changes.count
            for one in await self._take():
                if one.opening is not None and self._printing.has_printer:
                    await self._drawer.open(one.opening, by=one.by, cause=one.event)
                await self._print([one])
            await self._changes.beyond(seen)

    def _left_over(self, db: sqlite3.Connection) -> list[Wanted]:
        """Return receipts made just before the start that nobody has tried to print, and begin to follow after them."""
        self._epoch, self._after = _stand(db)
        since_ms = self._clocks.machine.wall_ms() - _RECENT_MS
        return [one for one in self._read(db, self._after - _LOOK_BACK, since_ms) if _is_pending(db, one)]

    async def _take(self) -> list[Wanted]:
        """Return what was recorded since the last look.

        A new epoch numbers events anew that were seen before: then we begin again as after a start.
        """

        def read(db: sqlite3.Connection) -> list[Wanted]:
            epoch, last = _stand(db)
            if epoch != self._epoch:
                return [replace(one, opening=None) for one in self._left_over(db)]
            after, self._after = self._after, last
            return self._read(db, after) if last > after else []

        return await self._database.read(read)

    def _read(self, db: sqlite3.Connection, after: int, since_ms: int = 0) -> list[Wanted]:
        rows = db.execute(
            f"SELECT content FROM event WHERE n > ? AND made_ms >= ? AND kind IN ({','.join('?' * len(_KINDS))})"  # noqa: S608
            " ORDER BY n",
            (after, since_ms, *_KINDS),
        )
        events = (decode_event(content) for (content,) in rows)
        return [one for event in events if event.till == self._till and (one := wanted(event)) is not None]

    async def _print(self, wanted_now: Sequence[Wanted]) -> None:
        asked = [one for one in wanted_now if one.receipt is not None or one.paper is not None]
        if not asked or not self._printing.has_printer:
            return

        def add(db: sqlite3.Connection) -> None:
            for one in asked:
                if one.receipt is not None:
                    jobs.add_receipt(db, self._till, one.receipt, by=one.by, at_ms=one.at_ms, copy=one.copy)
                elif one.paper is not None:
                    document = _paper(one.paper, self._settings())
                    jobs.add_document(db, self._till, document, by=one.by, at_ms=one.at_ms, event=one.event)

        try:
            await self._database.run(add, makes_room=True)
        except DiskFull:
            _log.error("receipts_not_queued", till=self._till, count=len(asked), reason="the disk is full")
            return
        self._printing.ring()


def _paper(event: CashMoved | ShiftClosed, settings: StoreSettings) -> Document:
    if isinstance(event, CashMoved):
        return cash_slip(event, settings)
    return shift_document(z_report(event), settings, at_ms=event.at_ms, till=event.till)


def _stand(db: sqlite3.Connection) -> tuple[bytes, int]:
    """Return the epoch the outbox is in and the row of its last event."""
    (epoch,) = db.execute("SELECT epoch FROM agent").fetchone()
    (last,) = db.execute("SELECT coalesce(max(n), 0) FROM event").fetchone()
    return epoch, last


def _is_pending(db: sqlite3.Connection, one: Wanted) -> bool:
    """Tell whether nothing was tried for an event's first paper."""
    if one.paper is not None:
        return not jobs.of_receipt(db, one.event)
    if one.receipt is None or one.copy or jobs.of_receipt(db, one.receipt):
        return False
    row = receipts.find_by_event(db, one.receipt)
    return row is not None and row.printed is Printed.PENDING
