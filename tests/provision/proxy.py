"""A wire that a test can spoil: a TCP proxy between an agent and HQ that goes silent, cuts or delays on demand."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

_PIECE_BYTES = 64 * 1024
_SECONDS = 10.0

Way = Literal["up", "down"]


class Proxy:
    """Forwards bytes both ways until told otherwise. Make one with `proxied`."""

    def __init__(self, host: str, port: int, loop: asyncio.AbstractEventLoop) -> None:
        self._target = (host, port)
        self._loop = loop
        self._open: dict[Way, asyncio.Event] = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._delay_seconds = 0.0
        self._refuses = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.accepted = 0

    @property
    def passed(self) -> dict[Way, int]:
        """Bytes forwarded each way."""
        return dict(self._passed)

    def black_hole(self, *ways: Way) -> None:
        """Go silent in these directions (both by default): nothing is closed, nothing comes through any more."""
        self._do(lambda: [self._open[way].clear() for way in ways or ("up", "down")])

    def cut(self) -> None:
        """Break every connection, and each new one at once."""
        self._do(lambda: self._break(refuses=True))

    def delay(self, seconds: float) -> None:
        """Hold every piece for so long before it goes on."""
        self._do(lambda: setattr(self, "_delay_seconds", seconds))

    def heal(self, *, lost: bool = True) -> None:
        """Forward again. With `lost`, connections that were silent are broken, as by a router that forgot them."""
        self._do(lambda: self._mend(lost=lost))

    def _do(self, act: Callable[[], object]) -> None:
        async def acted() -> None:
            act()

        _wait(self._loop, acted())

    def _break(self, *, refuses: bool) -> None:
        self._refuses = refuses
        for writer in self._writers:
            writer.transport.abort()

    def _mend(self, *, lost: bool) -> None:
        was_silent = not all(way.is_set() for way in self._open.values())
        self._refuses, self._delay_seconds = False, 0.0
        if lost and was_silent:
            self._break(refuses=False)
        for way in self._open.values():
            way.set()

    async def start(self) -> None:
        """Listen on a free port of this machine."""
        self._passed: dict[Way, int] = {"up": 0, "down": 0}
        self._mend(lost=False)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening and break what is open."""
        if self._server is not None:
            self._server.close()
        self._break(refuses=True)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
            with suppress(asyncio.CancelledError, OSError):
                await task

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        if self._refuses:
            writer.transport.abort()
            return
        try:
            onward, outward = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        pair = {writer, outward}
        self._writers |= pair
        try:
            await asyncio.gather(self._pump("up", reader, outward), self._pump("down", onward, writer))
        except OSError:
            pass
        finally:
            self._writers -= pair
            for one in pair:
                one.transport.abort()

    async def _pump(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(_PIECE_BYTES):
            if self._delay_seconds:
                await asyncio.sleep(self._delay_seconds)
            await self._open[way].wait()
            writer.write(piece)
            await writer.drain()
            self._passed[way] += len(piece)
        if writer.can_write_eof():
            writer.write_eof()


def _wait(loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
    asyncio.run_coroutine_threadsafe(work, loop).result(_SECONDS)


@contextmanager
def proxied(host: str, port: int) -> Iterator[Proxy]:
    """Run a proxy to an address until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="proxy", daemon=True)
    thread.start()
    proxy = Proxy(host, port, loop)
    try:
        _wait(loop, proxy.start())
        yield proxy
    finally:
        _wait(loop, proxy.close())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_SECONDS)
        loop.close()
