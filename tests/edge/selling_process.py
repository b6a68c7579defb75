"""A process that sells, for tests that end it: `python -m tests.edge.selling_process FOLDER SYNCHRONOUS [MOMENT]`.

It rings up the baskets of `SALES` one after another, and says each on its standard output the moment it is paid,
as a printer would: what was said must be on the disk. `SYNCHRONOUS` is FULL, as the product has it, or less, to
show that the tests would notice. With `MOMENT` it dies there by SIGKILL.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from uuid import UUID

import structlog

from edge_agent.disk import database
from edge_agent.record import outbox
from edge_agent.record.receipts import Printed
from edge_agent.till.results import Paid
from shared.wire.events import TenderKind
from tests.edge.tills import APPLES, CARD, MILK, Store, opened_store
from tests.failpoint_agent import arm

SALES = [UUID(int=0x01900000_0000_7000_8000_000000000000 + n) for n in range(1, 5)]
HQ = UUID(int=1)
PRINTER = 1


async def sell(store: Store, basket: UUID) -> None:
    """Ring up and pay one basket, going on where an earlier process stopped."""
    till = store.till()
    begun = await till.begin(basket)
    if isinstance(begun, Paid):
        return
    view = await till.view()
    for text in (APPLES, CARD, MILK)[view.steps if view else 0 :]:
        await till.scan(text)
    paid = await till.tender(TenderKind.CASH, 5000, basket=basket)
    assert isinstance(paid, Paid)
    os.write(PRINTER, f"{paid.sale} {paid.receipt}\n".encode())
    await till.note_printed(paid.sale, Printed.PRINTED)


async def main(folder: Path, synchronous: str) -> None:
    """Sell everything, then hear an ack and a fork from HQ, then die without closing anything."""
    vars(database)["_SYNCED"] = synchronous
    async with opened_store(folder, seed=9) as store:
        for basket in SALES:
            await sell(store, basket)
        at = await store.database.read(outbox.position)
        await store.epochs.take_ack(HQ, at.epoch, at.last_seq)
        await store.epochs.take_fork(HQ, at.epoch)
        os._exit(0)


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # the output is the printer's
    if len(sys.argv) > 3:
        arm(sys.argv[3])
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
