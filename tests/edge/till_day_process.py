"""A till's whole day as a process, for tests that end it: `python -m tests.edge.till_day_process FOLDER MOMENT`.

Shift, a price by hand, cents dropped, a payment by telephone, returns in cash and by telephone, the close. Every step
looks first whether an earlier process did it, so that running it again goes on where the power went.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from uuid import UUID

import structlog

from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome
from edge_agent.till.results import Begun, Paid, Refused
from edge_agent.till.returning.results import ReturnView
from edge_agent.till.shifts.results import ShiftReport
from edge_agent.till.till import Till
from shared.wire.events import TenderKind
from tests.edge.staffing import open_to_all
from tests.edge.tills import APPLES, MILK, Store, opened_store
from tests.failpoint_agent import arm

FIRST, SECOND = (UUID(int=0x01900000_0000_7000_8000_000000000010 + n) for n in (1, 2))


class KeptGateway:
    """A payment service that outlives the till's process: what it moved is in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def moved(self) -> dict[str, int]:
        return json.loads(self._path.read_text()) if self._path.exists() else {}

    async def pay(self, attempt: PaymentAttempt) -> PaymentOutcome:
        return self._move(attempt, attempt.minor)

    async def refund(self, attempt: PaymentAttempt) -> PaymentOutcome:
        return self._move(attempt, -attempt.minor)

    async def look_up(self, attempt: PaymentAttempt) -> PaymentOutcome:
        known = str(attempt.id) in self.moved()
        return PaymentOutcome(AttemptState.PAID if known else AttemptState.REFUSED, f"kept-{attempt.id.hex}")

    def _move(self, attempt: PaymentAttempt, minor: int) -> PaymentOutcome:
        moved = self.moved()
        moved.setdefault(str(attempt.id), minor)
        self._path.write_text(json.dumps(moved))
        return PaymentOutcome(AttemptState.PAID, f"kept-{attempt.id.hex}")


def till_of(store: Store, folder: Path) -> Till:
    open_to_all(store, shifts="required", round_off_step=10)
    return store.till(gateways={TenderKind.WECHAT: KeptGateway(folder / "gateway.json")})


async def day(store: Store, folder: Path) -> None:
    """Do everything of the day that is not done yet."""
    till = till_of(store, folder)
    await till.resolve_payments()
    if await till.drawer.view() is None and not await till.drawer.past():
        await till.drawer.open(10_000)
    if isinstance(await till.begin(FIRST), Begun):
        await _ring_first(till)
        assert isinstance(await till.tender(TenderKind.CASH, 2000, basket=FIRST), Paid)
    if isinstance(await till.begin(SECOND), Begun):
        view = await till.view()
        if view is None or not view.priced.lines:
            await till.scan(MILK)
        assert isinstance(await till.tender(TenderKind.WECHAT, basket=SECOND), Paid)
    for sale in (FIRST, SECOND):
        await _give_back(till, sale)
    if await till.drawer.view() is not None:
        await till.drawer.count({5_000: 2})
        assert isinstance(await till.drawer.close(), ShiftReport)


async def _ring_first(till: Till) -> None:
    view = await till.view()
    steps = view.steps if view else 0
    for step, act in enumerate(
        (
            lambda: till.scan(APPLES),
            lambda: till.scan(MILK),
            lambda: till.set_price(1111, 2, reason=""),
            lambda: till.round_off(),  # noqa: PLW0108 - all are called alike
        )
    ):
        if step >= steps:
            answer = await act()
            assert not isinstance(answer, Refused), answer


async def _give_back(till: Till, sale: UUID) -> None:
    found = await till.returns.find(str(sale))
    if isinstance(found, Refused) and found.code == "all_returned":
        return
    assert isinstance(found, ReturnView), found
    if all(line.left for line in found.lines):
        await till.returns.take(str(sale), {1: 1})


async def main(folder: Path) -> None:
    """Do the day, then die without closing anything."""
    async with opened_store(folder, seed=9) as store:
        await day(store, folder)
        os._exit(0)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    arm(sys.argv[2])
    asyncio.run(main(Path(sys.argv[1])))
