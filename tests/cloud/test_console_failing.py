"""What the console says when it cannot answer: a page in words to people, the API's shape to programs."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from cloud.api.limits import TooMany
from cloud.database import Database
from cloud.errors import Invalid
from tests.cloud.console_data import console

FAILURES = (
    (OperationalError("", {}, OSError()), 500, "the fault is not yours"),
    (PoolTimeout(), 503, "Nothing was changed"),
    (TooMany(7), 429, "Wait a minute"),
    (Invalid("only for programs"), 422, "check what you typed"),
    (KeyError("unforeseen"), 500, "the fault is not yours"),
)


def ask(app: FastAPI, path: str) -> httpx.Response:
    """Ask as a server does, which answers also what nobody foresaw."""

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.get(path)

    return asyncio.run(asked())


@pytest.mark.parametrize(("error", "status", "words"), FAILURES, ids=[type(row[0]).__name__ for row in FAILURES])
def test_a_failure_is_said_as_a_page_and_to_programs_as_theirs(
    sqlite_database: Database, error: Exception, status: int, words: str
) -> None:
    app = console(sqlite_database)

    def fail() -> None:
        raise error

    app.get("/fails")(fail)
    app.get("/api/v1/fails")(fail)
    page, told = ask(app, "/fails"), ask(app, "/api/v1/fails")
    assert (page.status_code, told.status_code) == (status, status)
    assert words in page.text
    assert "only for programs" not in page.text
    assert set(told.json()) == {"code", "message"}
    assert all("default-src" in one.headers["content-security-policy"] for one in (page, told))
