"""Live pages: one server-sent stream per open page, with an event for each region that has changed.

A page's stream is its own address asked for as `text/event-stream`, so what is live is exactly what was shown. One
stream carries all regions because browsers open only six connections to a host over HTTP/1.1. Streams of the same
page in the same language share one reading of the database per beat.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from fastapi.responses import Response, StreamingResponse
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool

from cloud.errors import CloudError

Regions = Mapping[str, str]
"""HTML by region."""
EVERY_S = 2.0
"""How often an open page looks for what has changed."""
MOST = 200
"""Open streams at once; beyond that a page says that it is not live."""
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@dataclass(slots=True)
class _Watched:
    """A page that somebody has open: its last reading, how old that is, and how many have it open."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    viewers: int = 0
    read_at: float = float("-inf")
    regions: Regions = field(default_factory=dict)


class Streams:
    """Every open stream of this process."""

    def __init__(self, every_s: float = EVERY_S, most: int = MOST) -> None:
        self._every_s = every_s
        self._most = most
        self._watched: dict[str, _Watched] = {}
        self._ended = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def viewers(self) -> int:
        """Return how many streams are open."""
        return sum(watched.viewers for watched in self._watched.values())

    def close(self) -> None:
        """End every stream, from any thread: a server that stops waits for its answers to end."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._ended.set)

    def answer(self, key: str, read: Callable[[], Regions]) -> Response:
        """Answer with the stream of a page; `key` names the page, `read` renders its regions in a worker thread."""
        if self.viewers >= self._most:
            return Response(status_code=503, headers={"Retry-After": "30"})
        return StreamingResponse(self._events(key, read), media_type="text/event-stream", headers=_HEADERS)

    async def _events(self, key: str, read: Callable[[], Regions]) -> AsyncIterator[str]:
        self._loop = asyncio.get_running_loop()
        watched = self._watched.setdefault(key, _Watched())
        watched.viewers += 1
        sent: dict[str, str] = {}
        try:
            while not self._ended.is_set():
                regions = await self._newest(watched, read)
                if regions is not None:
                    for name, html in regions.items():
                        if sent.get(name) != html:
                            sent[name] = html
                            yield event(name, html)
                    yield event("beat", "")
                await self._pause()
        finally:
            watched.viewers -= 1
            if not watched.viewers:
                self._watched.pop(key, None)

    async def _newest(self, watched: _Watched, read: Callable[[], Regions]) -> Regions | None:
        """Return a reading no older than a beat; None while the database is away, which the page then shows."""
        async with watched.lock:
            now = asyncio.get_running_loop().time()
            if now - watched.read_at >= self._every_s / 2:
                try:
                    watched.regions = await run_in_threadpool(read)
                except (CloudError, OperationalError):
                    return None
                watched.read_at = now
            return watched.regions

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._ended.wait(), self._every_s)
        except TimeoutError:
            return


def event(name: str, data: str) -> str:
    """Write one server-sent event."""
    lines = "".join(f"data: {line}\n" for line in (data.splitlines() or [""]))
    return f"event: {name}\n{lines}\n"


def asks_for_stream(request: Request) -> bool:
    """Tell whether a request is a page's own, to keep it live."""
    return "text/event-stream" in request.headers.get("Accept", "")
