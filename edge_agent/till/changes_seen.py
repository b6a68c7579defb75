"""What has changed at a till, for whoever shows it: a count that only rises, and a way to wait until it has.

A page needs the newest state and not each step, so nothing is queued: one that is slow to look misses nothing.
"""

from __future__ import annotations

import asyncio


class ChangesSeen:
    """Counts a till's changes. Every watcher keeps the count it has seen and waits for a higher one."""

    def __init__(self) -> None:
        self.count = 0
        self._waiters: set[asyncio.Future[None]] = set()

    def note(self) -> None:
        """Say that there is something new to show."""
        self.count += 1
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    async def beyond(self, seen: int) -> int:
        """Return the count as soon as it is higher than `seen`."""
        while self.count <= seen:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.add(waiter)
            try:
                await waiter
            finally:
                self._waiters.discard(waiter)
        return self.count
