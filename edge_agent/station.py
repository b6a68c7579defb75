"""A till's station: the till's use cases with the devices bound to it; what is scanned there happens there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from edge_agent.devices.ports import Reading, ScanCut, Scanned
from edge_agent.devices.supervisor import Supervisor
from edge_agent.till.results import LineAdded, MemberAttached, Refused
from edge_agent.till.till import Till

Heard = LineAdded | MemberAttached | Refused | None
"""What a reading led to; None when it was cut off."""

_WAITING = 64
_log = structlog.get_logger(__name__)


class Station:
    """One till, its scanner, and whoever watches what is scanned there."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.devices: list[Supervisor] = []
        self._watchers: set[asyncio.Queue[Heard]] = set()

    async def heard(self, reading: Reading) -> None:
        """Take what the scanner read: ring it up, and tell the watchers what came of it."""
        answer: Heard = None
        if isinstance(reading, Scanned):
            answer = await self.till.scan(reading.text)
        elif isinstance(reading, ScanCut):
            _log.warning("scan_cut", till=self.till.id, reason=reading.reason)
        else:
            return
        for watcher in self._watchers:
            if watcher.full():
                watcher.get_nowait()  # one that does not keep up sees the latest
            watcher.put_nowait(answer)

    @contextmanager
    def watched(self) -> Iterator[asyncio.Queue[Heard]]:
        """Yield a queue of what is scanned from now on."""
        queue: asyncio.Queue[Heard] = asyncio.Queue(_WAITING)
        self._watchers.add(queue)
        try:
            yield queue
        finally:
            self._watchers.discard(queue)
