"""How much a request may bring: counted as it arrives, for every route alike, before anybody knows who sends it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cloud.api.answers import refusal

MOST_BYTES = 1024**2
"""Of a body whose route has no limit of its own."""
MOST_LARGE = 4
"""Bodies beyond `MOST_BYTES` that one process holds at once; with more it asks to come back later."""


class BodyLimit:
    """Refuses bodies that are too long before they are held; `limits` are bytes by the path of a route."""

    def __init__(self, app: ASGIApp, limits: Mapping[str, int], most_bytes: int = MOST_BYTES) -> None:
        self._app = app
        self._limits = [(compile_path(path)[0], most) for path, most in limits.items()]
        self._most_bytes = most_bytes
        self._large = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = next((most for path, most in self._limits if path.match(scope["path"])), self._most_bytes)
        if _declared(scope) > most:
            # The connection ends with the answer: nobody reads what is still on its way.
            answer = refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", _words(most), {"Connection": "close"})
            await answer(scope, receive, send)
            return
        body = _Body(self, receive, most)
        try:
            await self._app(scope, body.receive, send)
        finally:
            self._large -= body.large

    def admit_large(self) -> None:
        """Take a place for a large body. Raise HTTPException when all are taken."""
        if self._large >= MOST_LARGE:
            words = "too many large uploads at once: try again in a minute"
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, words, {"Retry-After": "60"})
        self._large += 1


class _Body:
    """The body of one request on its way in."""

    def __init__(self, limit: BodyLimit, receive: Receive, most: int) -> None:
        self._limit = limit
        self._receive = receive
        self._most = most
        self._taken = 0
        self.large = 0
        """1 while it holds a large body's place."""

    async def receive(self) -> Message:
        """Pass the next part on. Raise HTTPException as soon as there is too much."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._taken += len(message.get("body", b""))
            if self._taken > self._most:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _words(self._most))
            if self._taken > MOST_BYTES and not self.large:
                self._limit.admit_large()
                self.large = 1
        return message


def _declared(scope: Scope) -> int:
    """Return the length that the request's head states, 0 where it states none that can be read."""
    stated = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return int(stated) if stated.isdigit() and len(stated) < 20 else 0


def _words(most: int) -> str:
    return f"this address takes at most {most} bytes: split what you send"
