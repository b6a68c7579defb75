"""Coupons and rewards over HTTP and on the command line: done once under the caller's id, refused with a code."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel import select
from typer.testing import CliRunner

from cloud import cli
from cloud.audit.models import AuditEntry
from cloud.coupons.models import Coupon
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.identity import tokens
from cloud.member_lifecycle.merging import merge
from cloud.members import blocks
from cloud.rewards.models import GiftOrder, Pickup
from shared import coupon_code, pickup_code
from tests.cloud.calling import call
from tests.cloud.members_data import mint, vault
from tests.cloud.picture_files import drawn
from tests.cloud.rewards_data import Mall
from tests.factories import START_MS, new_id

PNG = drawn()


class Program:
    """Another system with a token."""

    def __init__(self, mall: Mall, *scopes: str) -> None:
        self.mall = mall
        with mall.database.session() as session:
            self.token = tokens.create(session, name="erp", scopes=list(scopes), days=1, actor="test", now_ms=START_MS)

    def ask(self, method: str, path: str, **facts: Any) -> httpx.Response:
        return call(self.mall.app, method, f"/api/v1/{path}", token=self.token, **facts)

    def post(self, path: str, **body: object) -> httpx.Response:
        return self.ask("POST", path, json=body)


@pytest.fixture
def mall(sqlite_database: Database) -> Mall:
    return Mall(sqlite_database)


@pytest.fixture
def erp(mall: Mall) -> Program:
    return Program(mall, "coupons:write", "rewards:write")


BATCH = {
    "id": "may", "kind": "codes", "promotion": "off10", "starts": "2026-01-01", "ends": "2026-01-31", "most": 5,
}  # fmt: skip


def test_coupons_go_to_who_a_member_is_by_now_and_to_nobody_else(mall: Mall, erp: Program) -> None:
    erp.post("coupons/batches", **{**BATCH, "kind": "personal"})
    li, wu, zhao = (mall.member(card=f"881000000000005{n}") for n in range(3))

    def give(*members: UUID) -> httpx.Response:
        return erp.post("coupons/batches/may/give", id=str(new_id()), members=[str(one) for one in members])

    with mall.database.session() as session:
        commit_no = open_commit(session, 1)
        merge(session, vault(), mint, li, wu, reason="one", actor="ann", commit_no=commit_no, now_ms=START_MS)
        blocks.put(session, zhao, "coupons", reason="misuse", actor="ann", commit_no=commit_no, now_ms=START_MS)
    (code,) = give(wu).json()["codes"]
    assert erp.ask("GET", f"coupons/codes/{code}").json()["member"] == str(li), "the other id can use nothing"
    assert (give(zhao).status_code, give(zhao).json()["code"]) == (403, "coupons_blocked")
    assert give(li, new_id()).status_code == 404
    assert erp.ask("GET", "coupons/batches/may").json()["issued"] == 1


def test_a_batch_is_made_given_once_and_counted(mall: Mall, erp: Program) -> None:
    assert erp.post("coupons/batches", **BATCH).status_code == 201
    assert erp.post("coupons/batches", **BATCH).status_code == 409
    assert erp.post("coupons/batches", **{**BATCH, "id": "X"}).status_code == 422
    request = str(new_id())
    first = erp.post("coupons/batches/may/give", id=request, codes=3)
    assert first.json() == erp.post("coupons/batches/may/give", id=request, codes=3).json()
    codes = first.json()["codes"]
    assert [coupon_code.read(one) for one in codes] == codes
    assert erp.post("coupons/batches/may/give", id=request, codes=4).status_code == 409
    spent = erp.post("coupons/batches/may/give", id=str(new_id()), codes=3)
    assert (spent.status_code, spent.json()["code"]) == (403, "batch_spent")
    seen = erp.ask("GET", "coupons/batches/may").json()
    assert (seen["issued"], seen["open"], seen["used"], seen["cost_minor"]) == (3, 3, 0, 0)
    assert erp.ask("GET", f"coupons/codes/{codes[0].lower()}").json()["state"] == "issued"
    gone = erp.post(f"coupons/codes/{codes[0]}/withdraw", reason="lost")
    assert gone.json()["state"] == "voided"
    assert erp.post(f"coupons/codes/{codes[0]}/withdraw", reason="lost").json()["code"] == "not_open"
    assert erp.post("coupons/batches/may/extend", ends="2026-03-01", reason="rain").json()["ends"] == "2026-03-01"
    assert erp.post("coupons/batches/may/withdraw", reason="over").json() == {"ended": 2}
    assert erp.ask("GET", "coupons/batches").json()[0]["closed"] is True
    assert erp.ask("GET", "coupons/batches/none").status_code == 404
    with mall.database.session() as session:
        assert {row.ends for row in session.exec(select(Coupon)) if row.state == "issued"} == set()
        assert "coupons.give" in {row.action for row in session.exec(select(AuditEntry))}


def test_a_gift_is_taken_and_handed_over_by_programs_once(mall: Mall, erp: Program) -> None:
    li = mall.member(300)
    gift = {"id": "mug", "names": {"en": "Mug"}, "points": 100}
    assert erp.post("rewards/gifts", **gift).json()["left"] == 0
    move = {"id": str(new_id()), "store": "s001", "delta": 2, "reason": "delivery"}
    assert [erp.post("rewards/gifts/mug/stock", **move).json()["left"] for _ in range(2)] == [2, 2]
    other = erp.post("rewards/gifts/mug/stock", **{**move, "delta": 3})
    assert (other.status_code, "differs in delta" in other.text) == (409, True)
    order = {"id": str(new_id()), "member": str(li), "store": "s001"}
    done = [erp.post("rewards/gifts/mug/orders", **order).json() for _ in range(2)]
    assert done[0] == done[1]
    assert done[0]["until"] == "2026-01-15"
    code = done[0]["code"]
    assert pickup_code.read(code) == code
    other = erp.post("rewards/gifts/mug/orders", **{**order, "store": "s002"})
    assert other.status_code == 409
    assert erp.ask("GET", f"rewards/pickups/{code}?store=s002").json()["code"] == "pickup_elsewhere"
    assert erp.ask("GET", f"rewards/pickups/{code}?store=s001").json()["names"] == {"en": "Mug"}
    handing = {"id": str(new_id()), "store": "s001"}
    assert [erp.post(f"rewards/pickups/{code}/hand-over", **handing).json()["state"] for _ in range(2)] == ["done"] * 2
    again = erp.post(f"rewards/pickups/{code}/hand-over", id=str(new_id()), store="s001")
    assert again.json()["code"] == "pickup_done"
    assert erp.post(f"rewards/orders/{order['id']}/cancel").json()["code"] == "fetched"
    second = {**order, "id": str(new_id())}
    erp.post("rewards/gifts/mug/orders", **second)
    assert erp.post(f"rewards/orders/{second['id']}/cancel").status_code == 204
    assert [one["left"] for one in erp.ask("GET", "rewards/gifts?store=s001").json()] == [1]
    picture = erp.ask("PUT", "rewards/gifts/mug/picture", content=PNG)
    assert picture.status_code == 204
    assert erp.ask("PUT", "rewards/gifts/mug/picture", content=b"GIF89a").status_code == 422
    changed = {"names": {"en": "Mug"}, "points": 150, "open": False, "reason": "sold out"}
    assert erp.ask("PUT", "rewards/gifts/mug", json=changed).json()["open"] is False
    assert erp.post("rewards/gifts/mug/orders", **{**order, "id": str(new_id())}).json()["code"] == "gift_closed"
    assert mall.books.points(li) == 200
    mall.books.prove()


def test_a_draw_is_public_and_a_refused_one_costs_nothing(mall: Mall, erp: Program) -> None:
    li = mall.member(30)
    prize = {"prize": "mug", "weight": 1, "worth_minor": 1_000, "stock": 1, "names": {"en": "Mug"}}
    draw = {"id": "d", "names": {"en": "D"}, "prizes": [prize], "nothing_weight": 3, "points": 20}
    seen = erp.post("rewards/draws", **draw).json()
    assert (seen["odds"], seen["seed"], len(seen["commitment"])) == ({"mug": "1/4", "": "3/4"}, None, 64)
    dear = {**draw, "id": "e", "prizes": [{**prize, "worth_minor": 5_000_001}]}
    assert erp.post("rewards/draws", **dear).json()["code"] == "top_prize"
    twice = {**draw, "id": "f", "prizes": [prize, prize]}
    assert erp.post("rewards/draws", **twice).status_code == 422
    entry = {"id": str(new_id()), "member": str(li)}
    assert erp.post("rewards/draws/d/tickets", **entry).json() == erp.post("rewards/draws/d/tickets", **entry).json()
    poor = erp.post("rewards/draws/d/tickets", id=str(new_id()), member=str(li))
    assert (poor.json()["code"], mall.books.points(li)) == ("insufficient", 10)
    assert erp.ask("GET", "rewards/draws/d/tickets").json()[0]["holds"] is True
    assert len(erp.post("rewards/draws/d/end", reason="over").json()["seed"]) == 64
    assert len(erp.ask("GET", "rewards/draws").json()) == 1
    mall.books.prove()


def test_programs_ask_for_runs_and_people_approve_them(mall: Mall, erp: Program) -> None:
    li = mall.member()
    mall.books.give(li, 70, expires_on=date(2025, 12, 31))
    body = {"id": str(new_id()), "kind": "expiry", "parameters": {"today": "2026-01-01"}}
    assert erp.post("rewards/runs", **body).json()["state"] == "asked"
    mall.work()
    path = f"rewards/runs/{body['id']}"
    assert (erp.ask("GET", path).json()["state"], erp.ask("GET", path).json()["total"]) == ("dry", 70)
    assert erp.post(f"{path}/start").json()["code"] == "not_approved"
    assert erp.post(f"{path}/approve").status_code == 404
    bo = mall.person("bo")
    bo.send(f"/rewards/runs/{body['id']}/approve")
    erp.post(f"{path}/start")
    mall.work()
    assert mall.books.points(li) == 0
    erp.post(f"{path}/reverse", reason="mistake")
    mall.work()
    assert erp.ask("GET", "rewards/runs").json()[0]["state"] == "reversed"
    assert mall.books.points(li) == 70
    bad = erp.post("rewards/runs", id=str(new_id()), kind="rebate", parameters={"rate": 1}).json()
    mall.work()
    assert "rebate:" in erp.ask("GET", f"rewards/runs/{bad['id']}").json()["problem"]


def test_a_token_without_the_scope_may_nothing(mall: Mall) -> None:
    reader = Program(mall, "coupons:read")
    assert reader.ask("GET", "coupons/batches").json() == []
    assert reader.post("coupons/batches", **BATCH).json()["code"] == "scope_missing"
    assert reader.ask("GET", "rewards/gifts").json()["code"] == "scope_missing"


def test_leaving_by_any_way_ends_coupons_and_gifts_alike(mall: Mall) -> None:
    """The members' page, head office's API and the command line erase by one function: so do their coupons end."""
    li = mall.member(300)
    mall.batch()
    (code,) = mall.give(li)
    mall.gift()
    mall.order("mug", li)
    desk = Program(mall, "personal:write")
    leave = {"confirm": str(li), "reason": "asked at the desk"}
    kept = desk.post(f"members/{li}/erase", **leave)
    assert kept.json()["code"] == "holds_points"
    state = _states(mall, code)
    assert state == ("issued", "ordered", "waiting")
    assert desk.post(f"members/{li}/erase", **leave, give_up_points=True).json()["points"] == 300
    assert _states(mall, code) == ("voided", "cancelled", "ended")
    mall.books.prove()


def _states(mall: Mall, code: str) -> tuple[str, str, str]:
    with mall.database.session() as session:
        order, pickup = session.exec(select(GiftOrder)).one(), session.exec(select(Pickup)).one()
        return session.get_one(Coupon, code).state, order.state, pickup.state


def test_leaving_waits_while_a_till_has_a_coupon_set_aside(mall: Mall) -> None:
    li = mall.member()
    mall.batch()
    (code,) = mall.give(li)
    with mall.database.session() as session:
        row = session.get_one(Coupon, code)
        row.state, row.basket_id = "reserved", new_id()
        session.add(row)
    refused = Program(mall, "personal:write").post(f"members/{li}/erase", confirm=str(li), reason="asked")
    assert refused.json()["code"] == "not_open"


def test_the_command_line_makes_codes_and_replays_a_draw(tmp_path: Path) -> None:
    runner, folder = CliRunner(), str(tmp_path / "hq")

    def run(*words: str) -> str:
        done = runner.invoke(cli.app, ["--data-dir", folder, *words])
        return f"{done.exit_code} {done.output}"

    assert run("init").startswith("0")
    made = ("coupons", "new", "may", "--kind", "codes", "--promotion", "off10", "--starts", "2020-01-01", "--ends",
            "2099-01-31", "--most", "5")  # fmt: skip
    assert "Batch may is made." in run(*made)
    file = tmp_path / "codes.csv"
    assert "3 codes" in run("coupons", "codes", "may", str(file), "--count", "3")
    assert file.stat().st_mode & 0o077 == 0
    code = file.read_text().splitlines()[1].split(",")[0]
    assert "issued" in run("coupons", "show", code)
    assert run("coupons", "codes", "may", str(file)).startswith("2")
    assert "1 there is no" not in run("coupons", "codes", "may", str(tmp_path / "x.csv"), "--count", "9")
    assert "3 unused coupons ended" in run("coupons", "withdraw", "may", "--reason", "over")
    assert "withdrawn" in run("coupons", "list")
    assert run("rewards", "check-draw", "none").startswith("1")
    assert run("rewards", "runs").startswith("0")
