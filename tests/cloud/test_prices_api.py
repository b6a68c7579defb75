"""Prices over HTTP and at the command line, as people and agents use them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
import msgspec
import pytest
import zstandard
from fastapi import FastAPI
from typer.testing import CliRunner

from cloud import audit
from cloud.api import answers
from cloud.api.auth import current_agent
from cloud.api.services import Services, services_of
from cloud.cli import app as command
from cloud.clock import DrivenBusinessClock
from cloud.database import Database
from cloud.deployment.clocks import Clocks
from cloud.fleet.models import Agent
from cloud.identity import tokens
from cloud.prices import api, approvals, bodies_api, drafts, publication_api
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import StoreManifest
from cloud.promotions import previews_api
from cloud.promotions.previewing import Previewing
from cloud.settings import CloudSettings
from shared.body import read_body
from shared.wire.desired import Manifest
from tests.cloud.prices_data import draft_of, found_chain, item, price, prices_in, publish_rows, report
from tests.factories import START_MS, DrivenMachineClock
from tests.provision.databases import new_sqlite

ITEMS = b"item,name_en\n1,Tea\n2,Milk\n"
PRICES = b"zone,item,regular,member\nz1,1,9.90,8.80\nz1,2,5,\n"


class Client:
    """Calls the app in this process."""

    def __init__(self, app: FastAPI, token: str, reader: str) -> None:
        self._app = app
        self._headers = {"Authorization": f"Bearer {token}"}
        self.reader = {"Authorization": f"Bearer {reader}"}

    def _call(self, method: str, path: str, *, headers: dict[str, str] | None = None, **facts: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://hq", headers=self._headers) as client:
                return await client.request(method, path, headers=headers, **facts)

        return asyncio.run(call())

    def get(self, path: str, **facts: Any) -> httpx.Response:
        return self._call("GET", path, **facts)

    def post(self, path: str, **facts: Any) -> httpx.Response:
        return self._call("POST", path, **facts)

    def put(self, path: str, **facts: Any) -> httpx.Response:
        return self._call("PUT", path, **facts)


@pytest.fixture
def client(database: Database, tmp_path: Path) -> Client:
    with database.session() as session:
        found_chain(session)
        token = tokens.create(session, name="t", scopes=["prices:write"], days=9, actor="x", now_ms=START_MS)
        reader = tokens.create(session, name="r", scopes=["prices:read"], days=9, actor="x", now_ms=START_MS)
    services = SimpleNamespace(
        settings=CloudSettings(data_dir=tmp_path),
        database=database,
        clocks=Clocks(machine=DrivenMachineClock(), business=DrivenBusinessClock(START_MS)),
    )
    app = FastAPI()
    answers.install(app)
    for module in (api, publication_api, bodies_api, previews_api):
        app.include_router(module.router)
    app.dependency_overrides[services_of] = lambda: cast("Services", services)
    app.dependency_overrides[current_agent] = lambda: Agent(id="s1-a")
    return Client(app, token, reader)


def ok(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def new_draft(client: Client, **facts: Any) -> str:
    return str(ok(client.post("/api/v1/prices/drafts", json={"title": "Spring", **facts}), 201)["id"])


def load(client: Client, draft: str, kind: str, content: bytes, *, dry_run: bool = False, status: int = 200) -> Any:
    query = {"kind": kind, "dry_run": dry_run}
    return ok(client.post(f"/api/v1/prices/drafts/{draft}/import", params=query, content=content), status)


def test_from_a_spreadsheet_to_the_tills(client: Client, database: Database) -> None:
    draft = new_draft(client)
    assert load(client, draft, "items", ITEMS, dry_run=True)["stored"] is False
    assert load(client, draft, "items", ITEMS)["changes"] == 2
    assert load(client, draft, "prices", PRICES)["stored"] is True
    shown = ok(client.get(f"/api/v1/prices/drafts/{draft}"))
    assert (shown["changes"], shown["targets"]) == ({"items": 2, "prices": 2}, ["all"])
    done = ok(client.post(f"/api/v1/prices/drafts/{draft}/publish", json={"reason": "season"}))
    assert done["versions"] == {"1": ["s1", "s2", "s3"]}
    with database.session() as session:
        assert prices_in(session, "s1", 1) == {"1": 990, "2": 500}
        report(session, "s1-a", version=1)
    tills = ok(client.get("/api/v1/prices/tills", params={"store": "s1"}))
    assert [(till["runs"], till["in_force"], till["drift"]) for till in tills] == [(1, 1, "active")]
    again = client.get("/api/v1/prices/export", params={"kind": "prices", "scope": "z1"})
    assert (
        again.content
        == b"\xef\xbb\xbfzone,item,regular,member,basis,floor,remove\r\nz1,1,9.90,8.80,1,,\r\nz1,2,5.00,,1,,\r\n"
    )


def test_staging_withdrawing_and_rolling_back(client: Client) -> None:
    first = new_draft(client)
    load(client, first, "items", ITEMS)
    load(client, first, "prices", PRICES)
    ok(client.post(f"/api/v1/prices/drafts/{first}/publish", json={}))
    for month, cents in (("03", 700), ("02", 600)):
        draft = new_draft(client)
        change = {"kind": "prices", "scope": "z1", "key": "1", "row": {"item": "1", "regular_minor": cents}}
        ok(client.post(f"/api/v1/prices/drafts/{draft}/rows", json={"changes": [change]}))
        done = ok(
            client.post(f"/api/v1/prices/drafts/{draft}/publish", json={"activates_local": f"2026-{month}-01T06:00:00"})
        )
    assert done["rebuilt"] == [{"old": 2, "new": 4, "stores": ["s1", "s2", "s3"]}]
    assert done["conflicts"][0]["earlier"] == {"item": "1", "regular_minor": 600}
    timeline = ok(client.get("/api/v1/prices/stores/s1/timeline"))
    assert [(e["version"], e["status"]) for e in timeline] == [
        (4, "staged"), (3, "staged"), (2, "withdrawn"), (1, "active"),
    ]  # fmt: skip
    rebuilt = ok(client.post("/api/v1/prices/versions/3/withdraw", json={"reason": "wrong"}))
    assert [(r["old"], r["new"]) for r in rebuilt] == [(4, 5)]
    back = ok(client.post("/api/v1/prices/versions/1/rollback", json={"targets": ["store:s1"]}))
    assert (back["version"], [r["new"] for r in back["rebuilt"]]) == (6, [7])
    versions = ok(client.get("/api/v1/prices/versions"))
    assert [(v["version"], v["status"], v["rollback_of"], v["rebuilt_from"]) for v in versions[:3]] == [
        (7, "published", None, 5), (6, "published", 1, None), (5, "published", None, 4),
    ]  # fmt: skip
    assert ok(client.get("/api/v1/prices/versions/3"))["status"] == "withdrawn"


def test_a_bad_file_stores_nothing_and_says_why(client: Client) -> None:
    draft = new_draft(client)
    answer = load(client, draft, "prices", b"zone,item,regular\nz1,1,x\n", status=422)
    assert answer["problems"][0] == {
        "row": 2, "column": "regular", "value": "x", "problem": "'x' is not an amount",
        "remedy": "write an amount such as 12.50, without currency or thousands marks", "severity": "error",
    }  # fmt: skip
    assert ok(client.get(f"/api/v1/prices/drafts/{draft}"))["changes"] == {}


def test_who_writes_rows_by_a_program_is_noted_and_approves_none_of_them(client: Client, database: Database) -> None:
    with database.session() as session:
        first = draft_of(session, [price("1", 990)], ["store:s1"])
        publish_rows(session, [item("1"), price("1", 800)])
        approvals.set_second_person(session, needed=True, actor="root", wall_ms=START_MS)
    rows = f"/api/v1/prices/drafts/{first}/rows"
    change = {"kind": "prices", "scope": "z1", "key": "1", "row": {"item": "1", "regular_minor": 1}}
    ok(client.post(rows, json={"changes": [change]}))
    second = new_draft(client, targets=["store:s1"])
    load(client, second, "prices", PRICES.replace(b"z1,2,5,\n", b""), dry_run=True)
    with database.session() as session:
        assert drafts.writers_of(drafts.get_draft(session, first)) == {"ana", "token:t"}
        with pytest.raises(PriceRefusal, match="cannot approve"):
            approvals.approve(session, first, actor="token:t", wall_ms=START_MS)
        approvals.approve(session, first, actor="bo", wall_ms=START_MS)
        drafts.get_draft(session, second).created_by = "ana"
    load(client, second, "prices", PRICES.replace(b"z1,2,5,\n", b""))
    client._call("DELETE", f"/api/v1/prices/drafts/{second}")
    with database.snapshot() as session:
        assert drafts.writers_of(drafts.get_draft(session, second)) == {"ana", "token:t"}
        noted = [(one.actor, one.action, one.subject, one.detail) for one in audit.latest(session, 10)]
    for act in (
        ("token:t", "prices.write", first, "rows written: 1"),
        ("token:t", "prices.write", second, "rows written: 1"),
        ("token:t", "prices.discard", second, "Spring"),
    ):
        assert act in noted
    publish = f"/api/v1/prices/drafts/{first}/publish"
    beyond = ok(client.post(publish, json={"targets": ["all"]}), 403)
    assert beyond["code"] == "approved_for_others", "approved for one store is not approved for all"
    assert ok(client.post(publish, json={"targets": ["store:s1"]}))["versions"] == {"2": ["s1"]}


def test_refusals_are_sentences(client: Client) -> None:
    draft = new_draft(client)
    publish = f"/api/v1/prices/drafts/{draft}/publish"
    assert ok(client.get("/api/v1/prices/drafts/none"), 404)["message"] == "there is no draft 'none'"
    assert ok(client.post(publish, json={"targets": ["store:s9"]}), 404)["message"] == "there is no store 's9'"
    assert ok(client.post(publish, json={"targets": ["s9"]}), 403)["code"] == "bad_target"
    assert (
        "without offset" in ok(client.post(publish, json={"activates_local": "2026-03-01T00:00:00Z"}), 422)["message"]
    )
    assert ok(client.post(publish, json={"activates_local": "2020-01-01T00:00:00"}), 403)["code"] == "activation_past"
    change = {"kind": "prices", "scope": "z1", "key": "1", "row": {"item": "1", "regular_minor": -1}}
    answer = ok(client.post(f"/api/v1/prices/drafts/{draft}/rows", json={"changes": [change]}), 422)
    assert answer["message"] == "changes[0] (prices 1): a price is not negative"
    assert ok(client.post(publish, json={}, headers=client.reader), 403)["code"] == "scope_missing"
    assert ok(client.get("/api/v1/prices/versions", headers=client.reader)) == []


def test_a_draft_s_id_is_the_caller_s(client: Client) -> None:
    id_ = "01890000-0000-7000-8000-000000000001"
    assert new_draft(client, id=id_) == new_draft(client, id=id_) == id_
    ok(client.post("/api/v1/prices/drafts", json={"id": id_, "title": "Other"}), 409)


def test_a_draft_is_tried_on_real_baskets_watched_and_cancelled(client: Client, database: Database) -> None:
    draft = new_draft(client, targets=["store:s1"])
    path = f"/api/v1/prices/drafts/{draft}/previews"
    assert "changes nothing" in ok(client.post(path, json={}), 403)["message"]
    load(client, draft, "items", ITEMS)
    load(client, draft, "prices", PRICES)
    id_ = "01890000-0000-7000-8000-000000000002"
    asked = ok(client.post(path, json={"id": id_, "weeks": 2}), 202)
    assert (asked["id"], asked["status"], asked["targets"], asked["result"]) == (id_, "waiting", ["store:s1"], None)
    assert ok(client.post(path, json={"id": id_, "weeks": 2}), 202) == asked
    ok(client.post(path, json={"id": id_, "weeks": 3}), 409)
    ok(client.post(path, json={"weeks": 14}), 422)
    ok(client.post(path, json={}, headers=client.reader), 403)
    job = Previewing(database, DrivenMachineClock(), UUID(int=1))
    while job():
        pass
    done = ok(client.get(f"{path}/{id_}", headers=client.reader))
    assert (done["status"], done["current"], done["result"]["baskets"], done["result"]["failures"]) == (
        "done",
        True,
        0,
        [],
    )
    load(client, draft, "prices", PRICES.replace(b"z1", b"z2"))
    later = ok(client.post(path, json={}), 202)
    assert [(one["id"], one["current"]) for one in ok(client.get(path))] == [(later["id"], True), (id_, False)]
    assert ok(client.post(f"{path}/{later['id']}/cancel"))["status"] == "cancelled"
    assert ok(client.post(f"{path}/{id_}/cancel"))["status"] == "done"
    ok(client.get(f"/api/v1/prices/drafts/{new_draft(client)}/previews/{id_}"), 404)


def test_till_settings(client: Client) -> None:
    body = {"card_prefixes": ["88"], "card_digits": 9}
    ok(client.put("/api/v1/prices/till-settings", json=body))
    assert ok(client.get("/api/v1/prices/till-settings")) | body == ok(client.get("/api/v1/prices/till-settings"))
    ok(client.put("/api/v1/prices/till-settings", json={"card_digits": 99}), 422)


def test_what_a_change_of_the_till_settings_leaves_out_stays(client: Client) -> None:
    path = "/api/v1/prices/till-settings"
    receipt = {"languages": ["zh", "en"], "legal_name": "Rain Ltd", "url": "https://r.example/", "notes": ["谢谢惠顾"]}
    assert ok(client.put(path, json={"card_digits": 9, "receipt": receipt}))["receipt"] == receipt
    ok(client.put(path, json={"retain_days": 40}))
    ok(client.put(path, json={"receipt": {"legal_name": "Snow Ltd"}}))
    now = ok(client.get(path))
    assert (now["card_digits"], now["retain_days"]) == (9, 40)
    assert now["receipt"] == {**receipt, "legal_name": "Snow Ltd"}
    ok(client.put(path, json={"receipt": {"url": "not an address"}}), 422)


def test_bodies_are_served_whole_in_part_and_for_ever(client: Client, database: Database) -> None:
    with database.session() as session:
        publish_rows(session, [item(str(n)) for n in range(500)])
        publish_rows(session, [price("1", 100), item("1", sellable=False)])
        hashes = []
        for version in (1, 2):
            content = session.get_one(StoreManifest, (version, "s1")).content
            bodies = msgspec.json.decode(content, type=Manifest).bodies
            hashes.append(next(body.hash for body in bodies if body.kind == "items"))
    whole = client.get(f"/api/v1/bodies/{hashes[0]}.zst")
    assert (whole.status_code, whole.headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    header, rows = read_body(zstandard.ZstdDecompressor().decompress(whole.content))
    assert (header.hash, len(dict(rows))) == (hashes[0], 500)
    part = client.get(f"/api/v1/bodies/{hashes[0]}.zst", headers={"Range": "bytes=100-"})
    assert (part.status_code, part.content) == (206, whole.content[100:])
    end = len(whole.content)
    assert client.get(f"/api/v1/bodies/{hashes[0]}.zst", headers={"Range": f"bytes={end}-"}).status_code == 416
    known = client.get(f"/api/v1/bodies/{hashes[0]}.zst", headers={"If-None-Match": whole.headers["etag"]})
    assert known.status_code == 304
    delta = client.get(f"/api/v1/bodies/{hashes[0]}..{hashes[1]}.zst")
    assert read_body(zstandard.ZstdDecompressor().decompress(delta.content))[0].rows == 1
    assert ok(client.get(f"/api/v1/bodies/{'0' * 64}.zst"), 404)["code"] == "not_found"
    assert client.get("/api/v1/bodies/..%2F..%2Fkeys.zst").status_code == 404


def test_the_command_line_does_the_same(tmp_path: Path) -> None:
    database = new_sqlite(tmp_path / "cloud.db")
    with database.session() as session:
        found_chain(session)
    database.close()

    def run(*words: str, code: int = 0) -> str:
        result = CliRunner().invoke(command, ["--data-dir", str(tmp_path), "prices", *words])
        assert result.exit_code == code, result.output
        return result.output

    (tmp_path / "items.csv").write_bytes(ITEMS)
    (tmp_path / "prices.csv").write_bytes(PRICES)
    (tmp_path / "bad.csv").write_bytes(b"zone,item,regular\nz1,1,x\n")
    draft = run("new", "Spring").strip()
    run("import", draft, str(tmp_path / "items.csv"), "--kind", "items")
    assert "2 rows would change" in run("import", draft, str(tmp_path / "prices.csv"), "--kind", "prices", "--dry-run")
    run("import", draft, str(tmp_path / "prices.csv"), "--kind", "prices")
    bad = run("import", draft, str(tmp_path / "bad.csv"), "--kind", "prices", code=1)
    assert "row 2, regular: 'x' is not an amount; write an amount such as 12.50" in bad
    assert "Spring\tall\t2 items, 2 prices" in run("drafts")
    assert "Version 1 for 3 stores." in run("publish", draft)
    assert "was published; start a new one" in run("publish", draft, code=1)
    assert "Version 2 for s1." in run("rollback", "1", "--target", "store:s1")
    assert run("timeline", "s1").startswith("2\tactive")
    assert "s1\tt1\truns nothing known\tshould run 2" in run("tills", "--store", "s1")
    assert "Spring" in run("versions")
    run("export", str(tmp_path / "out.xlsx"), "--kind", "prices", "--scope", "z1")
    assert "0 rows" not in run("import", run("new", "Again").strip(), str(tmp_path / "out.xlsx"), "--kind", "prices")
    assert "card prefixes 77; card digits 10" in run("till-settings", "--card-prefix", "77", "--card-digits", "10")
    assert "card digits 10; kept for 41 days" in run("till-settings", "--retain-days", "41")
    other = run("new", "Never").strip()
    run("discard", other)
    assert "already in force in s1" in run("withdraw", "2", code=1)
