"""Paper and drawer of a till follow what it records, and a hand on the drawer is not overlooked."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from edge_agent.devices.ports import DeviceState, Statistic
from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.receipt import drawers, jobs
from edge_agent.receipt.compose import compose
from edge_agent.record import receipts
from edge_agent.record.receipts import Printed
from edge_agent.station import Station
from edge_agent.till.results import Paid, Reprinted
from shared.pricing.kinds.percent_off import PercentOff
from shared.receipt.layout import Cut, lay_out
from shared.receipt.plain import to_text
from shared.wire.drawer_events import DrawerReason
from shared.wire.events import TenderKind
from tests.edge.device_bench import supervised
from tests.edge.printers import printing
from tests.edge.printing_store import (
    PRINTER,
    drawer_of,
    paper_of,
    printed,
    printed_is,
    printing_of,
    running,
    sell,
    told_of_drawers,
)
from tests.edge.tills import APPLES, MemoryTillBook, Store, opened_store
from tests.edge.waiting import until
from tests.factories import START_MS


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path) as opened:
        yield opened


async def test_the_drawer_is_kicked_and_its_wiring_kept(store: Store) -> None:
    async with printing() as bench:
        bench.machine.switch_high_when_open = False
        at_till = printing_of(store, bench)
        assert await at_till.learn_drawer() is False
        assert await store.database.read(lambda db: drawers.wiring(db, "t1")) is False
        assert await at_till.kick()
        assert bench.machine.kicks == 2
        # Another driver, as after a restart, is told what was learnt.
        bench.driver.drawer.open_when_high = None
        async with running(at_till):
            await until(lambda: bench.driver.drawer.open_when_high is False, "the wiring")


async def test_head_office_hears_of_openings_that_no_other_event_tells(store: Store) -> None:
    async with printing() as bench, running(printing_of(store, bench)) as at_till:
        drawer = drawer_of(store, at_till)
        assert await drawer.open(DrawerReason.SALE, by="c1", cause=UUID(int=3))
        assert await drawer.open(DrawerReason.TEST, by="c2")
        assert bench.machine.kicks == 2
        await bench.cable.unplug()
        await until(lambda: at_till.problems == (PrinterProblem.AWAY,), "the printer to be away")
        assert not await drawer.open(DrawerReason.SALE, by="c1", cause=UUID(int=4))
    assert await told_of_drawers(store) == [(DrawerReason.TEST, "c2", True), (DrawerReason.SALE, "c1", False)]


async def test_a_hand_on_the_drawer_is_kept_with_who_stood_there(store: Store) -> None:
    async with printing() as bench:
        at_till = printing_of(store, bench)
        drawer = drawer_of(store, at_till)
        await at_till.learn_drawer()
        bench.machine.drawer_open = False
        await until(lambda: bench.driver.status.drawer_open is False, "the closed drawer")
        async with running(at_till), running(drawer):
            await until(lambda: bench.driver.drawer.heard is not None, "the listener")
            bench.machine.drawer_open = True

            async def told() -> bool:
                return await told_of_drawers(store) == [(DrawerReason.BY_HAND, "c1", False)]

            await until(told, "the hand")


async def test_openings_are_kept_with_who_and_why(store: Store) -> None:
    def note(db: sqlite3.Connection) -> None:
        drawers.note_opening(db, "t1", DrawerReason.TEST, by="c1", at_ms=START_MS)
        drawers.note_opening(db, "t1", DrawerReason.SALE, by="c2", at_ms=START_MS + 5, cause=UUID(int=9), kicked=False)
        drawers.note_opening(db, "t2", DrawerReason.BY_HAND, by="", at_ms=START_MS + 6)

    await store.database.run(note)
    found = await store.database.read(lambda db: drawers.openings(db, "t1", START_MS))
    assert [(one.reason, one.by, one.cause, one.kicked) for one in found] == [
        (DrawerReason.TEST, "c1", None, True),
        (DrawerReason.SALE, "c2", UUID(int=9), False),
    ]
    assert await store.database.run(lambda db: drawers.prune(db, START_MS + 5)) == 1


async def test_what_a_till_sells_is_printed_and_its_cash_opens_the_drawer(store: Store) -> None:
    async with supervised(PRINTER) as bench:
        await bench.is_in(DeviceState.IDLE, "printer")
        machine = bench.cable("printer").far_end
        assert isinstance(machine, SimulatedPrinter)
        station = Station(store.till(), bench.supervisor)
        async with running(paper_of(store, station)):
            for method, kicks in ((TenderKind.CASH, 1), (TenderKind.BANK_CARD, 1)):
                machine.tear_off()
                await station.till.scan(APPLES)
                paid = await station.till.tender(method, None)
                assert isinstance(paid, Paid)
                await until(lambda: Cut() in machine.sheet().pieces, "the receipt")
                assert "￥5.00" in to_text(machine.sheet())
                assert machine.kicks == kicks
                await until(lambda: printed_is(store, paid.sale, Printed.PRINTED), "the word of it")  # noqa: B023
            machine.tear_off()
            assert isinstance(await station.till.reprint(), Reprinted)
            await until(lambda: Cut() in machine.sheet().pieces, "the copy")
            assert "补打小票 第1次" in to_text(machine.sheet())
            assert machine.kicks == 1
        assert bench.device("printer").tally.counts[Statistic.JOBS_PRINTED] == 3


async def test_p1_a_sale_whose_agent_was_killed_before_its_receipt_gets_it_after_the_start(store: Store) -> None:
    sale = await sell(store)  # nobody printed yet
    old = await sell(store)
    await store.database.run(lambda db: receipts.note_printed(db, old, Printed.UNCONFIRMED))
    async with supervised(PRINTER) as bench:
        await bench.is_in(DeviceState.IDLE, "printer")
        machine = bench.cable("printer").far_end
        assert isinstance(machine, SimulatedPrinter)
        async with running(paper_of(store, Station(store.till(), bench.supervisor))):
            await until(lambda: printed_is(store, sale, Printed.PRINTED), "the receipt")
        assert to_text(machine.sheet()).count("￥5.00") == 1
        assert machine.kicks == 0
    assert await printed(store, old) is Printed.UNCONFIRMED


async def test_a_till_without_a_printer_gathers_no_jobs(store: Store) -> None:
    async with supervised() as bench:
        station = Station(store.till(), bench.supervisor)
        async with running(paper_of(store, station)) as paper:
            await station.till.scan(APPLES)
            assert isinstance(await station.till.tender(TenderKind.BANK_CARD, None), Paid)
            sale = await sell(store)
            (last_event,) = await store.database.read(lambda db: db.execute("SELECT max(n) FROM event").fetchone())
            station.till.changes.note()
            await until(lambda: paper.trail._after == last_event, "the trail")
            assert not paper.printing.has_printer
    assert await store.database.read(lambda db: jobs.open_jobs(db, "t1")) == []
    assert await store.database.read(lambda db: jobs.of_receipt(db, sale)) == []
    assert await told_of_drawers(store) == []


async def test_events_numbered_anew_print_nothing_again_and_open_no_drawer(store: Store) -> None:
    async with supervised(PRINTER) as bench:
        await bench.is_in(DeviceState.IDLE, "printer")
        machine = bench.cable("printer").far_end
        assert isinstance(machine, SimulatedPrinter)
        station = Station(store.till(), bench.supervisor)
        async with running(paper_of(store, station)) as paper:
            await station.till.scan(APPLES)
            paid = await station.till.tender(TenderKind.CASH, None)
            assert isinstance(paid, Paid)
            await until(lambda: printed_is(store, paid.sale, Printed.PRINTED), "the receipt")
            before = paper.trail._after
            (old_epoch,) = await store.database.read(lambda db: db.execute("SELECT epoch FROM agent").fetchone())
            await store.epochs.take_fork(UUID(int=1), UUID(bytes=old_epoch))
            station.till.changes.note()
            await until(lambda: paper.trail._after > before, "the new epoch")
            await station.till.scan(APPLES)
            paid = await station.till.tender(TenderKind.CASH, None)
            assert isinstance(paid, Paid)
            await until(lambda: printed_is(store, paid.sale, Printed.PRINTED), "the next receipt")
        assert to_text(machine.sheet()).count("收银员") == 2
        assert machine.kicks == 2


async def test_a_receipt_names_the_promotion_as_the_book_does(store: Store) -> None:
    named = PercentOff(promotion="p7", names={"zh": "周末九折", "en": "Weekend 10% off"}, off_bp=1000)
    plain = store.books.at(None, 1)  # type: ignore[arg-type]
    store.books.add(MemoryTillBook(2, plain.items.values(), plain.prices.values(), [named]))
    sale = await sell(store)
    document = await store.database.run(lambda db: compose(db, store.settings, store.books, sale, 0))
    assert "周末九折" in to_text(lay_out(document, 48))
