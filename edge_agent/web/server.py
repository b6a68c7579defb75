"""The HTTP server of the till pages, as a part of the agent: it ends with the agent and takes no signals of its own."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.types import ASGIApp

LOOPBACK = "127.0.0.1"
_GRACE_SECONDS = 1
_log = structlog.get_logger(__name__)


class PortTaken(OSError):
    """The port of the till pages is in use by another program; the text names it."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the agent."""
        yield


def bound(port: int, host: str = LOOPBACK) -> socket.socket:
    """Return a socket listening on a port, as shipped of loopback; 0 takes a free one. Raise PortTaken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen()  # from here on a browser waits for the pages instead of being refused
    except OSError as error:
        made.close()
        other = "choose another as web_port" if host == LOOPBACK else "head office can name another for terminals"
        raise PortTaken(f"port {port} of the till pages is taken; {other}: {error}") from error
    return made


async def serve(
    app: ASGIApp,
    listener: socket.socket,
    ending: Callable[[], None] | None = None,
    *,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve until cancelled, by TLS if given its context.

    `ending` then tells open streams to end, and their pages come back by themselves.
    """
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        limit_concurrency=200,
        proxy_headers=False,
    )
    config.load()
    config.ssl = tls
    server = _Server(config)
    _log.info("pages_open", address="{}://{}:{}/".format("https" if tls else "http", *listener.getsockname()))
    task = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        if ending is not None:
            ending()
        server.should_exit = True
        await task
        raise
    finally:
        listener.close()
