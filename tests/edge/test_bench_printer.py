"""The simulated printer's front panel."""

from __future__ import annotations

from edge_agent.bench_printer import work_printer
from edge_agent.bench_words import PrinterPanel, decode_command
from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.devices.transports.simulated import SimulatedTransport
from shared.receipt.document import Document, Says
from tests.edge.printers import printing
from tests.edge.waiting import until

DOCUMENT = Document(title="", language="zh", blocks=(Says(text="合计 ￥5.00"),))


async def test_the_paper_is_shown_and_torn_off() -> None:
    async with printing() as bench:
        await bench.driver.print(*bench.bytes_of(DOCUMENT))
        shown = await work_printer(bench.cable, PrinterPanel(till="t1", tear_off=True, svg=True))
        assert shown is not None
        assert shown["paper"] == "合计 ￥5.00\n"
        assert shown["svg"].startswith("<svg")
        again = await work_printer(bench.cable, PrinterPanel(till="t1"))
        assert again is not None
        assert again["paper"] == ""


async def test_faults_are_ordered_and_ended() -> None:
    async with printing() as bench:
        command = decode_command(b'{"do":"printer","till":"t1","rows_left":0}')
        assert isinstance(command, PrinterPanel)
        await work_printer(bench.cable, command)
        await until(lambda: bench.driver.problems == (PrinterProblem.PAPER_END,), "the end of the paper")
        await work_printer(bench.cable, PrinterPanel(till="t1", rows_left=-1, cover_open=True))
        await until(lambda: bench.driver.problems == (PrinterProblem.COVER_OPEN,), "the cover")
        await work_printer(bench.cable, PrinterPanel(till="t1", cover_open=False, lose_power=True))
        await until(lambda: bench.driver.problems == (), "the printer")


async def test_a_scanner_has_no_paper() -> None:
    assert await work_printer(SimulatedTransport("scanner"), PrinterPanel(till="t1")) is None
    assert await work_printer(None, PrinterPanel(till="t1")) is None
