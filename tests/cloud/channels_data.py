"""Providers that stand on this machine: real sockets, real SMTP, and what they were sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiosmtpd.controller import Controller


@dataclass
class Request:
    """What a provider was asked."""

    path: str
    query: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode()))

    @property
    def facts(self) -> Any:
        return json.loads(self.body)


Answer = Callable[[Request], "tuple[int, Any] | None"]
"""Returns status and JSON; None hangs up without a word."""


@dataclass
class Provider:
    url: str
    asked: list[Request] = field(default_factory=list)


@contextmanager
def provider(answer: Answer) -> Iterator[Provider]:
    """Serve a provider on a port of its own."""
    asked: list[Request] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            request = Request(parts.path, dict(parse_qsl(parts.query)), body)
            asked.append(request)
            said = answer(request)
            if said is None:
                self.close_connection = True
                return
            status, facts = said
            content = facts if isinstance(facts, bytes) else json.dumps(facts).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield Provider(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Postbox:
    """A mail server's end: keeps letters, and says at a step what it is told to say."""

    def __init__(self, rcpt: str = "", data: str = "") -> None:
        self.rcpt, self.data = rcpt, data
        self.letters: list[tuple[list[str], bytes]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        if not self.rcpt:
            envelope.rcpt_tos.append(address)
        return self.rcpt or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data == "hang up":
            server.transport.abort()
            return "421 gone"
        if not self.data:
            self.letters.append((envelope.rcpt_tos, envelope.content))
        return self.data or "250 kept"


@contextmanager
def mail_server(postbox: Postbox) -> Iterator[int]:
    """Run a mail server; yields its port."""

    class _Controller(Controller):
        def _trigger_server(self) -> None:
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    controller = _Controller(postbox, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()
