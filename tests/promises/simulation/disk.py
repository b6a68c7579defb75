"""An agent's disk in a simulation: the real SQLite file, and a fuse that cuts the power at any commit or message."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from edge_agent.disk.migrations import migrate

T = TypeVar("T")


class PowerCut(Exception):
    """The machine is off from this very moment."""


class Fuse:
    """Blows after so many moments at which a machine could lose its power; never while it is not lit."""

    def __init__(self) -> None:
        self._left: int | None = None

    def light(self, moments: int) -> None:
        self._left = moments

    def put_out(self) -> None:
        self._left = None

    def burn(self) -> None:
        """Come to a moment at which the power may go."""
        if self._left is None:
            return
        if self._left == 0:
            self._left = None
            raise PowerCut
        self._left -= 1


class Disk:
    """Stands for `edge_agent.disk.database.Database`: the same file and transactions, without threads and syncs.

    Nothing here loses what was committed, so syncing would only cost time; what a sync is worth is tested elsewhere.
    """

    def __init__(self, path: Path, fuse: Fuse) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("foreign_keys = ON", "journal_mode = MEMORY", "synchronous = OFF"):
            self.db.execute(f"PRAGMA {pragma}").close()
        migrate(self.db)
        self.commits = 0
        self._fuse = fuse

    async def run(self, fn: Callable[[sqlite3.Connection], T], *, makes_room: bool = False) -> T:
        self._fuse.burn()
        self.db.execute("BEGIN IMMEDIATE")
        try:
            result = fn(self.db)
            self._fuse.burn()
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise
        self.commits += 1
        self._fuse.burn()
        return result

    async def read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        self.db.execute("BEGIN")
        try:
            return fn(self.db)
        finally:
            self.db.execute("COMMIT")

    def close(self) -> None:
        self.db.close()
