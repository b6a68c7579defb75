"""Agents' disks with a backlog: real sales, numbered and chained by the edge's own functions."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from benchmarks.rig.real_sales import StoreSale
from deploy.demo.schedule import ZONE_NAME
from edge_agent.clock import Clocks, SystemBusinessClock, SystemMachineClock
from edge_agent.disk.migrations import migrate
from edge_agent.record import first_start, receipts, witness
from shared.ids import UuidMint
from shared.wire.desired import StoreSettings, Till
from shared.wire.events import BookReference

CLOCKS = Clocks(SystemBusinessClock(), SystemMachineClock())
mint = UuidMint(CLOCKS.machine.wall_ms, os.urandom)
_PER_TRANSACTION = 500
_PRAGMAS = (
    "PRAGMA page_size = 1024",
    "PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = OFF",  # only while it is made: nobody crashes a benchmark's setting-up
    "PRAGMA foreign_keys = ON",
)


def store_settings(store: str) -> StoreSettings:
    """Return what HQ tells the agents of these benchmarks about their stores."""
    return StoreSettings(
        store=store,
        name=store,
        legal_entity="",
        time_zone=ZONE_NAME,
        currency="USD",
        locale="en",
        price_zone="z1",
        tills=[Till(till="t1", number=1)],
    )


@dataclass(slots=True)
class Disk:
    """One agent's database while it is being filled."""

    state_dir: Path
    agent: str
    store: str
    events: int = 0
    _db: sqlite3.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.state_dir.mkdir(parents=True, exist_ok=True)
        path = self.state_dir / "agent.db"
        path.touch(mode=0o600)
        self._db = sqlite3.connect(path, isolation_level=None)
        for pragma in _PRAGMAS:
            self._db.execute(pragma)
        migrate(self._db)
        self._db.execute("BEGIN")
        first_start.claim(self._db, self.agent, self.store, CLOCKS, mint, sold_before=False)
        first_start.take_settings(self._db, store_settings(self.store), CLOCKS, mint)
        self._db.execute("UPDATE agent SET settings = ?", (msgspec.json.encode(store_settings(self.store)),))
        self.events = 2

    def add(self, one: StoreSale, book: BookReference | None) -> None:
        """Put a finished sale on the disk, as the till does when it is paid."""
        receipts.issue(
            self._db,
            one.sale.till,
            lambda receipt: msgspec.structs.replace(
                one.sale, store=self.store, receipt=receipt, book=book or one.sale.book
            ),
            CLOCKS.machine.wall_ms(),
        )
        self.events += 1
        if self.events % _PER_TRANSACTION == 0:
            self._db.execute("COMMIT")
            self._db.execute("BEGIN")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the database inside the transaction that `close` commits."""
        yield self._db

    def close(self) -> None:
        """Keep what was added, and the witness an agent leaves: without it the first start numbers everything anew."""
        self._db.execute("COMMIT")
        witness.write(self.state_dir / "witness.json", witness.of(self._db, witness.this_machine()))
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._db.close()


class Disks:
    """The disks of several agents, filled side by side; agent `<store>-a` serves store `<store>`."""

    def __init__(self, folder: Path, book: BookReference | None = None) -> None:
        self._folder = folder
        self._book = book
        self._disks: dict[str, Disk] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for disk in self._disks.values():
            disk.close()

    @property
    def events(self) -> int:
        """Events on all disks, the few that open a sequence included."""
        return sum(disk.events for disk in self._disks.values())

    def open(self, stores: Iterable[str]) -> None:
        """Make an empty disk for each store."""
        for store in stores:
            self._disks[store] = Disk(self._folder / f"{store}-a", f"{store}-a", store)

    def add(self, one: StoreSale) -> None:
        """Put a sale on its store's disk."""
        self._disks[one.store].add(one, self._book)
