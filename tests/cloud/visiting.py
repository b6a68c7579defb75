"""Somebody at the console: keeps cookies from page to page, signs in, and sends the forms that pages show."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import httpx
from fastapi import FastAPI

from cloud.database import Database
from cloud.identity import people
from cloud.identity.people import Role
from cloud.web.signing_in import COOKIE
from tests.factories import START_MS

PASSWORD = "correct horse battery"
Fields = Mapping[str, str] | Sequence[tuple[str, str]]


def make_person(database: Database, name: str = "ana", role: Role = Role.MARKETER) -> None:
    """Give somebody a sign-in."""
    with database.session() as session:
        people.add(session, name, role, PASSWORD, actor="cli:test", now_ms=START_MS)


def mark_on(page: httpx.Response) -> str:
    """Return the mark that the page's forms carry."""
    found = re.search(r'name="mark" value="([0-9a-f]+)"', page.text)
    assert found, page.text[:500]
    return found[1]


class Visitor:
    """A browser without a window."""

    def __init__(self, app: FastAPI, language: str = "en") -> None:
        self._app = app
        self._cookies = httpx.Cookies()
        self.language = language

    @classmethod
    def with_session(cls, app: FastAPI, token: str, language: str = "en") -> Visitor:
        """Return somebody who holds a session already."""
        found = cls(app, language)
        found._cookies.set(COOKIE, token, domain="127.0.0.1")
        return found

    @property
    def session(self) -> str:
        """The cookie of the session."""
        return self._cookies[COOKIE]

    def ask(self, method: str, path: str, content: str | bytes | None = None, **headers: str) -> httpx.Response:
        """Make one request; redirections are answers."""
        given = {"Accept-Language": self.language, "Content-Type": "application/x-www-form-urlencoded", **headers}

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", cookies=self._cookies) as it:
                answer = await it.request(method, path, content=content, headers=given)
                self._cookies = it.cookies
                return answer

        return asyncio.run(ask())

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Open a page."""
        return self.ask("GET", path, **headers)

    def post(self, path: str, fields: Fields) -> httpx.Response:
        """Send a form as it is."""
        return self.ask("POST", path, urlencode(list(fields.items() if isinstance(fields, Mapping) else fields)))

    def send(self, path: str, fields: Fields = (), *, page: str = "/search") -> httpx.Response:
        """Send a form of this session."""
        given = list(fields.items() if isinstance(fields, Mapping) else fields)
        return self.post(path, [("mark", mark_on(self.get(page))), *given])

    def enter(self, name: str = "ana", password: str = PASSWORD, then: str = "/") -> httpx.Response:
        """Sign in."""
        mark = mark_on(self.get("/sign-in"))
        return self.post("/sign-in", {"name": name, "password": password, "mark": mark, "then": then})
