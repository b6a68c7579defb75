"""What a till's page says of a paper that nobody knows to be whole."""

from __future__ import annotations

from pathlib import Path

from edge_agent.devices.ports import DeviceState
from edge_agent.devices.printers.problems import PrinterProblem
from edge_agent.receipt import jobs
from edge_agent.receipt.jobs import JobState, Unproven
from tests.edge.person import person
from tests.edge.printers import printing
from tests.edge.printing_store import in_state, printing_of, queue_receipt, running, sell
from tests.edge.waiting import until


async def test_a_printer_pulled_while_it_prints_is_told_until_the_next_paper(tmp_path: Path) -> None:
    async with person(tmp_path) as at, printing() as bench:
        sale = await sell(at.store)
        async with running(printing_of(at.store, bench)) as paper:
            assert "data-unproven" not in (await at.shown(unproven=paper.unproven))["banner"]
            bench.machine.rows_at_once = 1
            first = await queue_receipt(at.store, sale)
            paper.ring()
            await until(in_state(at.store, first, JobState.SENDING), "the first byte")
            await bench.cable.unplug()
            await until(in_state(at.store, first, JobState.UNCONFIRMED), "the end of the job")
            await until(lambda: paper.unproven is not None, "the word of it")
            banner = (await at.shown(unproven=paper.unproven))["banner"]
            assert 'data-unproven="cut_off"' in banner
            assert "小票 x6epw1-000001 " in banner
            assert "未确认" in banner
            assert "补打" in banner
        # Also after a restart it is the till's last paper.
        async with running(printing_of(at.store, bench)) as paper:
            await until(lambda: paper.unproven is not None, "what the disk knows")
            bench.machine.rows_at_once = None
            bench.cable.plug()
            await until(lambda: bench.notes.states[-1:] == [DeviceState.IDLE], "the printer")
            copy = await queue_receipt(at.store, sale, copy=1)
            paper.ring()
            await until(in_state(at.store, copy, JobState.PRINTED), "the copy")
            await until(lambda: paper.unproven is None, "the next paper")


async def test_every_reason_has_its_words_and_a_printer_that_never_tells_is_said_calmly(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        for reason in PrinterProblem:
            for receipt, failed in (("x-000001", True), ("x-000001", False), ("", True), ("", False)):
                shown = await at.shown(unproven=Unproven(receipt, reason, failed))
                calm = reason is PrinterProblem.WRITE_ONLY
                assert ("data-unproven" in shown["banner"]) is not calm
                assert ("data-unproven" in shown["foot"]) is calm


async def test_of_a_till_s_papers_the_last_that_ended_counts(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        sale = await sell(at.store)
        ends = [(JobState.PRINTED, ""), (JobState.FAILED, "paper_end"), (JobState.UNCONFIRMED, "no_proof")]
        found = []
        for copy, (state, reason) in enumerate(ends):
            n = await queue_receipt(at.store, sale, copy=copy)
            one = await at.store.database.read(lambda db, n=n: jobs.find(db, n))
            await at.store.database.run(lambda db, one=one, s=state, r=reason: jobs.note_end(db, one, s, r))
            found.append(await at.store.database.read(lambda db: jobs.unproven(db, "t1")))
        assert found[0] is None
        assert [(one.reason.value, one.failed) for one in found[1:] if one] == [
            ("paper_end", True),
            ("no_proof", False),
        ]
