"""P1: a till's day survives a power cut at any of its steps; nothing is lost, nothing done twice."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from shared.shift_totals import add_up
from shared.wire.events import SaleCompleted, SaleReturned
from shared.wire.till_events import ShiftClosed, ShiftOpened
from tests.edge.test_till import events
from tests.edge.till_day_process import KeptGateway, day
from tests.edge.tills import opened_store

ROOT = Path(__file__).parents[2]
MOMENTS = [
    *(f"basket.change_stored:{n}" for n in range(1, 16)),
    "sale.in_transaction:1",
    "sale.in_transaction:2",
    "payment.asked",
    "sale.before_transaction:2",
    "sale.after_commit:2",
    "return.in_transaction:1",
    "refund.asked",
    "return.in_transaction:2",
    "shift.in_transaction",
]


async def killed_at(folder: Path, moment: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.edge.till_day_process",
        str(folder),
        moment,
        cwd=ROOT,
        stderr=asyncio.subprocess.DEVNULL,
    )
    await process.communicate()
    assert process.returncode == -signal.SIGKILL, moment


@pytest.mark.processes
@pytest.mark.parametrize("moment", MOMENTS)
async def test_p1_a_till_killed_at_any_step_of_its_day_goes_on_where_it_was(tmp_path: Path, moment: str) -> None:
    await killed_at(tmp_path, moment)
    async with opened_store(tmp_path, seed=2) as store:
        await day(store, tmp_path)
        await day(store, tmp_path)
        found = await events(store)
    sales = [one for one in found if isinstance(one, SaleCompleted)]
    backs = [one for one in found if isinstance(one, SaleReturned)]
    closes = [one for one in found if isinstance(one, ShiftClosed)]
    (opened,) = [one for one in found if isinstance(one, ShiftOpened)]
    assert [sale.total_minor for sale in sales] == [1610, 1299]
    assert [back.total_minor for back in backs] == [sales[0].lines[0].net_minor, 1299]
    assert {one.shift for one in (*sales, *backs, *closes)} == {opened.id}
    assert len(closes) == 1
    assert closes[0].totals == add_up([opened, *sales, *backs])
    assert sorted(KeptGateway(tmp_path / "gateway.json").moved().values()) == [-1299, 1299]
