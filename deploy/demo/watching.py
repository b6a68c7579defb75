"""What the board shows, read from HQ's database by plain SQL: sales, points, price books, what each agent reports."""

from __future__ import annotations

import json
from typing import Any

from deploy.demo.database import DatabaseAway, query
from deploy.demo.progress import Board, StoreLine
from deploy.demo.trade import Tally

_FLEET = "SELECT store_id, gone, reported FROM agent WHERE status = 'active'"
_FIGURES = """
SELECT (SELECT count(*) FROM sale), (SELECT coalesce(sum(amount), 0) FROM balance),
       (SELECT coalesce(max(version), 0) FROM price_version)
"""


_UNSETTLED = "SELECT count(*) FROM ingest_commit WHERE NOT audited OR NOT sealed"


_MEMBERS_WAITING = "SELECT count(*) FROM member_dirty"
_MEMBER_SETS = """
SELECT a.reported, s.version FROM agent a JOIN store_members s ON s.store_id = a.store_id WHERE a.status = 'active'
"""


def stores_know_members(database_url: str) -> bool:
    """Tell whether every store has heard of everybody it may know by now."""
    try:
        if query(database_url, _MEMBERS_WAITING) != [(0,)]:
            return False
        sets = query(database_url, _MEMBER_SETS)
    except DatabaseAway:
        return False
    return all(
        reported and json.loads(bytes(reported)).get("members_version", 0) == version for reported, version in sets
    )


def is_settled(database_url: str) -> bool:
    """Tell whether HQ has audited and sealed everything that came in."""
    try:
        return query(database_url, _UNSETTLED) == [(0,)]
    except DatabaseAway:
        return False


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
            figures, fleet = query(self._url, _FIGURES), query(self._url, _FLEET)
        except DatabaseAway:
            return
        self._board.cloud_sales, self._board.points, self._board.versions = map(int, figures[0])
        for store, gone, reported in fleet:
            line = self._board.stores.setdefault(store, StoreLine())
            line.online = not gone
            line.sales = self._tally.sales.get(store, 0)
            if reported:
                _take_report(line, json.loads(bytes(reported)))


def _take_report(line: StoreLine, reported: dict[str, Any]) -> None:
    line.backlog = reported.get("backlog", 0)
    line.version = max((till["version"] for till in reported.get("tills", [])), default=0)
    line.staged = max(reported.get("staged", []), default=0)
