"""Stored value over HTTP and by command, on both databases: scopes, keys where money moves, two people, OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from cloud.audit.models import AuditEntry
from cloud.cli import app as cli
from cloud.database import Database
from tests.cloud.calling import call
from tests.cloud.value_pages_data import CODE, Desk
from tests.cloud.visiting import make_person
from tests.factories import START_MS

Ask = Callable[..., httpx.Response]


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


def asking(desk: Desk, *scopes: str, name: str = "finance") -> Ask:
    token = desk.token(*scopes, name=name)

    def ask(method: str, path: str, body: object = None, key: str = "", code: int = 200) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", **({"Idempotency-Key": key} if key else {})}
        facts = {} if body is None else {"json": json.loads(json.dumps(body, default=str))}
        found = call(desk.app, method, f"/api/v1{path}", headers=headers, **facts)
        assert found.status_code == code, found.text
        return found

    return ask


def test_what_is_owed_and_proved_is_read_with_a_scope(desk: Desk) -> None:
    desk.a_month()
    read = asking(desk, "value:read")
    owed = read("GET", "/value/owed").json()
    assert owed["issuers"] == [
        {"issuer": "main", "currency": "CNY", "principal_minor": 12_000, "gift_minor": 1_000, "held_minor": 500,
         "purses": 1},
    ]  # fmt: skip
    assert len(owed["months"]) == 12
    assert owed["months"][-1]["drawn_minor"] == 8_000
    [purse] = read("GET", f"/value/purses?member={desk.chain.ann}").json()
    assert (purse["principal_minor"], purse["principal_held_minor"], purse["owed_minor"]) == (11_500, 500, 0)
    assert read("GET", "/value/purses?after=ffffffff-ffff-7fff-bfff-ffffffffffff").json() == []
    proof = read("GET", "/ledger/proofs/newest").json()
    assert (proof["holds"], proof["wrong"], sum(proof["ages"]["CNY"].values())) == (True, {}, 13_000)
    [row] = read("GET", "/value/settlement?month=2026-01").json()
    assert (row["sold_by"], row["taken_by"], row["principal_minor"]) == ("s001", "s002", 8_000)
    assert read("GET", "/value/settlement?month=soon", code=422).json()
    for path in ("/value/owed", "/ledger/proofs", "/reviews/points"):
        asking(desk, "sales:read", name="other")("GET", path, code=403)
    read("POST", "/value/returns", {"purse": desk.chain.purse, "store": "s001", "reason": "x"}, "k", 403)


def test_money_moves_once_under_its_key(desk: Desk) -> None:
    write = asking(desk, "value:write")
    path = f"/value/purses/{desk.chain.purse}/top-ups"
    body = {"minor": 5_000, "at_ms": START_MS, "store": "s001"}
    write("POST", path, body, code=422)
    first = write("POST", path, body, "a", 201)
    assert write("POST", path, body, "a", 201).json() == first.json()
    assert first.json() == {"principal_minor": 5_000, "gift_minor": 0, "recovered_minor": 0}
    assert "minor" in write("POST", path, {**body, "minor": 6_000}, "a", 409).text
    assert "cap_exceeded" in write("POST", path, {**body, "minor": 500_000}, "b", 403).text
    assert "cap_exceeded" in write("POST", path, {**body, "minor": 500_000}, "b", 403).text, "a no stays a no"
    asking(desk, "value:write", name="another")("POST", path, body, "a", 201)
    assert desk.chain.money == (10_000, 0)
    with desk.chain.database.session() as session:
        found = session.exec(select(AuditEntry).where(AuditEntry.action == "value.sold").order_by(col(AuditEntry.id)))
        said = [(one.actor, one.detail) for one in found]
    assert said == [("token:finance", "5000 and 0 of gift money"), ("token:another", "5000 and 0 of gift money")]
    desk.chain.prove()


def test_a_card_goes_back_and_value_is_put_right_by_two_tokens(desk: Desk) -> None:
    desk.chain.top_up(5_000)
    one, two = asking(desk, "value:write", name="one"), asking(desk, "value:write", name="two")
    more = {"kind": "purse_gift", "owner": desk.chain.ann, "unit": "CNY", "amount": 300, "store": "s001", "reason": "x"}
    asked = one("POST", "/value/corrections", more, "c", 201).json()
    assert one("POST", "/value/corrections", more, "c", 201).json() == asked
    decision = f"/value/corrections/{asked['id']}/decision"
    assert "same_person" in one("POST", decision, {"approve": True}, code=403).text
    assert two("POST", decision, {"approve": True}).json()["state"] == "posted"
    two("POST", decision, {"approve": False}, code=409)
    assert desk.chain.money == (5_000, 300)
    wanted = {"purse": desk.chain.purse, "store": "s002", "reason": "moves"}
    made = one("POST", "/value/returns", wanted, "r", 201).json()
    assert [row["id"] for row in one("GET", "/value/returns").json()] == [made["id"]]
    paid = two("POST", f"/value/returns/{made['id']}/decision", {"approve": True, "note": "seen"}).json()
    assert (paid["state"], paid["paid_minor"], paid["forfeited_minor"]) == ("paid", 5_000, 300)
    assert two("POST", f"/value/returns/{made['id']}/hand-over", {"how": "cash"}).json()["handed_by"] == "token:two"
    asked = one("POST", "/value/corrections", more, "d", 201).json()
    make_person(desk.chain.database)  # from here on no program is anybody's second person: who asked may hold its token
    decision = f"/value/corrections/{asked['id']}/decision"
    assert "person_needed" in two("POST", decision, {"approve": True}, code=403).text
    desk.chain.prove()


def test_rules_are_drafted_and_published_and_reviews_decided(desk: Desk) -> None:
    desk.a_month()
    write = asking(desk, "value:write")
    campaign = {"from_minor": 10_000, "gift_minor": 500, "starts": "2026-01-01", "ends": "2026-12-31"}
    draft = write("POST", "/value/rules/drafts", {"named_cap_minor": 5_000, "campaigns": [campaign]}, "d", 201).json()
    assert draft["named_over"] == 1
    assert [10_000, 1_000, 500] in draft["examples"]
    write("POST", "/value/rules/drafts", {"hold_minutes": 0}, "e", 422)
    stale = write("POST", "/value/rules/drafts", {"hold_minutes": 9}, "f", 201).json()
    published = write("POST", f"/value/rules/drafts/{draft['id']}/publication", {"reason": "spring"}).json()
    assert published["version"] == 2
    assert "最高 50.00" in published["words"]["zh"][0]
    write("POST", f"/value/rules/drafts/{stale['id']}/publication", {"reason": "late"}, code=409)
    assert write("GET", "/value/rules").json() == published
    assert [row["promised"] for row in write("GET", "/reviews/points").json()] == [95]
    done = write("POST", f"/reviews/points/{desk.sale}/decision", {"grant": True, "reason": "sign said so"}).json()
    assert done["granted"] is True
    assert write("GET", "/reviews/points").json() == []
    closed = write("POST", f"/reviews/coupons/{desk.sale}/{CODE}/decision", {"decision": "stands", "note": "one"})
    assert closed.json()["decision"] == "stands"
    desk.chain.prove()


def test_every_operation_is_documented_with_its_key(desk: Desk) -> None:
    paths = desk.app.openapi()["paths"]
    for path in ("/api/v1/value/purses/{purse}/top-ups", "/api/v1/value/returns", "/api/v1/value/corrections"):
        keys = [one["name"] for one in paths[path]["post"]["parameters"]]
        assert "Idempotency-Key" in keys, path
    ours = {path: one for path, one in paths.items() if path.startswith(("/api/v1/value", "/api/v1/ledger"))}
    assert all(operation.get("description") for one in ours.values() for operation in one.values())


def test_the_books_are_written_by_command(tmp_path: Path) -> None:
    run = CliRunner()
    data = ["--data-dir", str(tmp_path)]
    assert run.invoke(cli, [*data, "init"]).exit_code == 0
    for command in (["ledger", "history"], ["value", "owed"], ["ledger", "prove"], ["ledger", "history"]):
        done = run.invoke(cli, [*data, *command])
        assert done.exit_code == 0, done.output
    assert "holds, 1 proofs" in done.output
    file = tmp_path / "january.csv"
    assert run.invoke(cli, [*data, "value", "settlement", "2026-01", "--file", str(file)]).exit_code == 0
    assert file.read_text(encoding="utf-8-sig").startswith("sold_by,company,taken_by")
    wrong = run.invoke(cli, [*data, "value", "settlement", "January"])
    assert wrong.exit_code == 1
    assert "write it as 2026-01" in wrong.output
