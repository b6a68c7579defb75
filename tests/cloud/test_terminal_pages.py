"""The page of a store's terminals: who is paired, and the door that is opened, closed and emptied."""

from __future__ import annotations

import msgspec
import pytest
from fastapi import FastAPI

from cloud import audit
from cloud.database import Database
from cloud.fleet import terminals
from cloud.fleet.models import Agent
from cloud.identity.people import Role
from cloud.org.models import Till
from shared.wire.desired import TerminalSettings
from shared.wire.messages import Reported
from tests.cloud.console_data import CLOCK, console
from tests.cloud.ingesting import open_store
from tests.cloud.visiting import Visitor, make_person
from tests.golden.devices import TERMINALS

PLACE = "/stores/s001/terminals"
DOOR = {"do": "open", "hosts": "till-pc.lan, 192.168.1.10", "port": "9443", "reason": "counter tablet"}


@pytest.fixture
def app(sqlite_database: Database) -> FastAPI:
    open_store(sqlite_database)
    with sqlite_database.session() as session:
        session.add(Till(store_id="s001", id="t1", number=7))
    make_person(sqlite_database, "ivy", Role.IT)
    make_person(sqlite_database, "rue", Role.AUDITOR)
    return console(sqlite_database)


def inside(app: FastAPI, name: str = "ivy", language: str = "en") -> Visitor:
    visitor = Visitor(app, language)
    visitor.enter(name)
    return visitor


def hear(database: Database) -> None:
    """Let the store's agent report a terminal, 5 s ago."""
    with database.session() as session:
        agent = session.get_one(Agent, "s001-a")
        agent.reported = msgspec.json.encode(Reported(software="1", engine=1, terminals=TERMINALS))
        agent.seen_ms = CLOCK.wall_ms() - 5_000


def kept(database: Database) -> TerminalSettings:
    with database.snapshot() as session:
        return terminals.terminals_of(session, "s001")


def acts(database: Database) -> list[tuple[str, str, str, str]]:
    with database.snapshot() as session:
        return [
            (act.actor, act.action, act.reason, act.detail)
            for act in reversed(audit.latest(session))
            if act.action.startswith("store.terminals")
        ]


def test_how_many_are_paired_and_whether_the_door_is_open_is_said_first(
    app: FastAPI, sqlite_database: Database
) -> None:
    visitor = inside(app)
    assert f'href="{PLACE}"' in visitor.get("/stores/s001").text
    empty = visitor.get(PLACE).text
    assert "no terminal is paired, and the door is closed." in empty
    assert "Close the door" not in empty
    assert "Unpair all terminals" not in empty
    hear(sqlite_database)
    assert "1 terminal is paired, but the door is closed." in visitor.get(PLACE).text
    visitor.send(PLACE, DOOR, page=PLACE)
    page = visitor.get(PLACE).text
    assert "1 terminal is paired, and the door is open." in page
    for fact in ("counter tablet", '7 <span class="soft small">t1</span>', "sue", "192.168.1.23",
                 "2026-01-01 08:00", "2026-01-01 09:00", "https://till-pc.lan:9443/"):  # fmt: skip
        assert fact in page, fact
    assert "已配对 1 台终端，接入口已开放。" in inside(app, language="zh").get(PLACE).text


def test_the_door_is_opened_closed_and_emptied_with_a_reason(app: FastAPI, sqlite_database: Database) -> None:
    visitor = inside(app)
    opened = visitor.send(PLACE, DOOR, page=PLACE)
    assert (opened.status_code, opened.headers["location"]) == (303, f"{PLACE}?done=open")
    assert "The door is open. The store takes it up" in visitor.get(f"{PLACE}?done=open").text
    assert kept(sqlite_database) == TerminalSettings(hosts=["till-pc.lan", "192.168.1.10"], port=9443)
    assert visitor.send(PLACE, {"do": "unpair", "reason": "tablet stolen"}, page=PLACE).status_code == 303
    assert visitor.send(PLACE, {"do": "close", "reason": "tablet gone"}, page=PLACE).status_code == 303
    assert kept(sqlite_database) == TerminalSettings(port=9443, generation=1), "closing keeps port and unpairing"
    assert acts(sqlite_database) == [
        ("person:ivy", "store.terminals", "counter tablet", "till-pc.lan:9443, 192.168.1.10:9443"),
        ("person:ivy", "store.terminals.unpair", "tablet stolen", ""),
        ("person:ivy", "store.terminals", "tablet gone", "closed"),
    ]


REFUSED: list[tuple[dict[str, str], str, str]] = [
    ({"reason": " "}, "Say why", "请填写原因"),
    ({"hosts": " , "}, "under which name or address", "请填写终端连接门店主机"),
    ({"hosts": "8.8.8.8"}, "8.8.8.8 is no address of a store", "8.8.8.8 不是门店局域网地址"),
    ({"hosts": "<b>"}, "&lt;b&gt;&#39; is neither a name", "“&lt;b&gt;”既不是主机名"),
    ({"hosts": "localhost"}, "localhost is head office", "localhost 是总部自己的名称"),
    (
        {"hosts": " ".join(f"pc{n}" for n in range(9))},
        "at most 8 names; these are 9",
        "最多 8 个名称或地址，这里有 9 个",
    ),
    ({"port": "443"}, "from 1024 to 65535, not 443", "1024 至 65535"),
    ({"port": "８４４３"}, "from 1024 to 65535", "1024 至 65535"),
    ({"port": ""}, "from 1024 to 65535", "1024 至 65535"),
    ({"do": "demolish"}, "This was not done", "没有完成"),
]


def test_what_cannot_be_is_said_and_what_was_typed_stays(app: FastAPI, sqlite_database: Database) -> None:
    english, chinese = inside(app), inside(app, language="zh")
    for fields, in_english, in_chinese in REFUSED:
        for visitor, words in ((english, in_english), (chinese, in_chinese)):
            answer = visitor.send(PLACE, DOOR | fields, page=PLACE)
            assert answer.status_code == 200
            fault = answer.text.partition('role="alert"><strong>')[2].partition("</strong>")[0]
            assert words in fault, fault
        assert ('value="till-pc.lan, 192.168.1.10"' in answer.text) is (not {"hosts", "do"} & fields.keys())
    assert kept(sqlite_database) == TerminalSettings()
    assert acts(sqlite_database) == []


def test_who_only_reads_opens_no_door(app: FastAPI, sqlite_database: Database) -> None:
    hear(sqlite_database)
    visitor = inside(app, "rue")
    page = visitor.get(PLACE).text
    assert "counter tablet" in page
    assert "<form method" not in page.partition("<main")[2], "no control that leads nowhere for them"
    assert visitor.send(PLACE, DOOR).status_code == 403
    assert inside(app).get("/stores/s999/terminals").status_code == 404
    assert kept(sqlite_database) == TerminalSettings()
