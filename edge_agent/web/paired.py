"""What a terminal of the store's network may see: its own till once it is paired, the pairing page until then."""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge_agent.terminals.desk import TerminalDesk
from edge_agent.terminals.register import Terminal

TILL_COOKIE = "__Host-till"
"""The prefix makes browsers refuse it without TLS, from a subdomain, or for a part of the paths."""
PAIRING_PATH = "/pair"
_COOKIE_SECONDS = 400 * 24 * 3600
_OPEN_PATHS = frozenset({PAIRING_PATH, "/trust", "/trust/storewire-ca.crt"})
_OPEN_FOLDER = "/static/"
_PICTURES = "/pictures/"
"""Open to whoever is paired, with whichever till: a customer's display shows items by them."""
_MAPPED = "::ffff:"
"""How the kernel shows an IPv4 address at such a socket (RFC 4291, 2.5.5.2)."""
_PAGES = frozenset({"", "stream", "press", "display", "display/stream", "keys", "keys/print"})
_SAFE_METHODS = frozenset({"GET", "HEAD"})


class PairedOnly:
    """ASGI middleware for the pages' door to the store's network. `scope["terminal"]` is who asks, or None.

    A terminal sees the one till that it is paired with. When it is unpaired while it looks, its stream ends.
    """

    def __init__(self, app: ASGIApp, *, desk: TerminalDesk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer whoever is not paired, or pass the request on."""
        if scope["type"] != "http":
            return  # nothing here speaks by anything else
        address = address_of(scope)
        token = _cookie(Headers(scope=scope))
        terminal = self._desk.admitted(token)
        if refusal := _refusal(scope, address, terminal):
            await refusal(scope, receive, send)
            return
        scope["terminal"] = terminal
        if terminal is None:
            await self._app(scope, receive, send)
            return
        await self._desk.seen(terminal, address)
        await self._app(scope, receive, self._watched(terminal, token, send))

    def _watched(self, terminal: Terminal, token: str, send: Send) -> Send:
        """Return a `send` that lets the cookie last on, and ends the answer once the terminal is unpaired."""
        ended = False

        async def watched(message: Message) -> None:
            nonlocal ended
            if ended:
                return
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).append("Set-Cookie", cookie_of(token))
            # A page that comes in one piece is let through: its length was said.
            if message.get("more_body") and not self._desk.still(terminal):
                ended = True
                message = {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        return watched


def cookie_of(token: str) -> str:
    """Return the cookie of a paired terminal. Browsers keep one for 400 days: each answer begins anew."""
    return f"{TILL_COOKIE}={token}; Max-Age={_COOKIE_SECONDS}; Path=/; Secure; HttpOnly; SameSite=Strict"


def address_of(scope: Scope) -> str:
    """Return where a request comes from; an IPv4 address as such also where one socket hears IPv4 and IPv6."""
    client = scope.get("client")
    address = str(client[0]) if client else ""
    return address.removeprefix(_MAPPED) if "." in address else address


def _refusal(scope: Scope, address: str, terminal: Terminal | None) -> Response | None:
    if not _is_local(address):
        return PlainTextResponse("These pages are for the store's own network.", status_code=HTTPStatus.FORBIDDEN)
    path = scope["path"]
    if path in _OPEN_PATHS or path.startswith(_OPEN_FOLDER):
        return None
    return _to_pairing(scope) if terminal is None else _elsewhere(path, terminal)


def _to_pairing(scope: Scope) -> Response:
    if scope["method"] in _SAFE_METHODS and not scope["path"].endswith("/stream"):
        return RedirectResponse(PAIRING_PATH, status_code=HTTPStatus.SEE_OTHER)
    return PlainTextResponse("This terminal is not paired.", status_code=HTTPStatus.FORBIDDEN)


def _elsewhere(path: str, terminal: Terminal) -> Response | None:
    own = f"/tills/{terminal.till}"
    if path == "/":
        return RedirectResponse(own, status_code=HTTPStatus.SEE_OTHER)
    if path == own or path.startswith(_PICTURES):
        return None
    if path.startswith(own + "/") and path.removeprefix(own + "/") in _PAGES:
        return None
    words = f"This terminal is paired with till {terminal.till} and shows no other page."
    return PlainTextResponse(words, status_code=HTTPStatus.FORBIDDEN)


def _is_local(address: str) -> bool:
    """Tell whether an address is one of a store's own network or of this machine: a wrong router must open nothing."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return found.is_private or found.is_loopback or found.is_link_local


def _cookie(headers: Headers) -> str:
    try:
        given = SimpleCookie(headers.get("cookie", "")).get(TILL_COOKIE)
    except CookieError:
        return ""
    return "" if given is None else given.value
