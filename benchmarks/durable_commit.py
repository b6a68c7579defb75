"""A ten-line sale paid at the till against the bare SQLite transaction with the same bytes, on the same disk.

The till is the product's: its price book of 100,000 items, its basket, its tender, in one hop to the database's thread.
The bare transaction is plain `sqlite3` in WAL mode with `synchronous=FULL`: the same event bytes and a receipt row
inserted, the same basket of eleven changes deleted, committed. The two take turns. Baskets are rung up, and the bare
one's rows inserted, outside of the time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.rig.disks import CLOCKS, mint, store_settings
from benchmarks.rig.figures import latency, now, percentile, report, spread
from benchmarks.rig.shop import barcode, card_keys, open_shop
from edge_agent.disk.database import Database, sync_log
from edge_agent.hq.member_set import MemberSet
from edge_agent.prices.books import PriceBooks
from edge_agent.record.outbox import Doorbell
from edge_agent.till.desk import Desk
from edge_agent.till.results import LineAdded, Paid
from edge_agent.till.till import Till
from shared.wire.events import TenderKind, TillKind

BUDGET = "p50 within 2x of the bare transaction (goal 1.3x); 40 kB written a sale"
_LINES = 10
_WARM = 50
_PACED_EVERY = 5
_BARE = """
CREATE TABLE event (n INTEGER PRIMARY KEY, id BLOB NOT NULL, kind TEXT NOT NULL, head BLOB NOT NULL,
    made_ms INTEGER NOT NULL, content BLOB NOT NULL) STRICT;
CREATE TABLE receipt (till TEXT NOT NULL, series TEXT NOT NULL, number INTEGER NOT NULL, head BLOB NOT NULL,
    event BLOB NOT NULL UNIQUE, n INTEGER NOT NULL, kind TEXT NOT NULL, business_date TEXT NOT NULL,
    at_ms INTEGER NOT NULL, total_minor INTEGER NOT NULL, printed TEXT NOT NULL,
    PRIMARY KEY (till, series, number)) STRICT, WITHOUT ROWID;
CREATE TABLE basket_change (basket BLOB NOT NULL, n INTEGER NOT NULL, content BLOB NOT NULL,
    PRIMARY KEY (basket, n)) STRICT, WITHOUT ROWID;
"""


@dataclass(slots=True)
class Turns:
    """What each round found: seconds and bytes."""

    tender: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    tender_bytes: list[int] = field(default_factory=list)
    bare_bytes: list[int] = field(default_factory=list)
    basket_bytes: list[int] = field(default_factory=list)
    """Every scan of the basket and its payment, rung up without a pause."""
    paced_bytes: list[int] = field(default_factory=list)
    """The same with every scan synced by itself, as at a cashier's pace."""

    def drop(self) -> None:
        """Forget the warm-up."""
        for values in (self.tender, self.bare, self.tender_bytes, self.bare_bytes, self.basket_bytes, self.paced_bytes):
            values.clear()


class BareSale:
    """The bare transaction, with a database of its own."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL").fetchone()
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_BARE)
        self._n = 0

    def ring(self, basket: bytes, changes: Sequence[bytes]) -> None:
        """Put a basket's changes there, as the scans did."""
        rows = [(basket, n, content) for n, content in enumerate(changes, start=1)]
        self._db.executemany("INSERT INTO basket_change VALUES (?, ?, ?)", rows)

    def pay(self, basket: bytes, event: tuple[Any, ...], receipt: tuple[Any, ...]) -> None:
        """Write the sale and take the basket away, in one synced transaction."""
        self._n += 1
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?)", (self._n, *event))
        self._db.execute("INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", receipt)
        self._db.execute("DELETE FROM basket_change WHERE basket = ?", (basket,))
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the database."""
        self._db.close()


def bytes_written() -> int:
    """Return the bytes this process has caused to be written to storage so far."""
    for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
        if line.startswith("write_bytes:"):
            return int(line.split()[1])
    raise LookupError("the kernel does not say write_bytes")


def make_till(database: Database) -> Till:
    """Return the till of the store's disk."""
    settings = store_settings("s1")
    desk = Desk(
        till="t1",
        kind=TillKind.STAFFED,
        clocks=CLOCKS,
        mint=mint,
        books=PriceBooks(CLOCKS.business),
        members=MemberSet(bytes(32)),
        cards=card_keys(),
        settings=lambda: settings,
    )
    till = Till(database, desk, Doorbell())
    till.cashier = "c1"
    return till


def same_bytes(path: Path, sale: bytes) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return the rows that a sale left on the agent's disk."""
    with closing(sqlite3.connect(path)) as db:
        event = db.execute("SELECT id, kind, head, made_ms, content FROM event WHERE id = ?", (sale,)).fetchone()
        receipt = db.execute("SELECT * FROM receipt WHERE event = ?", (sale,)).fetchone()
    return event, receipt


