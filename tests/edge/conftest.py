"""The agent's own disk for tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent.disk.database import Database

BALLAST_BYTES = 64 * 1024


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """A new agent's open database."""
    async with Database.opened(tmp_path / "edge.db", ballast_bytes=BALLAST_BYTES) as opened:
        yield opened
