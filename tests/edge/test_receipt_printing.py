"""Printing at a till: jobs on the disk, in order, each sent once; what became of each is kept."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from edge_agent.devices.ports import DeviceState, Statistic
from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.disk.errors import DiskFull
from edge_agent.receipt import drawers, jobs
from edge_agent.receipt.cash_drawer import CashDrawer
from edge_agent.receipt.compose import ReceiptGone, compose, shop_of
from edge_agent.receipt.jobs import JobState, PrintJob
from edge_agent.receipt.printing import Printing
from edge_agent.receipt.till_paper import TillPaper, till_paper
from edge_agent.record import receipts
from edge_agent.record.receipts import Printed
from edge_agent.station import Station
from edge_agent.till.results import Paid, Reprinted
from shared.receipt.document import Document, Says
from shared.receipt.layout import Cut, lay_out
from shared.receipt.plain import to_text
from shared.wire.desired import DeviceBinding, ReceiptSettings
from shared.wire.drawer_events import DrawerOpened, DrawerReason
from shared.wire.events import TenderKind, decode_event
from tests.edge.device_bench import supervised
from tests.edge.printers import PrinterBench, printing
from tests.edge.tills import APPLES, CARD, Store, opened_store
from tests.edge.waiting import until
from tests.factories import START_MS

R = TypeVar("R", Printing, CashDrawer, TillPaper)
REPORT = Document(title="X", language="zh", blocks=(Says(text="交班结账单"),))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path) as opened:
        yield opened


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


async def test_a_receipt_gets_on_paper_with_the_names_of_its_own_book(store: Store) -> None:
    sale = await sell(store)
    async with printing() as bench, running(printing_of(store, bench)) as at_till:
        n = await queue_receipt(store, sale)
        at_till.ring()
        await until(in_state(store, n, JobState.PRINTED), "the receipt")  # type: ignore[arg-type]
        assert "Apples" in bench.paper()
        assert "￥5.00" in bench.paper()
    assert await printed(store, sale) is Printed.PRINTED


async def test_a_job_waits_for_paper_and_comes_out_by_itself(store: Store) -> None:
    sale = await sell(store)
    async with printing() as bench, running(printing_of(store, bench)) as at_till:
        bench.machine.rows_left = 0
        n = await queue_receipt(store, sale)
        at_till.ring()

        async def waits() -> bool:
            return (await job(store, n)).reason == PrinterProblem.PAPER_END.value

        await until(waits, "the job to wait")
        assert (await job(store, n)).state is JobState.QUEUED
        assert at_till.problems == (PrinterProblem.PAPER_END,)
        await bench.change(bench.machine.new_roll)
        await until(in_state(store, n, JobState.PRINTED), "the receipt")  # type: ignore[arg-type]


async def test_p10_an_unconfirmed_job_is_never_sent_again_by_itself(store: Store) -> None:
    sale = await sell(store)
    async with printing() as bench, running(printing_of(store, bench)) as at_till:
        bench.machine.rows_at_once = 3
        first = await queue_receipt(store, sale)
        at_till.ring()
        await until(lambda: bool(bench.machine.sheet().pieces), "the first rows")
        await bench.cable.unplug()
        await until(in_state(store, first, JobState.UNCONFIRMED), "the fate of the job")  # type: ignore[arg-type]
        assert await printed(store, sale) is Printed.UNCONFIRMED
        bench.machine.lose_power()
        bench.machine.tear_off()
        bench.machine.rows_at_once = None
        bench.cable.plug()
        report = await store.database.run(lambda db: jobs.add_document(db, "t1", REPORT, by="c1", at_ms=START_MS))
        at_till.ring()
        await until(in_state(store, report, JobState.PRINTED), "the next job")  # type: ignore[arg-type]
        assert bench.paper() == "交班结账单\n"
        # The cashier looks, and orders a copy, which is marked.
        copy = await queue_receipt(store, sale, copy=1, by="c2")
        at_till.ring()
        await until(in_state(store, copy, JobState.PRINTED), "the copy")  # type: ignore[arg-type]
        assert "补打小票 第1次" in bench.paper()
    assert await printed(store, sale) is Printed.PRINTED
    papers = await store.database.read(lambda db: jobs.of_receipt(db, sale))
    assert [(one.copy, one.by, one.state, one.reason) for one in papers] == [
        (0, "c1", JobState.UNCONFIRMED, PrinterProblem.CUT_OFF.value),
        (1, "c2", JobState.PRINTED, ""),
    ]


async def test_p10_a_job_under_way_when_the_agent_stopped_is_unconfirmed_and_not_sent(store: Store) -> None:
    sale = await sell(store)
    n = await queue_receipt(store, sale)
    sending = await job(store, n)
    assert await store.database.run(lambda db: jobs.note_sending(db, sending))
    async with printing() as bench, running(printing_of(store, bench)):
        await until(in_state(store, n, JobState.UNCONFIRMED), "the restart's judgement")  # type: ignore[arg-type]
        assert bench.paper() == ""
    assert (await job(store, n)).reason == PrinterProblem.RESTARTED.value
    assert await printed(store, sale) is Printed.UNCONFIRMED


async def test_sending_is_on_the_disk_before_the_first_byte_leaves(store: Store) -> None:
    sale = await sell(store)
    seen: list[tuple[str, int]] = []
    async with printing() as bench:
        at_till = printing_of(store, bench)
        noted = jobs.note_sending

        def note(db: sqlite3.Connection, one: PrintJob) -> bool:
            done = noted(db, one)
            seen.append((JobState.SENDING.value, len(bench.machine.sheet().pieces)))
            return done

        jobs.note_sending = note
        try:
            async with running(at_till):
                n = await queue_receipt(store, sale)
                at_till.ring()
                await until(in_state(store, n, JobState.PRINTED), "the receipt")  # type: ignore[arg-type]
        finally:
            jobs.note_sending = noted
    assert seen == [("sending", 0)]


async def test_a_cancelled_job_is_not_printed(store: Store) -> None:
    n = await store.database.run(lambda db: jobs.add_document(db, "t1", REPORT, by="c1", at_ms=START_MS))
    assert await store.database.run(lambda db: jobs.cancel(db, n))
    assert not await store.database.run(lambda db: jobs.cancel(db, n))
    later = await store.database.run(lambda db: jobs.add_document(db, "t1", REPORT, by="c1", at_ms=START_MS))
    async with printing() as bench, running(printing_of(store, bench)):
        await until(in_state(store, later, JobState.PRINTED), "the other job")  # type: ignore[arg-type]
        assert bench.paper() == "交班结账单\n"


async def test_a_till_without_a_printer_says_so_and_keeps_its_jobs(store: Store) -> None:
    sale = await sell(store)
    n = await queue_receipt(store, sale)
    async with running(printing_of(store, None)) as at_till:

        async def waits() -> bool:
            return (await job(store, n)).reason == PrinterProblem.NO_PRINTER.value

        await until(waits, "the job to wait")
        assert at_till.problems == (PrinterProblem.NO_PRINTER,)
        assert not await at_till.kick()
        assert await at_till.learn_drawer() is None


async def test_a_receipt_whose_event_is_gone_fails_by_name_and_stops_no_other(store: Store) -> None:
    gone = await store.database.run(lambda db: jobs.add_receipt(db, "t1", UUID(int=1), by="c1", at_ms=START_MS))
    report = await store.database.run(lambda db: jobs.add_document(db, "t1", REPORT, by="c1", at_ms=START_MS))
    async with printing() as bench, running(printing_of(store, bench)):
        await until(in_state(store, report, JobState.PRINTED), "the report")  # type: ignore[arg-type]
    assert (await job(store, gone)).reason == PrinterProblem.UNREADABLE.value


async def test_one_till_prints_none_of_anothers(store: Store) -> None:
    other = await store.database.run(lambda db: jobs.add_document(db, "t2", REPORT, by="c1", at_ms=START_MS))
    mine = await store.database.run(lambda db: jobs.add_document(db, "t1", REPORT, by="c1", at_ms=START_MS))
    async with printing() as bench, running(printing_of(store, bench)):
        await until(in_state(store, mine, JobState.PRINTED), "the report")  # type: ignore[arg-type]
    assert (await job(store, other)).state is JobState.QUEUED


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


async def test_old_jobs_are_forgotten_and_open_ones_never(store: Store) -> None:
    n = await store.database.run(lambda db: jobs.add_document(db, "t1", REPORT, by="c1", at_ms=START_MS))
    assert await store.database.run(lambda db: jobs.prune(db, START_MS + 1)) == 0
    await store.database.run(lambda db: jobs.cancel(db, n))
    assert await store.database.run(lambda db: jobs.prune(db, START_MS + 1)) == 1


async def test_a_receipt_made_again_is_the_same_to_the_byte_but_for_its_mark(store: Store) -> None:
    till = store.till()
    await till.attach_card(CARD)
    sale = await sell(store)

    def make(copy: int) -> Callable[[sqlite3.Connection], Document]:
        return lambda db: compose(db, store.settings, store.books, sale, copy)

    once, again = await store.database.run(make(0)), await store.database.run(make(0))
    assert once == again
    copy = to_text(lay_out(await store.database.run(make(3)), 48))
    plain = to_text(lay_out(once, 48))
    assert [line for line in copy.splitlines() if "补打" not in line] == plain.splitlines()
    with pytest.raises(ReceiptGone):
        await store.database.run(lambda db: compose(db, store.settings, store.books, UUID(int=5), 0))


@pytest.mark.parametrize(
    ("locale", "said", "languages"),
    [("zh", [], ("zh",)), ("en", [], ("en",)), ("zh", ["zh", "en"], ("zh", "en")), ("fr", ["xx"], ("en",))],
)
def test_a_shop_speaks_what_its_settings_say(locale: str, said: list[str], languages: tuple[str, ...]) -> None:
    import msgspec  # noqa: PLC0415

    from tests.edge.tills import store_settings  # noqa: PLC0415

    settings = msgspec.structs.replace(store_settings(), locale=locale, receipt=ReceiptSettings(languages=said))
    assert shop_of(settings).languages == languages


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


async def printed_is(store: Store, sale: UUID, fate: Printed) -> bool:
    return await printed(store, sale) is fate


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


@pytest.mark.parametrize("kept", ["note_sending", "note_end"])
async def test_a_full_disk_ends_no_printing_and_sends_nothing_twice(
    store: Store, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    sale = await sell(store)
    n = await queue_receipt(store, sale)
    real, full = getattr(jobs, kept), True

    def note(*facts: object) -> object:
        if full:
            raise DiskFull("the disk is full")
        return real(*facts)

    monkeypatch.setattr(jobs, kept, note)
    async with printing() as bench, running(printing_of(store, bench)) as at_till:
        with capture_logs() as logs:
            await until(lambda: any(one["event"] == "print_not_kept" for one in logs), "the full disk")
        full = False
        await store.database.make_room(lambda _db: None)
        report = await store.database.run(lambda db: jobs.add_document(db, "t1", REPORT, by="c1", at_ms=START_MS))
        at_till.ring()
        await until(in_state(store, report, JobState.PRINTED), "the next job")  # type: ignore[arg-type]
        assert bench.paper().count("￥5.00") == 1
    # What was sent and could not be kept is unconfirmed after the next start.
    expected = JobState.PRINTED if kept == "note_sending" else JobState.SENDING
    assert (await job(store, n)).state is expected
