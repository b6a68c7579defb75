"""Messages heard and not yet handled: bounded by number and by bytes, because a queue that grows is a crash later."""

from __future__ import annotations

import threading
from collections import deque
from typing import NamedTuple


class Heard(NamedTuple):
    """One message as the broker gave it."""

    topic: str
    payload: bytes


class Inbox:
    """Filled by the network thread, drained by the worker. What does not fit is dropped: agents send again."""

    def __init__(self, *, max_bytes: int, max_messages: int = 50_000) -> None:
        self._heard: deque[Heard] = deque()
        self._changed = threading.Condition()
        self._max_bytes = max_bytes
        self._max_messages = max_messages
        self._bytes = 0
        self.dropped = 0

    def put(self, topic: str, payload: bytes) -> None:
        """Add a message, or count it as dropped when the inbox is full. Never blocks."""
        with self._changed:
            if len(self._heard) >= self._max_messages or self._bytes + len(payload) > self._max_bytes:
                self.dropped += 1
                return
            self._heard.append(Heard(topic, payload))
            self._bytes += len(payload)
            self._changed.notify()

    def take(self, limit: int, wait_s: float) -> list[Heard]:
        """Return what is there, at most `limit`; wait up to `wait_s` for the first one, never for more."""
        with self._changed:
            if not self._heard:
                self._changed.wait(wait_s)
            taken = [self._heard.popleft() for _ in range(min(limit, len(self._heard)))]
            self._bytes -= sum(len(heard.payload) for heard in taken)
            return taken

    def wake(self) -> None:
        """Make a waiting `take` return at once."""
        with self._changed:
            self._changed.notify_all()
