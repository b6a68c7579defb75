"""Segments over HTTP: who comes and who goes, by id or by another system's reference."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select

from cloud.api import answers
from cloud.api.services import services_of
from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.identity import tokens
from cloud.member_import import api as import_api
from cloud.members import api as members_api
from cloud.members import segments_api
from cloud.members.models import Member, MemberSegment
from tests.cloud.members_data import open_chain, vault
from tests.cloud.test_members_api import Client
from tests.factories import DrivenMachineClock

FILE = b"reference,cards\nhousehold-1,8800000001\nhousehold-2,8800000002\n"


@pytest.fixture
def client(sqlite_database: Database) -> Client:
    open_chain(sqlite_database)
    clock = DrivenMachineClock()
    clocks = SimpleNamespace(machine=clock, business=SimpleNamespace(now_ms=clock.wall_ms))
    app = FastAPI()
    answers.install(app)
    app.include_router(members_api.router)
    app.include_router(import_api.router)
    app.include_router(segments_api.router)
    app.dependency_overrides[services_of] = lambda: SimpleNamespace(
        database=sqlite_database, clocks=clocks, vault=vault()
    )
    with sqlite_database.session() as session:
        scopes = ["members:read", "members:write"]
        token = tokens.create(session, name="test", scopes=scopes, days=1, actor="test", now_ms=clock.wall_ms())
    made = Client(app, token)
    stored = made.post("/api/v1/members/import", params={"dry_run": "false"}, content=FILE)
    assert stored.status_code == 200, stored.text
    return made


def in_segment(database: Database, segment: str) -> set[Any]:
    member, row = table_of(Member), table_of(MemberSegment)
    query = select(member.c.reference).join(row, row.c.member_id == member.c.id).where(row.c.segment == segment)
    with database.snapshot() as session:
        return set(session.execute(query).scalars())


def test_members_come_by_reference_and_go_by_id(client: Client, sqlite_database: Database) -> None:
    both = {"add_references": ["household-1", "household-2"]}
    assert client.post("/api/v1/members/segments/campaign-8", json=both).json() == {"came": 2, "went": 0}
    assert client.post("/api/v1/members/segments/campaign-8", json=both).json() == {"came": 0, "went": 0}
    with sqlite_database.snapshot() as session:
        row = table_of(Member)
        first = session.execute(select(row.c.id).where(row.c.reference == "household-1")).scalar_one()
    away = client.post("/api/v1/members/segments/campaign-8", json={"remove": [str(first)]})
    assert away.json() == {"came": 0, "went": 1}
    assert in_segment(sqlite_database, "campaign-8") == {"household-2"}


@pytest.mark.parametrize(
    ("segment", "body", "status", "words"),
    [
        ("campaign-8", {"add_references": ["household-1", "nobody"]}, 404, "reference 'nobody'"),
        ("Campaign 8", {}, 422, "segment's code"),
    ],
)
def test_a_stranger_or_a_wrong_code_changes_nothing(
    client: Client, sqlite_database: Database, segment: str, body: dict[str, Any], status: int, words: str
) -> None:
    refused = client.post(f"/api/v1/members/segments/{segment}", json=body)
    assert (refused.status_code, words in refused.text) == (status, True)
    assert in_segment(sqlite_database, segment) == set()


def test_a_segment_has_names_in_both_languages(client: Client, sqlite_database: Database) -> None:
    client.post("/api/v1/members/segments/campaign-8", json={"add_references": ["household-1"]})
    assert client.get("/api/v1/members/segments").json() == [{"segment": "campaign-8", "names": {}, "members": 1}]
    named = client.put("/api/v1/members/segments/campaign-8", json={"en": "Campaign 8", "zh": "第八波活动"})
    assert named.json() == {"segment": "campaign-8", "names": {"en": "Campaign 8", "zh": "第八波活动"}, "members": 1}
    assert client.put("/api/v1/members/segments/campaign-8", json={}).status_code == 422