async def one_turn(till: Till, database: Database, bare: BareSale, codes: Sequence[str], turns: Turns) -> None:
    """Sell once by the till, then the same bytes barely."""
    basket = mint()
    await till.begin(basket)
    at_begin = bytes_written()
    for code in codes:
        if not isinstance(await till.scan(code), LineAdded):
            raise SystemExit(f"the till does not know {code}")
    changes = await database.read(
        lambda db: [row[0] for row in db.execute("SELECT content FROM basket_change WHERE basket = ?", (basket.bytes,))]
    )
    before, began = bytes_written(), now()
    paid = await till.tender(TenderKind.CASH, basket=basket)
    turns.tender.append(now() - began)
    if not isinstance(paid, Paid):
        raise SystemExit(f"the sale was not made: {paid}")
    after = bytes_written()
    turns.tender_bytes.append(after - before)
    turns.basket_bytes.append(after - at_begin)
    event, receipt = same_bytes(database.path, basket.bytes)
    bare.ring(basket.bytes, changes)
    before, began = bytes_written(), now()
    bare.pay(basket.bytes, event, receipt)
    turns.bare.append(now() - began)
    turns.bare_bytes.append(bytes_written() - before)


async def one_paced(till: Till, database: Database, codes: Sequence[str], turns: Turns) -> None:
    """Sell once with a sync after each scan: what the agent does by itself when the next one takes a second."""
    basket = mint()
    await till.begin(basket)
    before = bytes_written()
    for code in codes:
        await till.scan(code)
        sync_log(database.path)
    await till.tender(TenderKind.CASH, basket=basket)
    turns.paced_bytes.append(bytes_written() - before)


async def sell(folder: Path, items: int, sales: int) -> Turns:
    """Take turns."""
    draw, turns = random.Random(1), Turns()
    async with Database.opened(folder / "agent.db") as database:
        till = make_till(database)
        with closing(BareSale(folder / "bare.db")) as bare:
            for turn in range(_WARM + sales):
                if turn == _WARM:
                    turns.drop()
                codes = [barcode(draw.randint(1, items)) for _ in range(_LINES)]
                await one_turn(till, database, bare, codes, turns)
                if turn % _PACED_EVERY == 0:
                    await one_paced(till, database, codes, turns)
    return turns


def fsync_ms(folder: Path) -> float:
    """Return what one fsync of an appended page costs on this disk: median of 200, in milliseconds."""
    seconds = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(bytes(4096))
            began = now()
            os.fsync(file.fileno())
            seconds.append(now() - began)
    return round(percentile(seconds, 0.5) * 1000, 3)


def on_a_slower_disk(options: argparse.Namespace) -> dict[str, Any] | None:
    """Return the same comparison with each sync made to last longer by strace; None where there is no strace."""
    strace = shutil.which("strace")
    if strace is None or not options.slow_sync_us:
        return None
    delay = f"inject=fsync,fdatasync:delay_exit={options.slow_sync_us}"
    traced = [strace, "-f", "--seccomp-bpf", "-o", os.devnull, "-e", "trace=fsync,fdatasync", "-e", delay]
    inner = ["-m", "benchmarks.durable_commit", "--slow-sync-us", "0", "--items", "1000", "--sales", "100"]
    answer = subprocess.run([*traced, sys.executable, *inner], check=True, capture_output=True, text=True).stdout
    found = json.loads(answer)
    return {name: found[name] for name in ("fsync_p50_ms", "tender", "compared_with")}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--sales", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, default=None, help="on the disk to measure; a temporary one otherwise")
    parser.add_argument(
        "--slow-sync-us", type=int, default=4_000, help="also on a disk whose syncs last so much longer"
    )
    options = parser.parse_args(arguments)
    found: list[Turns] = []
    with tempfile.TemporaryDirectory(prefix="sw-commit-", dir=options.folder) as name:
        folder = Path(name)
        probe = fsync_ms(folder)
        for number in range(options.rounds):
            state = folder / str(number)
            open_shop(state, options.items, 0)
            found.append(asyncio.run(sell(state, options.items, options.sales)))
    ratios = [percentile(turns.tender, 0.5) / percentile(turns.bare, 0.5) for turns in found]
    everything = Turns(*([value for turns in found for value in getattr(turns, name)] for name in Turns.__slots__))
    report(
        "durable_commit",
        BUDGET,
        lines=_LINES,
        items=options.items,
        fsync_p50_ms=probe,
        tender=latency(everything.tender),
        compared_with={"bare SQLite FULL transaction": latency(everything.bare), "ratio of p50": spread(ratios)},
        on_a_disk_of_slower_syncs=on_a_slower_disk(options),
        written_bytes_per_sale={
            "tender alone": round(sum(everything.tender_bytes) / len(everything.tender_bytes)),
            "bare transaction": round(sum(everything.bare_bytes) / len(everything.bare_bytes)),
            "whole basket, no pauses": round(sum(everything.basket_bytes) / len(everything.basket_bytes)),
            "whole basket, each scan synced": round(sum(everything.paced_bytes) / len(everything.paced_bytes)),
        },
    )


if __name__ == "__main__":
    main()
