"""Printing at a till: jobs on the disk, in order, each sent once; what became of each is kept."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.disk.errors import DiskFull
from edge_agent.receipt import jobs
from edge_agent.receipt.compose import ReceiptGone, compose, shop_of
from edge_agent.receipt.jobs import JobState, PrintJob
from edge_agent.record.receipts import Printed
from shared.receipt.document import Document
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.wire.desired import ReceiptSettings
from tests.edge.printers import printing
from tests.edge.printing_store import (
    REPORT,
    in_state,
    job,
    printed,
    printing_of,
    queue_receipt,
    running,
    sell,
)
from tests.edge.tills import CARD, Store, opened_store
from tests.edge.waiting import until
from tests.factories import START_MS


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path) as opened:
        yield opened


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
