"""Who may speak to the till pages, checked before any of them sees a request.

The pages can sell. A page from elsewhere that a browser of this machine has open must neither
read them (its own name pointed here: the Host is refused) nor press their buttons (a foreign Origin, or no token).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import Literal

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIES = {"http": "till_visit", "https": "__Host-till_visit"}
"""The visit's cookie by how the pages are served; the prefix makes browsers insist on TLS and on this very host."""
TOKEN_HEADER = "X-Token"  # noqa: S105 - a header's name
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_VISIT_CHARACTERS = 43
_POLICY = "; ".join((
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
))  # fmt: skip
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """ASGI middleware: allowed hosts and origins, a token for whatever changes something, headers for the browser.

    `hosts` are the names with port under which the pages may be asked for. `key` signs the tokens; a new one at each
    start only makes open pages load anew. `make_visit` gives a fresh unguessable text of 43 characters. `scheme` is
    https where the pages are served by TLS.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        key: bytes,
        make_visit: Callable[[], str],
        scheme: Literal["http", "https"] = "http",
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"{scheme}://{host}" for host in hosts)
        self._cookie = COOKIES[scheme]
        self._secure = "; Secure" if scheme == "https" else ""
        self._key = key
        self._make_visit = make_visit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on with `scope["token"]` for the page to send back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visit, known = self._visit(headers)
        token = hmac.digest(self._key, visit.encode(), hashlib.sha256).hex()
        if refusal := self._refusal(scope["method"], headers, token if known else None):
            await PlainTextResponse(refusal, status_code=HTTPStatus.FORBIDDEN, headers=_HEADERS)(scope, receive, send)
            return
        scope["token"] = token

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out.update(_HEADERS)
                if not known:
                    out.append("Set-Cookie", f"{self._cookie}={visit}; Path=/; HttpOnly; SameSite=Strict{self._secure}")
            await send(message)

        await self._app(scope, receive, answer)

    def _visit(self, headers: Headers) -> tuple[str, bool]:
        """Return who this browser is to us, and whether it said so itself."""
        try:
            given = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            given = None
        if given is not None and len(given.value) == _VISIT_CHARACTERS and given.value.isascii():
            return given.value, True
        return self._make_visit(), False

    def _refusal(self, method: str, headers: Headers, token: str | None) -> str | None:
        """Return why this request is refused, in words for whoever looks at it, or None."""
        if headers.get("host", "") not in self._hosts:
            return "This page is only served under its own name."
        if method in _SAFE_METHODS:
            return None
        if headers.get("origin", "") not in self._origins:
            return "This was asked by a page from elsewhere."
        if token is None or not hmac.compare_digest(headers.get(TOKEN_HEADER, "").encode(), token.encode()):
            return "This page is out of date. Load it again."
        return None
