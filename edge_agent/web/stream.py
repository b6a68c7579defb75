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


class Closing:
    """Says to every open stream that the agent ends: each goes of itself, and nothing has to be cut off."""

    def __init__(self) -> None:
        self.said = False
        self._bell = asyncio.Event()

    def say(self) -> None:
        """End the streams."""
        self.said = True
        self._bell.set()

    async def heard(self, changes: ChangesSeen, seen: int) -> None:
        """Return when there is a change beyond `seen`, when it is time to look anyway, or when the agent ends."""
        waits = [asyncio.ensure_future(changes.beyond(seen)), asyncio.ensure_future(self._bell.wait())]
        try:
            await asyncio.wait(waits, timeout=_SILENCE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()


def event(name: str, data: str) -> bytes:
    """Return one server-sent event; data of several lines is sent line by line, as the standard asks."""
    lines = "\n".join(f"data: {line}" for line in data.splitlines() or [""])
    return f"event: {name}\n{lines}\n\n".encode()


async def events(
    changes: ChangesSeen, render: Callable[[], Awaitable[Parts]], closing: Closing
) -> AsyncIterator[bytes]:
    """Yield what a page shows now, then each part again when it has become another, until either side goes."""
    yield f"retry: {_RETRY_MS}\n\n".encode()
    sent: Parts = {}
    while not closing.said:
        seen = changes.count
        changed = [(name, html) for name, html in (await render()).items() if sent.get(name) != html]
        sent.update(changed)
        # One piece for one change: the page shows it whole. A browser that has gone is noticed by writing to it.
        yield b"".join(event(name, html) for name, html in changed) or b": here\n\n"
        await closing.heard(changes, seen)


def streamed(changes: ChangesSeen, render: Callable[[], Awaitable[Parts]], closing: Closing) -> StreamingResponse:
    """Answer a request with the stream."""
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events(changes, render, closing), media_type="text/event-stream", headers=headers)
