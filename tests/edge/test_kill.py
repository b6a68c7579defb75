"""P1: the agent may be killed at any moment of a sale; what it said is there, once, and the rest goes on."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from edge_agent.till.results import Found, Paid
from shared.wire.events import TenderKind
from tests.edge.selling_process import SALES, sell
from tests.edge.tills import Store, opened_store

ROOT = Path(__file__).parents[2]


async def sell_until(folder: Path, moment: str) -> dict[str, str]:
    """Run the selling process until it dies at a moment; return what it printed: receipt by sale."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.edge.selling_process",
        str(folder),
        "FULL",
        moment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL, moment
    return dict(line.split() for line in printed.decode().splitlines())


async def receipts_of(store: Store) -> dict[str, str]:
    till = store.till()
    found = {sale: await till.find(sale) for sale in SALES}
    return {str(sale): one.receipt for sale, one in found.items() if one.state == "paid"}


@pytest.mark.processes
@pytest.mark.parametrize(
    ("moment", "paid", "steps"),
    [
        ("basket.change_stored:6", 1, 0),
        ("basket.change_stored:8", 1, 2),
        ("sale.before_transaction:2", 1, 3),
        ("sale.in_transaction:2", 1, 3),
        ("sale.after_commit:2", 2, 0),
        ("receipt.printed:2", 2, 0),
        ("ack.applied", 4, 0),
        ("epoch.opened", 4, 0),
    ],
)
async def test_p1_killed_at_any_moment_of_a_sale(tmp_path: Path, moment: str, paid: int, steps: int) -> None:
    printed = await sell_until(tmp_path, moment)
    async with opened_store(tmp_path, seed=2) as store:
        till = store.till()
        kept = await receipts_of(store)
        assert len(kept) == paid
        assert printed.items() <= kept.items()
        assert len(printed) >= paid - 1
        if steps:
            assert await till.find(SALES[paid]) == Found("open", steps=steps)
        if paid == 2:
            again = await till.tender(TenderKind.CASH, 5000, basket=SALES[1])
            assert isinstance(again, Paid)
            assert (again.receipt, again.change_minor) == (kept[str(SALES[1])], 5000 - again.total_minor)
        for basket in SALES:
            await sell(store, basket)
        whole = await receipts_of(store)
        numbers = await store.database.read(
            lambda db: db.execute("SELECT number FROM receipt ORDER BY series, number").fetchall()
        )
    assert whole.items() >= kept.items()
    assert [number for (number,) in numbers] == [1, 2, 3, 4]
