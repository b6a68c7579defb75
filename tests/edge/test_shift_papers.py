"""The papers of a shift: each says its event's figures in the store's words, and comes out without being asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from edge_agent.devices.ports import DeviceState
from edge_agent.devices.printers.simulated import SimulatedPrinter
from edge_agent.receipt import jobs
from edge_agent.receipt.shift_papers import cash_slip, shift_document
from edge_agent.station import Station
from edge_agent.till.results import Refused
from edge_agent.till.shifts.results import ShiftReport
from edge_agent.till.till import Till
from edge_agent.web.key_card import card_of, document_of
from edge_agent.web.screen.screen import Screen, Seen
from shared.receipt.document import Document
from shared.receipt.layout import Cut, lay_out
from shared.receipt.plain import to_text
from shared.wire.desired import ReceiptSettings
from shared.wire.events import TenderKind, decode_event
from shared.wire.till_events import CashMove, CashMoved
from tests.edge.device_bench import supervised
from tests.edge.printing_store import PRINTER, paper_of, running
from tests.edge.screens import OpenCounter
from tests.edge.staffing import open_to_all, reasons
from tests.edge.tills import APPLES, Store, opened_store
from tests.edge.waiting import until


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path, tills=2) as store:
        open_to_all(store, shifts="required", cash_reasons=reasons("flowers"))
        said = ReceiptSettings(languages=["en"])
        store.settings = msgspec.structs.replace(store.settings, receipt=said, locale="en")
        yield store


async def a_shift(till: Till) -> None:
    """From the float to the count: one sale, one note paid out."""
    await till.drawer.open(10_000)
    await till.scan(APPLES)
    await till.tender(TenderKind.CASH, 1000)
    await till.drawer.move(CashMove.OUT, 200, reason="flowers", note="two roses")
    await till.drawer.count({10_000: 1, 100: 2})


def text(document: Document, columns: int = 42) -> str:
    return to_text(lay_out(document, columns))


async def moved(store: Store) -> CashMoved:
    rows = await store.database.read(lambda db: db.execute("SELECT content FROM event WHERE kind = 'cash'").fetchall())
    event = decode_event(rows[-1][0])
    assert isinstance(event, CashMoved)
    return event


async def test_z_report_says_what_the_shift_came_to(store: Store) -> None:
    till = store.till()
    await a_shift(till)
    report = await till.drawer.close()
    assert isinstance(report, ShiftReport)
    paper = text(shift_document(report, store.settings, at_ms=0, till="t1"))
    for line in (
        "Z report",
        "Sold                                  5.00",
        "Cash                                  5.00",
        "Float                               100.00",
        "Cash paid out: flowers               -2.00",
        "Cash expected                       103.00",
        "100.00 x 1",
        "Counted                             102.00",
        "Difference                           -1.00",
        "Checked by: ____________",
    ):
        assert line in paper, paper
    assert "RE-ISSUED" not in paper


async def test_several_ways_to_pay_are_summed_and_agree_with_sales_and_stored_value(store: Store) -> None:
    till = store.till()
    await a_shift(till)
    await till.scan(APPLES)
    await till.tender(TenderKind.BANK_CARD, 100)
    await till.tender(TenderKind.BANK_CARD, 100, reference="4711")
    await till.tender(TenderKind.CASH)
    await till.drawer.count({1: 0})
    report = await till.drawer.close()
    assert isinstance(report, ShiftReport)
    paper = text(shift_document(report, store.settings, at_ms=0, till="t1"))
    assert "Taken less given back                10.00" in paper, paper
    assert "Bank card without slip number            1" in paper, paper
    assert sum(one.taken_minor - one.returned_minor for one in report.totals.tenders) == report.totals.sales_minor


async def test_late_version_says_that_it_takes_the_place_of_those_before(store: Store) -> None:
    till = store.till()
    await a_shift(till)
    report = await till.drawer.close()
    assert isinstance(report, ShiftReport)
    late = replace(report, version=2, reissued=True)
    settings = msgspec.structs.replace(store.settings, receipt=ReceiptSettings(languages=["zh", "en"]))
    paper = text(shift_document(late, settings, at_ms=0, till="t1", copy=1))
    assert "*** v2 ***" in paper
    assert "重新出具" in paper
    assert "*** RE-ISSUED: replaces every version" in paper
    assert "COPY No. 1" in paper
    assert "应有现金 Cash expected" in paper


async def test_slip_of_cash_names_amount_reason_and_leaves_room_to_sign(store: Store) -> None:
    await a_shift(store.till())
    paper = text(cash_slip(await moved(store), store.settings))
    for words in ("Cash paid out", "￥2.00", "flowers", "two roses", "Cashier: ____________", "Checked by"):
        assert words in paper, paper


async def test_papers_of_a_shift_come_out_by_themselves_and_again_as_copies(store: Store) -> None:
    async with supervised(PRINTER) as bench:
        await bench.is_in(DeviceState.IDLE, "printer")
        machine = bench.cable("printer").far_end
        assert isinstance(machine, SimulatedPrinter)
        till = store.till()
        paper = paper_of(store, Station(till, bench.supervisor))
        till.paper = paper.orders
        screen = Screen(till, lambda: store.settings, store.business)

        async def comes(words: str, do: Callable[[], object]) -> str:
            machine.tear_off()
            await do()  # type: ignore[misc]
            await until(lambda: Cut() in machine.sheet().pieces and words in to_text(machine.sheet()), words)
            return to_text(machine.sheet())

        async with running(paper):
            await till.drawer.open(10_000)
            move = till.drawer.move
            await comes("Cash paid in", lambda: move(CashMove.IN, 500, reason="flowers"))
            machine.tear_off()
            await move(CashMove.NO_SALE, reason="flowers")
            await till.drawer.count({10_000: 1, 100: 5})
            first = await comes("Z report", till.drawer.close)
            assert "COPY" not in first
            assert "Opened without a sale" in first

            async def again() -> None:
                await screen.press("shift", "", Seen(screen.turn))
                await screen.choose("past", Seen(screen.turn))
                await screen.enter("1", Seen(screen.turn))
                assert screen.question is not None
                assert screen.question.id == "report"
                await screen.enter("2", Seen(screen.turn))

            copy = await comes("Z report", again)
            assert "COPY No. 1" in copy
            assert screen.notice is not None
            assert not screen.notice.refused
        screen.end()


async def test_p1_slip_that_a_power_cut_took_is_printed_after_the_start_and_once(store: Store) -> None:
    till = store.till()
    await a_shift(till)
    event = await moved(store)
    for _ in range(2):
        async with supervised(PRINTER) as bench:
            await bench.is_in(DeviceState.IDLE, "printer")
            async with running(paper_of(store, Station(store.till(), bench.supervisor))):

                async def ended() -> bool:
                    found = await store.database.read(lambda db: jobs.of_receipt(db, event.id))
                    return [job.state.value for job in found] == ["printed"]

                await until(ended, "the slip, once")


async def test_till_without_a_printer_says_so(store: Store) -> None:
    till = store.till()
    await till.drawer.open(10_000)
    assert not isinstance(await till.drawer.x_report(), Refused)
    screen = Screen(till, lambda: store.settings, store.business)
    await screen.press("shift", "", Seen(screen.turn))
    await screen.choose("x_report", Seen(screen.turn))
    await screen.choose("print", Seen(screen.turn))
    assert screen.notice is not None
    assert screen.notice.refused
    screen.end()


async def test_key_card_is_printed_on_the_tills_own_paper(store: Store) -> None:
    till = store.till()
    screen = Screen(till, lambda: store.settings, store.business)
    card = await card_of(OpenCounter(till, screen))
    assert "Hold" in text(document_of(card, store.settings, "t1", "en"))
    chinese = text(document_of(card, store.settings, "t1", "zh"), 32)
    assert "挂单" in chinese
    assert "F4" in chinese
    screen.end()
