"""Members and rules over HTTP and on the command line."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from typer.testing import CliRunner

from cloud import cli
from cloud.api import answers
from cloud.api.services import services_of
from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.identity import keys, tokens
from cloud.loyalty import api as loyalty_api
from cloud.member_import import api as import_api
from cloud.members import api as members_api
from cloud.members import care_api
from cloud.members.models import MemberDirty
from tests.cloud.members_data import CARD, OTHER_CARD, open_chain, shown, take, vault
from tests.factories import DrivenMachineClock, make_sale
from tests.provision.databases import new_sqlite


class Client:
    """Calls the app in this process."""

    def __init__(self, app: FastAPI, token: str) -> None:
        self._app = app
        self._headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str) -> httpx.Response:
        return self._call("GET", path)

    def post(self, path: str, **facts: Any) -> httpx.Response:
        return self._call("POST", path, **facts)

    def put(self, path: str, **facts: Any) -> httpx.Response:
        return self._call("PUT", path, **facts)

    def _call(self, method: str, path: str, **facts: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://hq", headers=self._headers) as client:
                return await client.request(method, path, **facts)

        return asyncio.run(call())


@pytest.fixture
def client(sqlite_database: Database) -> Client:
    open_chain(sqlite_database)
    clock = DrivenMachineClock()
    clocks = SimpleNamespace(machine=clock, business=SimpleNamespace(now_ms=clock.wall_ms))
    app = FastAPI()
    answers.install(app)
    app.include_router(members_api.router)
    app.include_router(import_api.router)
    app.include_router(care_api.router)
    app.include_router(loyalty_api.router)
    app.dependency_overrides[services_of] = lambda: SimpleNamespace(
        database=sqlite_database, clocks=clocks, vault=vault()
    )
    with sqlite_database.session() as session:
        token = tokens.create(
            session, name="test", scopes=["members:write"], days=1, actor="test", now_ms=clock.wall_ms()
        )
    return Client(app, token)


def test_a_member_is_enrolled_found_and_given_another_card(client: Client, sqlite_database: Database) -> None:
    take(sqlite_database, [make_sale([("1002", 1)], member=shown(OTHER_CARD))])
    body = {"fields": {"name": "李小明"}, "cards": [CARD], "home_store": "s001", "consents": {"sms": "2026-01"}}
    enrolled = client.post("/api/v1/members", json=body)
    assert enrolled.status_code == 201
    member = enrolled.json()["member"]
    assert client.post(f"/api/v1/members/{member}/card", json={"card": OTHER_CARD}).json() == {"sales_credited": 1}
    found = client.post("/api/v1/members/find", json={"card": OTHER_CARD})
    assert found.json() == {
        "member": member,
        "masked_name": "李**",
        "tier": "",
        "points": 12,
        "home_store": "s001",
        "closed": False,
    }
    with sqlite_database.snapshot() as session:
        acts = session.execute(select(AuditEntry.action).order_by(AuditEntry.id)).scalars().all()
    assert acts[-3:] == ["member.enrol", "member.card", "member.find"]


def test_what_cannot_be_is_refused_in_words(client: Client) -> None:
    client.post("/api/v1/members", json={"cards": [CARD]})
    for body, status, code in (
        ({"cards": [CARD]}, 403, "card_taken"),
        ({"home_store": "s999"}, 404, "not_found"),
        ({"fields": {"phone": "12"}}, 422, "invalid"),
        ({"cards": ["x"]}, 422, "invalid"),
    ):
        answer = client.post("/api/v1/members", json=body)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.post("/api/v1/members/find", json={"card": OTHER_CARD}).status_code == 404
    assert client.post("/api/v1/members/find", json={"card": CARD}, headers={"Authorization": ""}).status_code == 401


def test_a_file_is_tried_then_imported(client: Client) -> None:
    content = f"reference,cards\nh1,{CARD}\n".encode()
    tried = client.post("/api/v1/members/import", content=content)
    assert (tried.json()["rows"], tried.json()["stored"]) == (1, False)
    done = client.post("/api/v1/members/import?dry_run=false", content=content)
    assert (done.status_code, done.json()["stored"]) == (200, True)
    bad = client.post("/api/v1/members/import?dry_run=false", content=f"cards\n{CARD}\n".encode())
    assert bad.status_code == 422
    assert bad.json()["problems"] == [
        {"row": 2, "column": "cards", "problem": "card •••• 0001 belongs to a member already"}
    ]


def test_rules_are_published_in_versions(client: Client, sqlite_database: Database) -> None:
    client.post("/api/v1/members", json={"cards": [CARD]})
    take(sqlite_database, [make_sale([("1002", 1)], member=shown(CARD))])
    rule = {"version": 2, "valid_from": "2026-02-01", "points": 2}
    assert client.post("/api/v1/loyalty/earning-rules", json=rule).status_code == 201
    assert client.post("/api/v1/loyalty/earning-rules", json=rule).status_code == 409
    tiers = [{"code": "bronze", "names": {"en": "Bronze"}, "from_minor": 1_000}]
    changed = client.post("/api/v1/loyalty/tier-rules", json={"version": 2, "tiers": tiers})
    assert changed.json() == {"state": "published", "version": 2, "draft": None, "members": 1}, (
        "nobody could approve yet"
    )
    assert client.post("/api/v1/members/find", json={"card": CARD}).json()["tier"] == "bronze"
    found = client.get("/api/v1/loyalty/rules").json()
    assert [one["version"] for one in found["earning"]] == [1, 2]
    with sqlite_database.snapshot() as session:
        assert session.execute(select(table_of(MemberDirty))).all()


def test_members_come_in_by_command(tmp_path: Path) -> None:
    data = tmp_path / "data"
    keys.create(data / "keys")
    database = new_sqlite(data / "cloud.db")
    open_chain(database)
    database.close()
    file = tmp_path / "members.csv"
    file.write_text(f"name,home_store,cards\nAnn,s001,{CARD}\n")

    def run(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, ["--data-dir", str(data), "members", *arguments])
        return done.exit_code, done.output

    assert run("import", str(file)) == (0, "1 members (0 known already), 1 cards: nothing stored yet.\n")
    assert run("import", str(file), "--store")[0] == 0
    code, words = run("import", str(file), "--store")
    assert code == 1
    assert "row 2, cards: card •••• 0001 belongs to a member already" in words
    code, words = run("find", "--card", CARD)
    assert code == 0
    assert "A**\tno tier\t0 points" in words
    assert run("find", "--card", OTHER_CARD)[0] == 1
