"""Server-sent events: a till's newest state to its page, as often as it changes and no more often than it is read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.responses import StreamingResponse

from edge_agent.till.changes_seen import ChangesSeen

_SILENCE_SECONDS = 5.0
"""How long without a change before the page is looked over all the same (the clock, what waits to be sent)."""
_RETRY_MS = 500
"""How soon a browser asks again after its stream broke: the agent is back within seconds of a restart."""

Parts = dict[str, str]
"""HTML by the name of the event that carries it."""


def event(name: str, data: str) -> bytes:
    """Return one server-sent event; data of several lines is sent line by line, as the standard asks."""
    lines = "\n".join(f"data: {line}" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n\n".encode()


async def events(changes: ChangesSeen, render: Callable[[], Awaitable[Parts]]) -> AsyncIterator[bytes]:
    """Yield what a page shows now, then each part again when it has become another, until the listener goes."""
    yield f"retry: {_RETRY_MS}\n\n".encode()
    sent: Parts = {}
    while True:
        seen = changes.count
        for name, html in (await render()).items():
            if sent.get(name) != html:
                sent[name] = html
                yield event(name, html)
        try:
            async with asyncio.timeout(_SILENCE_SECONDS):
                await changes.beyond(seen)
        except TimeoutError:
            yield b": here\n\n"  # a browser that has gone is noticed by writing to it


def streamed(changes: ChangesSeen, render: Callable[[], Awaitable[Parts]]) -> StreamingResponse:
    """Answer a request with the stream."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(changes, render), media_type="text/event-stream", headers=headers)
