"""Our outbox in a process of its own: `python -m benchmarks.rig.own_child MODE FOLDER COUNT`, as the peer's child.

`write` commits events as a till does and says each number once it is on the disk; `read` takes out everything in
batches of the sender's size and commits an ack for each, as the agent does when HQ answers.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import sys
from functools import partial
from pathlib import Path

import msgspec

from benchmarks.rig.disks import CLOCKS, mint, store_settings
from benchmarks.rig.figures import now
from edge_agent.disk.agent_row import device_time
from edge_agent.disk.database import Database
from edge_agent.hq.send_window import Limits
from edge_agent.record import first_start, outbox
from shared.wire.events import Receipt as WireReceipt
from shared.wire.events import SaleVoided, decode_event

_PAYLOAD = "x" * 800
_HQ = mint()


def _begin(db: sqlite3.Connection) -> None:
    first_start.claim(db, "s1-a", "s1", CLOCKS, mint, sold_before=False)
    first_start.take_settings(db, store_settings("s1"), CLOCKS, mint)


def _append(db: sqlite3.Connection, number: int) -> None:
    event = SaleVoided(
        id=mint(), store="s1", till="t1", cashier="c1", at_ms=CLOCKS.business.now_ms(), business_date="2026-01-01",
        device=device_time(db, CLOCKS.machine), receipt=WireReceipt(series="b", number=number, previous=bytes(16)),
        reason=_PAYLOAD,
    )  # fmt: skip
    outbox.append(db, event, CLOCKS.machine.wall_ms())


async def write(database: Database, count: int) -> None:
    """Commit events one by one; say each number that is on the disk."""
    await database.run(_begin)
    for number in range(count):
        await database.run(partial(_append, number=number))
        os.write(1, b"%d\n" % number)
    os.write(1, b"written\n")
    await asyncio.to_thread(sys.stdin.read)


async def read(database: Database) -> None:
    """Take everything out, batch by batch, each acked on the disk."""
    numbers: list[int] = []
    limits, began, after = Limits(), now(), 0
    at = await database.read(outbox.position)
    while batch := await database.read(
        partial(outbox.take, after_seq=after, max_events=limits.batch_events, max_bytes=limits.batch_bytes)
    ):
        after += len(batch.events)
        await database.run(partial(outbox.apply_ack, incarnation=_HQ, epoch=at.epoch, seq=after))
        events = [decode_event(content) for content in batch.events]
        numbers += [event.receipt.number for event in events if isinstance(event, SaleVoided)]
    print(msgspec.json.encode({"numbers": numbers, "seconds": now() - began}).decode(), flush=True)


async def main(mode: str, folder: Path, count: int) -> None:
    """Open the disk and do one of the two."""
    async with Database.opened(folder / "agent.db") as database:
        await (write(database, count) if mode == "write" else read(database))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
