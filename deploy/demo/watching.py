"""What the board shows, read from HQ's database by plain SQL: sales, points, price books, what each agent reports."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from typing import Any

from deploy.demo.progress import Board, StoreLine
from deploy.demo.trade import Tally

_FLEET = "SELECT store_id, gone, reported FROM agent WHERE status = 'active'"
_FIGURES = """
SELECT (SELECT count(*) FROM sale), (SELECT coalesce(sum(amount), 0) FROM balance),
       (SELECT coalesce(max(version), 0) FROM price_version)
"""


class Watch:
    """Brings a board up to date; a database that is away just now leaves it as it is."""

    def __init__(self, board: Board, tally: Tally, database_url: str) -> None:
        self._board = board
        self._tally = tally
        self._url = database_url

    def refresh(self) -> None:
        """Read the figures again."""
        self._board.sales = self._tally.total
        try:
            figures, fleet = self._read()
        except (OSError, sqlite3.Error, RuntimeError):
            return
        self._board.cloud_sales, self._board.points, self._board.versions = map(int, figures)
        for store, gone, reported in fleet:
            line = self._board.stores.setdefault(store, StoreLine())
            line.online = not gone
            line.sales = self._tally.sales.get(store, 0)
            if reported:
                _take_report(line, json.loads(bytes(reported)))

    def _read(self) -> tuple[Any, list[Any]]:
        if self._url.startswith("sqlite:///"):
            path = self._url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=1)) as db:
                return db.execute(_FIGURES).fetchone(), db.execute(_FLEET).fetchall()
        import psycopg  # noqa: PLC0415 - only where the run uses PostgreSQL

        try:
            with psycopg.connect(self._url.replace("postgresql+psycopg://", "postgresql://", 1)) as server:
                return server.execute(_FIGURES).fetchone(), server.execute(_FLEET).fetchall()
        except psycopg.Error as error:
            raise RuntimeError(str(error)) from error


def _take_report(line: StoreLine, reported: dict[str, Any]) -> None:
    line.backlog = reported.get("backlog", 0)
    line.version = max((till["version"] for till in reported.get("tills", [])), default=0)
    line.staged = max(reported.get("staged", []), default=0)
