"""A top-up and its undoing as a process, for tests that end it: `python -m tests.edge.desk_day_process FOLDER MOMENT`.

Every step looks first whether an earlier process did it, so that running it again goes on where the power went.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import structlog
from sqlmodel import select

from cloud.value.desk_models import ValuePayment, ValueSale
from edge_agent.till.results import Refused
from edge_agent.till.service.results import Customer, Offer, ValueBackNow, ValueSoldNow
from shared.wire.events import TenderKind, ValuePaidBack, ValueSold
from tests.cloud.members_data import take
from tests.edge.desk_hq import DeskStore, desk_store
from tests.edge.till_day_process import KeptGateway
from tests.failpoint_agent import arm

PAID = 10_000


async def day(at: DeskStore) -> None:
    """Top Ann's purse up by telephone payment and undo it, as far as that is not done yet."""
    till = at.open()
    await till.resolve_payments()
    if not await at.events(ValueSold):
        offer = await till.counter.offer(PAID, customer=Customer(key="ann", member=at.chain.ann))
        assert isinstance(offer, Offer), offer
        assert isinstance(await till.counter.sell(offer.id, TenderKind.WECHAT), ValueSoldNow)
    await send(at)
    if not await at.events(ValuePaidBack):
        (sold,) = await at.events(ValueSold)
        assert isinstance(sold, ValueSold)
        receipt = f"{sold.receipt.series}-{sold.receipt.number}"
        done = await till.counter.undo(receipt, reason="")
        assert isinstance(done, ValueBackNow) or (isinstance(done, Refused) and done.code == "value_undo_waits"), done
    await send(at)


async def send(at: DeskStore) -> None:
    """Let HQ have what it does not have yet, whichever process recorded it."""
    with at.chain.database.session() as session:
        known = {*session.exec(select(ValueSale.id)), *session.exec(select(ValuePayment.id))}
    fresh = [one for one in await at.events(ValueSold, ValuePaidBack) if one.id not in known]
    assert not take(at.chain.database, fresh)


async def main(folder: Path) -> None:
    """Do it, then die without closing anything."""
    gateways = {TenderKind.WECHAT: KeptGateway(folder / "gateway.json")}
    async with desk_store(folder, gateways, seed=9, shared_keys=True) as at:
        await day(at)
        os._exit(0)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    arm(sys.argv[2])
    asyncio.run(main(Path(sys.argv[1])))
