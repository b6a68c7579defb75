"""A Unix socket that only this user may open: how other programs of this machine talk to the agent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
_log = structlog.get_logger(__name__)


async def serve(path: Path, name: str, talk: Talk, *, line_bytes: int) -> None:
    """Listen until cancelled; each connection is a `talk` of its own, closed when that ends."""
    with _listening(path) as listener:
        async with asyncio.TaskGroup() as talks:

            def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                talks.create_task(_hold(talk, reader, writer, name), name=f"{name} talk")

            server = await asyncio.start_unix_server(connected, sock=listener, limit=line_bytes)
            _log.info(f"{name}_open", socket=str(path))
            try:
                await asyncio.Event().wait()
            finally:
                server.close()


@contextmanager
def _listening(path: Path) -> Iterator[socket.socket]:
    """Bind the socket; nobody may connect before it is this user's alone."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        try:
            path.chmod(0o600)
            yield listener
        finally:
            path.unlink(missing_ok=True)


async def _hold(talk: Talk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str) -> None:
    try:
        await talk(reader, writer)
    except (ConnectionError, ValueError) as error:
        _log.info(f"{name}_connection_ended", reason=str(error))
    finally:
        writer.close()
