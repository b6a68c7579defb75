"""The logbook: how devices stood is on the disk for people and for the next start."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from edge_agent.devices import logbook
from edge_agent.devices.ports import DeviceState, Statistic
from edge_agent.disk.database import Database
from edge_agent.standing import read_database
from shared.wire.messages import DeviceReport
from tests.edge.device_bench import SIMULATED, supervised
from tests.edge.waiting import until


async def test_counts_go_on_after_a_restart_and_a_state_keeps_its_moment(database: Database) -> None:
    async with supervised(SIMULATED) as bench:
        await bench.is_in(DeviceState.IDLE)
        await bench.cable().press(b"1234\r")
        await until(lambda: len(bench.heard) == 1, "the scan")
        device = bench.device()
        seen = [(device.report(), 7_200_000)]
    await database.run(partial(logbook.keep, seen=seen, wall_ms=1_000))
    await database.run(partial(logbook.keep, seen=seen, wall_ms=2_000))
    (kept,) = await database.read(logbook.entries_kept)
    assert (kept.since_ms, kept.report.state) == (1_000, "idle")
    async with supervised() as bench:
        bench.supervisor.recall(await database.read(logbook.tallies))
        bench.supervisor.bind("t1", [SIMULATED], bench.hear)
        await bench.is_in(DeviceState.IDLE)
        assert bench.device().statistics() == {"hours": 2, "good_reads": 1}


async def test_device_that_changes_state_has_a_new_moment_and_one_that_left_is_gone(database: Database) -> None:
    def report(state: str) -> DeviceReport:
        return DeviceReport(device="t1/printer", profile="epson_tm_t88iii", state=state)

    for state, wall_ms in (("idle", 1_000), ("error", 2_000), ("error", 3_000)):
        await database.run(partial(logbook.keep, seen=[(report(state), 0)], wall_ms=wall_ms))
    assert [one.since_ms for one in await database.read(logbook.entries_kept)] == [2_000]
    await database.run(partial(logbook.keep, seen=[], wall_ms=4_000))
    assert await database.read(logbook.entries_kept) == []


async def test_unknown_count_of_a_newer_program_is_passed_over(database: Database) -> None:
    report = DeviceReport(device="t1/x", profile="p", state="idle", statistics={"good_reads": 3, "from_tomorrow": 1})
    await database.run(partial(logbook.keep, seen=[(report, 0)], wall_ms=1))
    tally = (await database.read(logbook.tallies))["t1/x"]
    assert dict(tally.counts) == {Statistic.GOOD_READS: 3}


async def test_the_file_can_be_read_beside_the_running_agent(database: Database, tmp_path: Path) -> None:
    report = DeviceReport(device="t1/scanner", profile="serial_line", state="closed", reason="unplugged")
    await database.run(partial(logbook.keep, seen=[(report, 0)], wall_ms=1))
    assert [one.report for one in read_database(tmp_path / "edge.db", logbook.entries_kept)] == [report]
