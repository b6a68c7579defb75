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
_ANY_IPV4, _ANY_IPV6 = "0.0.0.0", "::"  # noqa: S104 - who asks must come from a private address, and be paired
_GRACE_SECONDS = 1
_log = structlog.get_logger(__name__)


class PortTaken(OSError):
    """The port of the till pages is in use by another program; the text names it."""


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the agent."""
        yield


def bound(port: int) -> socket.socket:
    """Return a socket listening on a port of loopback; 0 takes a free one. Raise PortTaken."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    return _listening(made, (LOOPBACK, port), "choose another as web_port")


def bound_everywhere(port: int) -> socket.socket:
    """Return a socket listening in every network of this machine, by IPv4 and IPv6. Raise PortTaken.

    One socket hears both (RFC 3493, 3.7); where the machine has no IPv6 it hears IPv4.
    """
    other = "head office can name another for terminals"
    if not socket.has_dualstack_ipv6():
        return _listening(socket.socket(socket.AF_INET, socket.SOCK_STREAM), (_ANY_IPV4, port), other)
    made = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    return _listening(made, (_ANY_IPV6, port), other)


def _listening(made: socket.socket, address: tuple[str, int], other: str) -> socket.socket:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(address)
        made.listen()  # from here on a browser waits for the pages instead of being refused
    except OSError as error:
        made.close()
        raise PortTaken(f"port {address[1]} of the till pages is taken; {other}: {error}") from error
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
    host, at = listener.getsockname()[:2]
    scheme = "https" if tls else "http"
    _log.info("pages_open", address=f"{scheme}://[{host}]:{at}/" if ":" in host else f"{scheme}://{host}:{at}/")
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
