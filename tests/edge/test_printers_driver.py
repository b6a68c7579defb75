"""The printer's driver: jobs get on paper once, and what is not proven is not claimed."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from edge_agent.clock import SystemMachineClock
from edge_agent.devices.fitting import Fitting
from edge_agent.devices.ports import (
    DeviceMisconfigured,
    DeviceState,
    DeviceUnavailable,
    PowerState,
    ScanRole,
    Statistic,
)
from edge_agent.devices.printer import fit
from edge_agent.devices.printers.drawer import pulse, real_time_pulse
from edge_agent.devices.printers.driver import Outcome, Patience, PrinterDriver, PrintResult
from edge_agent.devices.printers.problems import PrinterProblem
from shared.device_profile import Prints, TransportKind
from shared.receipt.document import Document, Says
from tests.edge.printers import Notes, PrinterBench, printing
from tests.edge.waiting import until
from tests.golden.receipts import documents

RECEIPT = documents()["sale.zh"]
SHORT = Document(title="", language="en", blocks=(Says(text="one"), Says(text="two"), Says(text="three")))
PRINTED = Outcome(PrintResult.PRINTED)


async def test_a_job_is_printed_when_the_printer_proved_it() -> None:
    async with printing() as bench:
        assert await bench.driver.print(*bench.bytes_of(RECEIPT)) == PRINTED
        assert "￥212.69" in bench.paper()
        assert bench.machine.not_understood == b""
        assert DeviceState.BUSY in bench.notes.states
        assert bench.notes.states[-1] is DeviceState.IDLE
        assert bench.notes.counts[Statistic.JOBS_PRINTED] == 1
        assert bench.notes.counts[Statistic.CUTS] == 1


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"rows_left": 0}, PrinterProblem.PAPER_END),
        ({"cover_open": True}, PrinterProblem.COVER_OPEN),
        ({"cutter_jammed": True}, PrinterProblem.CUTTER_JAM),
        ({"overheated": True}, PrinterProblem.OVERHEATED),
        ({"broken": True}, PrinterProblem.FAULT),
        ({"silent": True}, PrinterProblem.SILENT),
    ],
)
async def test_nothing_is_sent_to_a_printer_that_cannot_print(fault: dict[str, object], reason: PrinterProblem) -> None:
    async with printing() as bench:
        for name, value in fault.items():
            setattr(bench.machine, name, value)
        told: list[str] = []

        async def sending() -> None:
            told.append("sending")

        assert await bench.driver.print(*bench.bytes_of(SHORT), sending) == Outcome(PrintResult.REFUSED, reason)
        assert told == []
        await until(lambda: bench.notes.told[-1][:1] == (reason.value,), reason.value)
        assert bench.notes.states[-1] is DeviceState.ERROR
        assert bench.notes.powers[-1] is PowerState.OFFLINE


async def test_paper_low_is_known_before_the_next_payment_and_stops_nothing() -> None:
    async with printing() as bench:
        bench.machine.near_end = True
        await until(lambda: bench.driver.problems == (PrinterProblem.PAPER_NEAR_END,), "paper low")
        assert await bench.driver.print(*bench.bytes_of(SHORT)) == PRINTED
        assert bench.notes.states[-1] is DeviceState.IDLE


async def test_one_missed_answer_is_not_gone() -> None:
    async with printing(patience=Patience(answer=0.05, between_questions=60, job=1)) as bench:
        bench.machine.silent = True
        assert not await bench.driver._talk.survey()
        assert not await bench.driver._talk.survey()
        assert bench.driver.problems == ()
        bench.machine.silent = False
        assert await bench.driver.print(*bench.bytes_of(SHORT)) == PRINTED


async def test_paper_that_ends_in_a_job_is_waited_for_and_the_rest_is_printed() -> None:
    async with printing(patience=Patience(answer=0.05, between_questions=0.02, job=0.25, stopped=5)) as bench:
        bench.machine.rows_left = 5
        job = asyncio.create_task(bench.driver.print(*bench.bytes_of(RECEIPT)))
        await until(lambda: bench.driver.problems == (PrinterProblem.PAPER_END,), "the end of the paper")
        asked = len(bench.cable.written)  # for longer than a job of these rows may take: it is not the job's time
        await until(lambda: len(bench.cable.written) > asked + 80, "twenty rounds of questions")
        assert not job.done()
        await bench.change(bench.machine.new_roll)
        assert await job == PRINTED
        assert "￥212.69" in bench.paper()


async def test_a_job_whose_printer_stays_stopped_has_failed_and_says_why() -> None:
    async with printing() as bench:
        bench.machine.rows_left = 5
        outcome = await bench.driver.print(*bench.bytes_of(RECEIPT))
        assert outcome == Outcome(PrintResult.FAILED, PrinterProblem.PAPER_END)


async def test_p10_a_job_cut_off_by_the_plug_is_unconfirmed_and_the_printer_comes_back() -> None:
    async with printing() as bench:
        for number in range(5):
            bench.machine.rows_at_once = 4
            job = asyncio.create_task(bench.driver.print(*bench.bytes_of(RECEIPT)))
            await until(lambda: bool(bench.machine.sheet().pieces), f"the first rows of {number}")
            await bench.cable.unplug()
            assert await job == Outcome(PrintResult.UNCONFIRMED, PrinterProblem.CUT_OFF)
            assert bench.driver.problems == (PrinterProblem.AWAY,)
            bench.machine.lose_power()
            bench.machine.tear_off()
            bench.machine.rows_at_once = None
            bench.cable.plug()
            await until(lambda: bench.driver.problems == (), "the printer")
        assert await bench.driver.print(*bench.bytes_of(SHORT)) == PRINTED
        assert bench.paper() == "one\ntwo\nthree\n"


async def test_a_printer_that_forgets_its_buffer_proves_nothing() -> None:
    async with printing() as bench:
        bench.machine.rows_at_once = 0
        job = asyncio.create_task(bench.driver.print(*bench.bytes_of(SHORT)))
        await until(lambda: DeviceState.BUSY in bench.notes.states, "the job")
        await until(lambda: bench.driver._talk.owed == 1, "the question")
        bench.machine.lose_power()
        bench.machine.rows_at_once = None
        assert await job == Outcome(PrintResult.UNCONFIRMED, PrinterProblem.NO_PROOF)
        # The answer that never came does not stand for the next job's.
        assert await bench.driver.print(*bench.bytes_of(SHORT)) == PRINTED


async def test_a_late_proof_of_one_job_does_not_prove_the_next() -> None:
    async with printing() as bench:
        bench.machine.rows_at_once = 0
        outcome = await bench.driver.print(*bench.bytes_of(SHORT))
        assert outcome == Outcome(PrintResult.UNCONFIRMED, PrinterProblem.NO_PROOF)
        bench.machine.rows_at_once = None
        await bench.change(lambda: None)  # the first job comes out now, and says so
        bench.machine.rows_at_once = 0
        outcome = await bench.driver.print(*bench.bytes_of(SHORT))
        assert outcome == Outcome(PrintResult.UNCONFIRMED, PrinterProblem.NO_PROOF)


async def test_the_time_a_job_may_take_grows_with_its_rows() -> None:
    slow = msgspec.structs.replace(PrinterBench().profile, prints=Prints(line_ms=100))
    async with printing(slow) as bench:
        bench.machine.rows_at_once = 0
        loop = asyncio.get_running_loop()
        began = loop.time()
        content, _ = bench.bytes_of(SHORT)
        assert (await bench.driver.print(content, 6)).result is PrintResult.UNCONFIRMED
        assert loop.time() - began > 0.25 + 6 * 0.1


async def test_a_write_only_printer_never_confirms_and_never_waits() -> None:
    async with printing("zjiang_pos_5890") as bench:
        outcome = await bench.driver.print(*bench.bytes_of(SHORT))
        assert outcome == Outcome(PrintResult.UNCONFIRMED, PrinterProblem.WRITE_ONLY)
        assert bench.paper() == "one\ntwo\nthree\n"
        assert not any(b"\x10\x04" in sent or b"\x1dr" in sent for sent in bench.cable.written)
        assert bench.driver.problems == ()


async def test_a_printer_that_answers_only_in_its_queue_is_asked_so() -> None:
    async with printing("gprinter_gp_l80180") as bench:
        assert await bench.driver.print(*bench.bytes_of(SHORT)) == PRINTED
        assert not any(b"\x10\x04" in sent for sent in bench.cable.written)
        bench.machine.cover_open = True
        outcome = await bench.driver.print(*bench.bytes_of(SHORT))
        assert outcome == Outcome(PrintResult.REFUSED, PrinterProblem.SILENT)
        await bench.change(bench.machine.new_roll)
        assert await bench.driver.print(*bench.bytes_of(SHORT)) == PRINTED


async def test_answers_cut_into_single_bytes_and_late_prove_all_the_same() -> None:
    async with printing(patience=Patience(answer=0.5, between_questions=0.02, job=1)) as bench:
        bench.cable.split(1)
        bench.cable.slow(2)
        assert await bench.driver.print(*bench.bytes_of(SHORT)) == PRINTED


async def test_jobs_at_once_come_out_one_after_the_other() -> None:
    async with printing() as bench:
        outcomes = await asyncio.gather(*(bench.driver.print(*bench.bytes_of(SHORT)) for _ in range(3)))
        assert outcomes == [PRINTED] * 3
        assert bench.paper() == "one\ntwo\nthree\n" * 3


def test_pulses() -> None:
    assert pulse(2, Prints(drawer_on_ms=100, drawer_off_ms=500)) == b"\x1bp\x00\x32\xfa"
    assert pulse(5, Prints(drawer_on_ms=200, drawer_off_ms=1)) == b"\x1bp\x01\x64\x64"
    assert pulse(2, Prints(drawer_on_ms=900, drawer_off_ms=900)) == b"\x1bp\x00\xff\xff"
    assert real_time_pulse(5) == b"\x10\x14\x01\x01\x02"
    with pytest.raises(ValueError, match="pin 2 or 5"):
        real_time_pulse(3)


async def test_the_drawer_opens_also_when_there_is_no_paper() -> None:
    async with printing() as bench:
        await bench.driver.kick()
        assert bench.machine.kicks == 1
        bench.machine.rows_left = 0
        await until(lambda: bench.driver.status.online is False, "the end of the paper")
        await bench.driver.kick()
        assert bench.machine.kicks == 2
        assert bench.notes.counts[Statistic.DRAWER_OPENINGS] == 2


async def test_a_kick_without_a_printer_is_said_to_be_none() -> None:
    bench = PrinterBench()
    with pytest.raises(DeviceUnavailable):
        await bench.driver.kick()


@pytest.mark.parametrize("high_when_open", [True, False])
async def test_the_drawers_wiring_is_learnt_once(high_when_open: bool) -> None:
    async with printing() as bench:
        bench.machine.switch_high_when_open = high_when_open
        assert bench.driver.status.drawer_open is None
        assert await bench.driver.learn_drawer() is high_when_open
        await until(lambda: bench.driver.status.drawer_open is True, "the open drawer")
        bench.machine.drawer_open = False
        await until(lambda: bench.driver.status.drawer_open is False, "the closed drawer")


async def test_a_drawer_without_a_switch_teaches_nothing() -> None:
    async with printing() as bench:
        bench.machine.drawer_open = True  # it stays as it is
        assert await bench.driver.learn_drawer(within_s=0.1) is None
        assert bench.driver.status.drawer_open is None


async def test_a_drawer_opened_by_hand_is_told_and_a_kicked_one_is_not() -> None:
    async with printing() as bench:
        by_hand: list[str] = []
        bench.driver.drawer.heard = lambda: by_hand.append("opened")
        await bench.driver.learn_drawer()
        bench.machine.drawer_open = False
        await until(lambda: bench.driver.status.drawer_open is False, "the closed drawer")
        await bench.driver.kick()
        await until(lambda: bench.driver.status.drawer_open is True, "the kick")
        bench.machine.drawer_open = False
        await until(lambda: bench.driver.status.drawer_open is False, "the closed drawer")
        assert by_hand == []
        bench.machine.drawer_open = True
        await until(lambda: by_hand == ["opened"], "the hand")


def test_a_printer_of_another_language_is_misconfigured() -> None:
    profile = msgspec.structs.replace(PrinterBench().profile, protocol="star_line")
    fitting = Fitting("t1/printer", profile, TransportKind.USB, ScanRole.GOODS, Notes(), SystemMachineClock())
    with pytest.raises(DeviceMisconfigured, match="star_line"):
        fit(fitting)
    fitting = Fitting(
        "t1/printer", PrinterBench().profile, TransportKind.USB, ScanRole.GOODS, Notes(), SystemMachineClock()
    )
    assert isinstance(fit(fitting), PrinterDriver)
