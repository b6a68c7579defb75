"""Rules about members and families at the console: what counts, who may change it, and why it was changed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from fastapi import FastAPI
from sqlmodel import select

from cloud import audit
from cloud.api.services import Services
from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.identity.people import Role
from cloud.members import changing, rules
from cloud.members.rule_form import SHEETS
from tests.cloud.apps import console_of
from tests.cloud.members_data import CARD, OTHER_CARD, join, open_chain, vault
from tests.cloud.visiting import Visitor, make_person
from tests.factories import START_MS, DrivenMachineClock

HERE = "/members/rules"
CLUB = {rules.Referral, rules.Leaderboard, rules.Transfers}
"""Their forms stand beside what they bring."""


@pytest.fixture
def app(sqlite_database: Database) -> FastAPI:
    open_chain(sqlite_database)
    clocks = SimpleNamespace(machine=DrivenMachineClock(START_MS), business=SimpleNamespace(now_ms=lambda: START_MS))
    services = cast("Services", SimpleNamespace(database=sqlite_database, clocks=clocks, vault=vault()))
    made = console_of(services)
    for name, role in (("mia", Role.MARKETER), ("sue", Role.SUPPORT), ("root", Role.ADMIN), ("eve", Role.AUDITOR)):
        make_person(sqlite_database, name, role)
    return made


def visitor(app: FastAPI, name: str, language: str = "en") -> Visitor:
    found = Visitor(app, language)
    assert found.enter(name).status_code == 303
    return found


def entry(**typed: str) -> dict[str, str]:
    return {"version": "0", "by": "receipt", "minor": "100.50", "within_days": "7", "reason": "as in spring", **typed}


def test_every_rule_has_a_form_somewhere() -> None:
    assert SHEETS.keys() | CLUB == set(rules.RULES.values())
    for kind, sheet in SHEETS.items():
        assert {field.name for field in sheet.fields} == set(kind.__struct_fields__) - {"version"}, kind


def test_a_rule_is_set_with_a_reason_and_says_who_set_it(app: FastAPI, sqlite_database: Database) -> None:
    mia = visitor(app, "mia")
    before = mia.get(HERE).text
    for fact in ("Anybody may join.", "A card does not end.", "can be taken apart again for 7 days", "As delivered"):
        assert fact in before, fact
    assert mia.send(f"{HERE}/entry", entry()).headers["location"] == HERE
    after = mia.get(HERE).text
    for fact in ("Who shows one receipt of 100.50 or more from the last 7 days may join.", "by mia", "as in spring"):
        assert fact in after, fact
    assert "凭 7 天内单张满 100.50 的小票可入会。" in visitor(app, "mia", "zh").get(HERE).text
    assert mia.send(f"{HERE}/profile_reward", {
        "version": "0", "points": "50", "fields": "birthday", "reason": "more birthdays",
    }).headers["location"] == HERE  # fmt: skip
    with sqlite_database.snapshot() as session:
        assert rules.newest(session, rules.Entry) == rules.Entry(version=1, by="receipt", minor=10050, within_days=7)
        assert rules.newest(session, rules.ProfileReward).fields == ("birthday",)
        acts = [one for one in audit.latest(session) if one.action == "member.rule"]
    assert [(one.actor, one.subject, one.reason) for one in acts] == [
        ("person:mia", "profile_reward 1", "more birthdays"), ("person:mia", "entry 1", "as in spring"),
    ]  # fmt: skip


def test_what_makes_no_rule_is_refused_in_words(app: FastAPI) -> None:
    mia = visitor(app, "mia")
    for typed, said in (
        ({"reason": " "}, "Say why"),
        ({"within_days": "0"}, "do not make a rule"),
        ({"within_days": ""}, "do not make a rule"),
        ({"minor": "a lot"}, "do not make a rule"),
        ({"minor": "-5"}, "do not make a rule"),
        ({"by": "birth"}, "do not make a rule"),
        ({"version": "3"}, "Somebody else changed this meanwhile"),
        ({"version": "x"}, "Somebody else changed this meanwhile"),
    ):
        answer = mia.send(f"{HERE}/entry", entry(**typed))
        assert said in mia.get(answer.headers["location"]).text, typed


def test_who_is_watched_does_not_set_the_watch(app: FastAPI) -> None:
    looks = {"version": "0", "in_a_minute": "5", "in_an_hour": "50", "reason": "fewer"}
    for name in ("mia", "sue", "eve"):
        who = visitor(app, name)
        assert f'action="{HERE}/phone_looks"' not in who.get(HERE).text, name
        assert who.send(f"{HERE}/phone_looks", looks).status_code == 403, name
    assert visitor(app, "sue").send(f"{HERE}/entry", entry()).status_code == 403
    root = visitor(app, "root")
    assert root.send(f"{HERE}/phone_looks", looks).headers["location"] == HERE
    assert "One till may ask 5 times a minute and 50 times an hour." in root.get(HERE).text
    assert root.send(f"{HERE}/no_such_rule", looks).status_code == 404


def test_a_family_is_made_and_left_on_a_members_page(app: FastAPI, sqlite_database: Database) -> None:
    li = join(sqlite_database, [CARD], fields={"name": "李小明", "phone": "13800138000"})
    mei = join(sqlite_database, [OTHER_CARD], fields={"name": "李小梅"})
    sue, place = visitor(app, "sue"), f"/members/{li}"

    def told(typed: dict[str, str]) -> str:
        return sue.get(sue.send(f"{place}/family", typed).headers["location"]).text

    assert "Nobody else fits" in told({"q": "13911112222", "reason": "spouses"})
    assert "Nobody else fits" in told({"q": CARD, "reason": "spouses"}), "nobody is their own family"
    assert "Say why" in told({"q": OTHER_CARD, "reason": ""})
    joined = told({"q": OTHER_CARD, "reason": "spouses"})
    assert f'href="/members/{mei}"' in joined
    with sqlite_database.snapshot() as session:
        assert changing.family_of(session, li) == [mei]
        acts = session.exec(select(AuditEntry).where(AuditEntry.action == "member.family")).all()
    assert {(one.actor, one.reason) for one in acts} == {("person:sue", "spouses")}
    assert f'href="/members/{mei}"' not in told({"as": "leave", "reason": "moved out"})
    with sqlite_database.snapshot() as session:
        assert changing.family_of(session, li) == []
    eve = visitor(app, "eve")
    assert "Put into one family" not in eve.get(place).text
    assert eve.send(f"{place}/family", {"q": OTHER_CARD, "reason": "x"}).status_code == 403
