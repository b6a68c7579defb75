"""A store whose till prints: what tests of paper and drawer need."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar
from uuid import UUID

from edge_agent.receipt import jobs
from edge_agent.receipt.cash_drawer import CashDrawer
from edge_agent.receipt.jobs import JobState, PrintJob
from edge_agent.receipt.printing import Printing
from edge_agent.receipt.till_paper import TillPaper, till_paper
from edge_agent.record import receipts
from edge_agent.record.receipts import Printed
from edge_agent.station import Station
from edge_agent.till.results import Paid
from shared.receipt.document import Document, Says
from shared.wire.desired import DeviceBinding
from shared.wire.drawer_events import DrawerOpened, DrawerReason
from shared.wire.events import TenderKind, decode_event
from tests.edge.printers import PrinterBench
from tests.edge.tills import APPLES, Store
from tests.factories import START_MS

R = TypeVar("R", Printing, CashDrawer, TillPaper)
REPORT = Document(title="X", language="zh", blocks=(Says(text="交班结账单"),))


async def sell(store: Store) -> UUID:
    till = store.till()
    await till.scan(APPLES)
    paid = await till.tender(TenderKind.CASH, None)
    assert isinstance(paid, Paid)
    return paid.sale


async def queue_receipt(store: Store, sale: UUID, copy: int = 0, by: str = "c1") -> int:
    return await store.database.run(
        lambda db: jobs.add_receipt(db, "t1", sale, by=by, at_ms=START_MS + copy, copy=copy)
    )


async def job(store: Store, n: int) -> PrintJob:
    found = await store.database.read(lambda db: jobs.find(db, n))
    assert found is not None
    return found


async def printed(store: Store, sale: UUID) -> Printed:
    row = await store.database.read(lambda db: receipts.find_by_event(db, sale))
    assert row is not None
    return row.printed


def printing_of(store: Store, bench: PrinterBench | None) -> Printing:
    return Printing(
        store.database,
        "t1",
        lambda: bench.driver if bench else None,
        books=store.books,
        settings=lambda: store.settings,
        changed=lambda: None,
    )


@asynccontextmanager
async def running(made: R) -> AsyncIterator[R]:
    task = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def in_state(store: Store, n: int, state: JobState) -> Callable[[], object]:
    async def found() -> bool:
        return (await job(store, n)).state is state

    return found


def drawer_of(store: Store, at_till: Printing) -> CashDrawer:
    return CashDrawer(
        store.database,
        "t1",
        at_till,
        clocks=store.clocks,
        mint=store.mint,
        settings=lambda: store.settings,
        doorbell=store.doorbell,
        who=lambda: "c1",
    )


async def told_of_drawers(store: Store) -> list[tuple[DrawerReason, str, bool]]:
    def read(db: sqlite3.Connection) -> list[tuple[DrawerReason, str, bool]]:
        events = [decode_event(content) for (content,) in db.execute("SELECT content FROM event ORDER BY n")]
        return [(one.reason, one.cashier, one.kicked) for one in events if isinstance(one, DrawerOpened)]

    return await store.database.read(read)


PRINTER = DeviceBinding(device="printer", profile="simulated_printer", transport="simulated")


def paper_of(store: Store, station: Station) -> TillPaper:
    return till_paper(
        store.database,
        "t1",
        station.printer,
        clocks=store.clocks,
        mint=store.mint,
        books=store.books,
        settings=lambda: store.settings,
        doorbell=store.doorbell,
        who=lambda: "c1",
        changes=station.till.changes,
    )


async def printed_is(store: Store, sale: UUID, fate: Printed) -> bool:
    return await printed(store, sale) is fate
