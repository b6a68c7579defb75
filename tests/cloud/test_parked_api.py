"""Parked events over HTTP, on both databases: seen and settled with a scope, a reason and a trace."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from fastapi import FastAPI
from sqlmodel import select

from cloud.api import answers, parked
from cloud.api.services import services_of
from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.identity import tokens
from cloud.sales.models import Sale
from shared.wire.events import SaleCompleted, encode_event
from tests.cloud.calling import call
from tests.cloud.ingesting import RESTORES, NobodyShops, Outbox, count, open_store, take_in
from tests.factories import DrivenMachineClock, make_sale, new_id

CLOCK = DrivenMachineClock()


class Caller:
    """Calls the API with a token of some scopes."""

    def __init__(self, database: Database, *scopes: str) -> None:
        self.app = FastAPI()
        answers.install(self.app)
        self.app.include_router(parked.router)
        self.app.dependency_overrides[services_of] = lambda: SimpleNamespace(
            database=database, clocks=SimpleNamespace(machine=CLOCK), downstream=NobodyShops(), restores=RESTORES
        )
        with database.session() as session:
            self._token = tokens.create(
                session, name="office", scopes=list(scopes), days=1, actor="test", now_ms=CLOCK.wall_ms()
            )

    def __call__(self, method: str, path: str, **facts: Any) -> httpx.Response:
        return call(self.app, method, f"/api/v1/parked{path}", token=self._token, **facts)


@pytest.fixture
def bad(database: Database) -> SaleCompleted:
    open_store(database)
    sale = make_sale(number=3)
    wrong = msgspec.structs.replace(sale, total_minor=sale.total_minor + 1)
    take_in(database, Outbox().add(make_sale(number=1), wrong).batch())
    return sale


def b64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def test_what_is_parked_is_listed_and_shown(database: Database, bad: SaleCompleted) -> None:
    ask = Caller(database, "parked:read")
    (row,) = ask("GET", "").json()
    assert (row["event"], row["code"], row["store"], row["resolution"]) == (str(bad.id), "arithmetic", "s001", None)
    assert ask("GET", "", params={"code": "malformed"}).json() == []
    shown = ask("GET", f"/{bad.id}").json()
    assert b'"kind":"sale"' in base64.b64decode(shown["content"])
    assert shown["original"] is None
    missing = ask("GET", f"/{new_id()}")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_a_repaired_event_is_applied_and_leaves_a_trace(database: Database, bad: SaleCompleted) -> None:
    ask = Caller(database, "parked:write")
    replayed = ask("POST", f"/{bad.id}/replay").json()
    assert (replayed["applied"], replayed["code"]) == (False, "arithmetic")
    repaired = ask("POST", f"/{bad.id}/repair", json={"content": b64(encode_event(bad)), "reason": "till bug 12"})
    assert repaired.status_code == 204
    assert ask("GET", f"/{bad.id}").json()["repaired"]
    assert ask("POST", f"/{bad.id}/replay").json() == {"applied": True, "code": None, "reason": None}
    assert count(database, Sale) == 2
    assert ask("GET", "").json() == []
    assert ask("POST", f"/{bad.id}/replay").status_code == 409
    with database.snapshot() as session:
        trail = [(one.actor, one.action, one.reason) for one in session.exec(select(AuditEntry).order_by("id"))]
    assert trail[-3:] == [
        ("token:office", "parked.replay", ""),
        ("token:office", "parked.repair", "till bug 12"),
        ("token:office", "parked.replay", ""),
    ]


@pytest.mark.parametrize(
    ("content", "status"), [("?", 422), (b64(b"{}"), 422), (b64(encode_event(make_sale(number=7))), 422)]
)
def test_a_repair_that_is_no_event_or_another_is_refused(
    database: Database, bad: SaleCompleted, content: str, status: int
) -> None:
    ask = Caller(database, "parked:write")
    assert ask("POST", f"/{bad.id}/repair", json={"content": content, "reason": "x"}).status_code == status
    assert not ask("GET", f"/{bad.id}").json()["repaired"]


def test_an_event_is_dismissed_with_a_reason(database: Database, bad: SaleCompleted) -> None:
    ask = Caller(database, "parked:write")
    assert ask("POST", f"/{bad.id}/dismiss", json={}).status_code == 422
    assert ask("POST", f"/{bad.id}/dismiss", json={"reason": "training"}).status_code == 204
    assert ask("GET", f"/{bad.id}").json()["resolution"] == "dismissed"


def test_p6_each_act_needs_its_scope(database: Database, bad: SaleCompleted) -> None:
    for ask, allowed in ((Caller(database, "parked:read"), True), (Caller(database, "members:write"), False)):
        assert ask("GET", "").is_success is allowed
        for act in ("repair", "replay", "dismiss"):
            answer = ask("POST", f"/{bad.id}/{act}", json={"reason": "x", "content": ""})
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
