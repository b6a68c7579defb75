"""What HQ tells tills of codes: checked when it is set, and on its way with the next desired state."""

from __future__ import annotations

import base64
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from fastapi import FastAPI

from cloud.api import answers
from cloud.api.services import Services, services_of
from cloud.clock import DrivenBusinessClock
from cloud.database import Database
from cloud.deployment.clocks import Clocks
from cloud.fleet.models import Agent
from cloud.identity import tokens
from cloud.ingest.desired import desired_document
from cloud.prices import codes_api
from cloud.settings import CloudSettings
from shared.codes import LabelFormat, Recall
from tests.cloud.prices_data import found_chain
from tests.cloud.test_prices_api import Client, ok
from tests.factories import START_MS, DrivenMachineClock

KEY = base64.b64encode(bytes(range(32))).decode()
LABEL = {"name": "amount", "pattern": "21IIIIIAAAAAC"}
BODY = {"labels": [LABEL], "recalls": [{"gtin": "9506000134352", "batch": "B1"}], "member_code_keys": [KEY]}


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Client:
    with database.session() as session:
        found_chain(session)
        token = tokens.create(session, name="t", scopes=["prices:write"], days=9, actor="x", now_ms=START_MS)
        reader = tokens.create(session, name="r", scopes=["prices:read"], days=9, actor="x", now_ms=START_MS)
    clocks = Clocks(machine=DrivenMachineClock(), business=DrivenBusinessClock(START_MS))
    services = SimpleNamespace(settings=CloudSettings(data_dir=tmp_path), database=database, clocks=clocks)
    app = FastAPI()
    answers.install(app)
    app.include_router(codes_api.router)
    app.dependency_overrides[services_of] = lambda: cast("Services", services)
    return Client(app, token, reader)


def test_codes_are_set_and_read_back(client: Client) -> None:
    assert ok(client.get("/api/v1/codes")) == {"labels": [], "recalls": [], "member_code_keys": []}
    ok(client.put("/api/v1/codes", json=BODY))
    said = ok(client.get("/api/v1/codes"))
    assert said["labels"][0] | LABEL == said["labels"][0]
    assert said["recalls"][0]["batch"] == "B1"
    assert said["member_code_keys"] == [KEY]
    ok(client.put("/api/v1/codes", json=BODY, headers=client.reader), 403)


def test_what_no_till_could_use_is_refused(client: Client) -> None:
    for body, words in [
        ({"labels": [{"name": "x", "pattern": "21AAAAAAAAAAC"}]}, "needs an item"),
        ({"recalls": [{"batch": "B1"}]}, "neither an item nor a GTIN"),
        ({"recalls": [{"gtin": "9506000134353"}]}, "is not a GTIN"),
        ({"member_code_keys": ["AAAA"]}, "32 bytes"),
    ]:
        assert words in ok(client.put("/api/v1/codes", json=body), 422)["message"]
    ok(client.put("/api/v1/codes", json={"labels": [LABEL | {"weight_unit": "stone"}]}), 422)


def test_a_label_is_tried_before_its_format_counts(client: Client) -> None:
    tried = {"text": "2100123012503", "labels": [LABEL], "price_minor": 3980}
    said = ok(client.post("/api/v1/codes/preview", json=tried))
    assert (said["quantity"], said["amount_minor"], said["finding"]) == (314, 1250, None)
    assert "金额 12.50" in said["zh"]
    assert said["problems"] == []


def test_agents_hear_of_it(client: Client, database: Database) -> None:
    ok(client.put("/api/v1/codes", json=BODY))
    with database.session() as session:
        document = desired_document(session, session.get_one(Agent, "s1-a"), START_MS)
    assert document is not None
    settings = document.settings
    assert settings.labels == [LabelFormat(name="amount", pattern="21IIIIIAAAAAC")]
    assert settings.recalls == [Recall(gtin="9506000134352", batch="B1")]
    assert settings.member_code_keys == [bytes(range(32))]
