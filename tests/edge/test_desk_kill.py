"""P1: a top-up and its undoing survive a power cut between payment, HQ and event: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from shared.wire.events import TenderKind, ValuePaidBack, ValueSold
from tests.edge.desk_day_process import PAID, day
from tests.edge.desk_hq import desk_store
from tests.edge.till_day_process import KeptGateway

ROOT = Path(__file__).parents[2]
MOMENTS = [
    "sale.before_transaction",
    "value.in_transaction",
    "value.taken_back",
    "refund.asked",
    "value_back.in_transaction",
]


@pytest.mark.processes
@pytest.mark.parametrize("moment", MOMENTS)
async def test_p1_a_top_up_killed_at_any_step_is_sold_once_and_paid_back_once(tmp_path: Path, moment: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.edge.desk_day_process", str(tmp_path), moment, cwd=ROOT,
        stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    await process.communicate()
    assert process.returncode == -signal.SIGKILL, moment
    gateway = KeptGateway(tmp_path / "gateway.json")
    async with desk_store(tmp_path, {TenderKind.WECHAT: gateway}, seed=2, shared_keys=True) as at:
        await day(at)
        await day(at)
        (sold,) = await at.events(ValueSold)
        (back,) = await at.events(ValuePaidBack)
        assert isinstance(sold, ValueSold)
        assert isinstance(back, ValuePaidBack)
        assert (sold.total_minor, back.total_minor, back.of) == (PAID, PAID, sold.id)
        assert sorted(gateway.moved().values()) == [-PAID, PAID]
        assert at.chain.purse() == (0, 0, 0)
        at.chain.prove()
