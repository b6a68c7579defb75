"""The agent's own disk for tests."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from edge_agent import service
from edge_agent.disk.database import Database
from edge_agent.record import outbox
from shared.wire.events import Event

BALLAST_BYTES = 64 * 1024
_NORMAL = 1
"""What a commit without a sync runs at. (0 is a disk made ready for a test, before any agent has it.)"""
_NUMBERS = count()


@pytest.fixture(autouse=True)
def _no_event_is_committed_unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """P1: an event that a power cut could take would be numbered twice: HQ may have it, and the witness counts it."""
    append = outbox.append_encoded

    def watched(db: sqlite3.Connection, event: Event, content: bytes, wall_ms: int) -> tuple[int, int]:
        # This pragma is answered while it is prepared, so each has to be a text of its own.
        (synchronous,) = db.execute(f"PRAGMA synchronous -- {next(_NUMBERS)}").fetchone()
        assert synchronous != _NORMAL, f"{type(event).__name__} would be committed unsynced"
        return append(db, event, content, wall_ms)

    monkeypatch.setattr(outbox, "append_encoded", watched)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A new agent's open database."""
    async with Database.opened(tmp_path / "edge.db", ballast_bytes=BALLAST_BYTES) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _stays_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """`storewire-edge run` starts its process anew; of a test's own process nothing would be left to fail.

    It sets logs up for good there; here no later test could listen to a logger that was used meanwhile.
    """
    monkeypatch.setattr(service, "become", service.run)
    monkeypatch.setattr(service, "_log_as_json", lambda _level: None)
