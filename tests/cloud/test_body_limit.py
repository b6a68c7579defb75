"""What anybody may send before they are known: no request fills head office's memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace

import pytest
from fastapi import FastAPI, Request
from starlette.responses import PlainTextResponse
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from cloud import main
from cloud.api import answers, body_limit
from cloud.api.body import read_body
from cloud.api.body_limit import BodyLimit
from cloud.api.services import services_of
from cloud.main import create_app
from cloud.settings import CloudSettings
from tests.cloud.calling import call

MIB = 1024**2
PART = bytes(64 * 1024)


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """The API as it stands on the network."""
    made = create_app(CloudSettings())
    made.dependency_overrides[services_of] = SimpleNamespace
    return made


class Flood:
    """A body without an end in sight, of no declared length; `sent` says how much of it was taken."""

    def __init__(self) -> None:
        self.sent = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.sent < 40 * MIB:
            self.sent += len(PART)
            yield PART


def body_routes() -> Iterator[tuple[str, str]]:
    """Every address of the API that reads a JSON body, which it does before it asks who sends it."""
    for path, acts in create_app(CloudSettings()).openapi()["paths"].items():
        for method, act in acts.items():
            if "requestBody" in act:
                yield method.upper(), path


def test_p6_no_route_takes_a_body_without_end(app: FastAPI) -> None:
    found = list(body_routes())
    assert ("POST", "/api/v1/enrol") in found
    for method, path in found:
        flood, most = Flood(), main._BODIES.get(path, MIB)
        answer = call(app, method, path, content=flood, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large"), (path, answer.text)
        assert flood.sent <= most + len(PART), path


def test_a_length_that_is_too_much_is_refused_before_a_byte_is_read(app: FastAPI) -> None:
    for path in (*main._BODIES, "/api/v1/agent/messages", "/api/v1/agent/renew", "/"):
        flood, most = Flood(), main._BODIES.get(path, MIB)
        answer = call(app, "POST", path, content=flood, headers={"Content-Length": str(most + 1)})
        assert (answer.status_code, flood.sent) == (413, 0), path
        assert str(most) in answer.json()["message"]
        assert answer.headers["connection"] == "close"


def test_every_limit_is_one_of_an_address_that_is_there() -> None:
    app = create_app(CloudSettings(), console=True)
    for path in main._BODIES:
        there = {"type": "http", "path": path.replace("{", "").replace("}", ""), "root_path": ""}
        scopes = [{**there, "method": method} for method in ("POST", "PUT")]
        assert any(route.matches(scope)[0] is Match.FULL for route in app.routes for scope in scopes), path


def test_only_a_few_large_bodies_are_held_at_once() -> None:
    held: list[BodyLimit] = []

    async def reads_all(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        held.append(limit)
        await PlainTextResponse(str(limit._large))(scope, receive, send)

    limit = BodyLimit(reads_all, {"/up": 3 * MIB})
    app = FastAPI()
    app.mount("/", limit)
    limit._large = body_limit.MOST_LARGE - 1
    assert call(app, "POST", "/up", content=bytes(2 * MIB)).text == str(body_limit.MOST_LARGE)
    limit._large = body_limit.MOST_LARGE
    assert call(app, "POST", "/up", content=bytes(2 * MIB)).status_code == 503
    assert call(app, "POST", "/up", content=bytes(MIB)).status_code == 200
    assert (limit._large, len(held)) == (body_limit.MOST_LARGE, 2)


def test_each_listener_has_a_limit_of_callers() -> None:
    config = main._config(create_app(CloudSettings()), "127.0.0.1", 0, most_connections=7)
    assert config.limit_concurrency == 7


def test_whoever_hangs_up_while_sending_is_no_failure_of_ours() -> None:
    """It was a stack trace in the log for each."""
    said: list[Message] = []

    async def hang_up() -> Message:
        return {"type": "http.disconnect"}

    async def note(message: Message) -> None:
        said.append(message)

    made = FastAPI()
    answers.install(made)

    @made.post("/up")
    async def up(request: Request) -> None:
        await read_body(request, 10, "too long")

    scope = {"type": "http", "method": "POST", "path": "/up", "headers": [], "query_string": b"", "root_path": ""}
    asyncio.run(made({**scope, "http_version": "1.1", "scheme": "http"}, hang_up, note))
    assert [message["type"] for message in said] == ["http.response.start", "http.response.body"]
