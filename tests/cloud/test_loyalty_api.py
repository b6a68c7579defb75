"""Drafts of rules, the leaderboard, friends and transfers over HTTP: the same refusals, and persons who approve."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from cloud.database import Database
from cloud.loyalty import deciding, posting, rules, trial_running
from cloud.members import rules as member_rules
from tests.cloud.members_data import join
from tests.cloud.test_loyalty_pages import TODAY
from tests.cloud.test_members_api import Client
from tests.cloud.value_pages_data import Desk
from tests.factories import START_MS, DrivenMachineClock, new_id

TIERS = [{"code": "gold", "names": {"en": "Gold"}, "from_minor": 5_000,
          "benefits": [{"kind": "points_times", "times_bp": 20_000}]}]  # fmt: skip
DRAFT = {"kind": "tiers", "starts": "2026-01-01", "rule": {"tiers": TIERS, "window": "rolling", "months": 6}}


class Local(Client):
    """Calls the app by the name it answers to beside the console."""

    def __init__(self, app: FastAPI, token: str) -> None:
        super().__init__(app, token)
        self._headers["Host"] = "127.0.0.1"

    def put(self, path: str, **facts: Any) -> httpx.Response:
        return self._call("PUT", path, **facts)

    def delete(self, path: str) -> httpx.Response:
        return self._call("DELETE", path)


class Callers:
    """Two programs with tokens of their own, one that may only read, and a person who may approve."""

    def __init__(self, database: Database) -> None:
        self.desk = Desk(database)
        self.ada = self.desk.visitor("ada")
        app: FastAPI = self.desk.app
        self.ann, self.bob = (Local(app, self.desk.token("members:write", "members:read", name=n)) for n in ("a", "b"))
        self.reader = Local(app, self.desk.token("members:read", name="r"))


@pytest.fixture
def callers(sqlite_database: Database) -> Callers:
    return Callers(sqlite_database)


def test_a_draft_is_written_and_tried_by_programs_and_approved_by_a_person(callers: Callers) -> None:
    ann, bob, database = callers.ann, callers.bob, callers.desk.database
    member = join(database)
    with database.session() as session:
        posting.add(session, {(member, TODAY): posting.Done(6_000, 1)}, rules.load(session))
    where = f"/api/v1/loyalty/drafts/{new_id()}"
    assert callers.reader.put(where, json=DRAFT).status_code == 403
    made = ann.put(where, json=DRAFT)
    assert made.status_code == 200, made.text
    assert "Gold: 2 times the points." in made.json()["words"]["en"]
    assert "Gold：2 倍积分。" in made.json()["words"]["zh"]
    assert ann.post(f"{where}/trial?trial={new_id()}").json()["trial"]["state"] == "waiting"
    while trial_running.TrialRunning(database, DrivenMachineClock(START_MS))():
        pass
    found = bob.get(where).json()["trial"]
    assert (found["state"], found["of_this_rule"], found["after"]["gold"]) == ("done", True, 1)
    for program in (ann, bob):
        refused = program.post(f"{where}/approve", json={"reason": "mine"})
        assert (refused.status_code, refused.json()["code"]) == (403, "person_needed")
    callers.ada.send(f"/loyalty/drafts/{where.rsplit('/', 1)[1]}/approve", {"reason": "fine"})
    assert ann.get(where).json()["approved_by"] == "person:ada"
    assert ann.post(f"{where}/publish", json={"reason": "go"}).json() == {"version": 2, "members": 1}


@pytest.mark.parametrize(
    ("path", "rule", "late"),
    [
        ("earning-rules", {"version": 2, "valid_from": "2026-02-01", "points": 2}, {"valid_from": "2025-12-31"}),
        ("tier-rules", {"version": 2, "tiers": TIERS, "valid_from": "2026-02-01"}, {"valid_from": "2025-12-31"}),
    ],
)
def test_a_rule_that_a_program_sends_waits_for_a_person_unless_one_is_enough(
    callers: Callers, path: str, rule: dict[str, Any], late: dict[str, Any]
) -> None:
    ann, database, where = callers.ann, callers.desk.database, f"/api/v1/loyalty/{path}"
    assert ann.get("/api/v1/loyalty/rules").json()["second_person"] is True
    with database.session() as session:
        before = rules.load(session)
    first, again = ann.post(where, json=rule), ann.post(where, json=rule)
    assert (first.status_code, first.json()["state"], first.json()["version"]) == (202, "proposed", None), first.text
    assert again.json() == first.json(), "the same rule is the same draft"
    assert ann.post(where, json={**rule, "version": 5}).status_code == 409
    assert ann.post(where, json={**rule, **late}).json()["code"] == "starts_past"
    with database.session() as session:
        assert rules.load(session) == before, "nothing is in force before a person approves it"
        deciding.set_alone(session, on=True, actor="person:ada", reason="small chain", now_ms=1)
    done = ann.post(where, json=rule)
    assert (done.status_code, done.json()["state"], done.json()["version"]) == (201, "published", 2)


@pytest.mark.parametrize(
    "change",
    [
        {"rule": {"tiers": TIERS, "window": "weekly"}},
        {"rule": {"tiers": TIERS, "downgrade": "rolling"}},
        {"kind": "prizes"},
        {"more": 1},
    ],
)
def test_what_makes_no_rule_is_refused(callers: Callers, change: dict[str, object]) -> None:
    answer = callers.ann.put(f"/api/v1/loyalty/drafts/{new_id()}", json={**DRAFT, **change})
    assert answer.status_code == 422, answer.text


def test_a_trial_can_be_cancelled(callers: Callers) -> None:
    where = f"/api/v1/loyalty/drafts/{new_id()}"
    callers.ann.put(where, json=DRAFT)
    callers.ann.post(f"{where}/trial?trial={new_id()}")
    assert callers.ann.delete(f"{where}/trial").json()["trial"]["state"] == "cancelled"


def test_points_are_handed_on_where_the_chain_allows_it(callers: Callers) -> None:
    database, chain = callers.desk.database, callers.desk.chain
    chain.earn(100)
    bob = join(database)
    sent = {"id": str(new_id()), "giver": str(chain.ann), "taker": str(bob), "points": 40}
    refused = callers.ann.post("/api/v1/loyalty/transfers", json=sent)
    assert (refused.status_code, refused.json()["code"]) == (403, "transfers_off")
    with database.session() as session:
        member_rules.publish(session, member_rules.Transfers(version=1, to="all"), actor="ann", now_ms=1)
    again = {**sent, "id": str(new_id())}
    for _ in range(2):
        done = callers.ann.post("/api/v1/loyalty/transfers", json=again)
        assert done.status_code == 201, done.text
        assert done.json()["received"] == 40
    assert callers.reader.get("/api/v1/loyalty/leaderboard").json()["places"] == []
    assert callers.reader.get(f"/api/v1/loyalty/referrals?referrer={UUID(int=1)}").json() == []
