"""The streams of open pages: what changed and nothing else, one reading for many, an end when the server ends."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from fastapi import FastAPI
from jinja2 import meta, nodes
from sqlalchemy import event
from sqlmodel import col, update

from cloud.database import Database
from cloud.org.models import Store
from cloud.web.live import Streams
from cloud.web.rendering import environment
from tests.cloud.boxes import served_api, until
from tests.cloud.console_data import a_normal_day, console

STREAM = {"Accept": "text/event-stream"}


@pytest.fixture
def app(sqlite_database: Database) -> FastAPI:
    a_normal_day(sqlite_database)
    made = console(sqlite_database)
    made.state.streams = Streams(every_s=0.05, most=3)
    return made


def events(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    """Yield each event of a stream as (name, data)."""
    name, data = "", []
    for line in answer.iter_lines():
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            data.append(value)
        elif not line:
            yield name, "\n".join(data)
            data = []


def test_a_stream_begins_with_every_region_and_then_sends_what_changed(app: FastAPI, sqlite_database: Database) -> None:
    with served_api(app) as client, client.stream("GET", "/", headers=STREAM) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = events(answer)
        first = {name for name, _ in iter(lambda: next(told), ("beat", ""))}
        assert first == {"answer", "hours", "days", "sales", "stores", "parked", "differences"}
        with sqlite_database.session() as session:
            session.execute(update(Store).where(col(Store.id) == "s002").values(name="Renamed"))
        changed = next((name, html) for name, html in told if name != "beat")
        assert changed[0] == "stores"
        assert "Renamed" in changed[1]
        assert "<html" not in changed[1]


def test_a_page_is_streamed_as_it_was_asked_for(app: FastAPI) -> None:
    headers = {**STREAM, "Accept-Language": "zh"}
    with served_api(app) as client, client.stream("GET", "/parked?code=arithmetic", headers=headers) as answer:
        regions = dict(event for event, _ in zip(events(answer), range(2), strict=False))
    assert "第 1–1 条，共 1 条" in regions["table"]


def test_viewers_of_a_page_share_one_reading(app: FastAPI, sqlite_database: Database) -> None:
    app.state.streams = Streams(every_s=30)
    read: list[str] = []
    event.listen(sqlite_database.engine, "before_cursor_execute", lambda *given: read.append(given[2]))
    together = threading.Barrier(3)

    def look(client: httpx.Client) -> str:
        with client.stream("GET", "/ledger", headers=STREAM) as answer:
            told = events(answer)
            found = next(told)
            together.wait(20)
            return found[0]

    with served_api(app) as client, ThreadPoolExecutor(3) as pool:
        client.get("/ledger")
        alone = sum("ledger_proof" in sql for sql in read)
        read.clear()
        assert list(pool.map(look, [client] * 3)) == ["ledger"] * 3
        assert 0 < sum("ledger_proof" in sql for sql in read) <= alone
        until(lambda: app.state.streams.viewers == 0, "nobody looks any more")


def test_one_too_many_is_told_to_come_back(app: FastAPI) -> None:
    app.state.streams = Streams(every_s=30, most=1)
    with served_api(app) as client, client.stream("GET", "/", headers=STREAM) as answer:
        told = events(answer)
        next(told)
        refused = client.get("/ledger", headers=STREAM)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")


def test_a_server_that_stops_ends_its_streams(app: FastAPI) -> None:
    app.state.streams = Streams(every_s=3600)
    ended = threading.Event()

    def watch(client: httpx.Client, opened: threading.Event) -> None:
        with client.stream("GET", "/", headers=STREAM) as answer:
            for _ in events(answer):
                opened.set()
        ended.set()

    with served_api(app) as client:
        opened = threading.Event()
        watching = threading.Thread(target=watch, args=(client, opened), daemon=True)
        watching.start()
        assert opened.wait(10)
        app.state.streams.close()
        assert ended.wait(10)


def test_what_is_live_is_written_from_what_stands_inside_it() -> None:
    """A region is rendered by itself: what a template imports or sets outside of it is not there."""
    found = environment("en")
    assert found.loader is not None
    faults = []
    for name in found.list_templates(extensions=["html"]):
        tree = found.parse(found.loader.get_source(found, name)[0])
        named = _named(tree)
        for block in tree.find_all(nodes.Block):
            if block.name.startswith("live_"):
                inside = nodes.Template(block.body, lineno=1).set_environment(found)
                asked = meta.find_undeclared_variables(inside)
                faults += [f"{name}: {block.name} uses {one}" for one in sorted((asked & named) - _named(inside))]
    assert faults == []


def _named(tree: nodes.Node) -> set[str]:
    """What a template names itself: its imports, and what it sets."""
    sets = {one.target.name for one in tree.find_all(nodes.Assign) if isinstance(one.target, nodes.Name)}
    return sets | {one.target for one in tree.find_all(nodes.Import)}
