"""Segments at the console: named in both languages where they are made, and by these names wherever they are shown."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from fastapi import FastAPI

from cloud import audit
from cloud.api.services import Services
from cloud.database import Database
from cloud.identity.people import Role
from cloud.members import segments
from cloud.promotions.naming import called
from cloud.promotions.sentence import sentence
from shared.pricing.kinds.order_percent import OrderPercent
from shared.pricing.promotion import Audience, Money, Who
from tests.cloud.apps import console_of
from tests.cloud.members_data import CARD, OTHER_CARD, join, open_chain, vault
from tests.cloud.visiting import Visitor, make_person
from tests.factories import START_MS, DrivenMachineClock

HERE = "/members/segments"


@pytest.fixture
def app(sqlite_database: Database) -> FastAPI:
    open_chain(sqlite_database)
    clocks = SimpleNamespace(machine=DrivenMachineClock(START_MS), business=SimpleNamespace(now_ms=lambda: START_MS))
    services = cast("Services", SimpleNamespace(database=sqlite_database, clocks=clocks, vault=vault()))
    made = console_of(services)
    for name, role in (("mia", Role.MARKETER), ("eve", Role.AUDITOR)):
        make_person(sqlite_database, name, role)
    return made


def visitor(app: FastAPI, name: str, language: str = "en") -> Visitor:
    found = Visitor(app, language)
    assert found.enter(name).status_code == 303
    return found


def test_a_segment_is_named_filled_and_emptied(app: FastAPI, sqlite_database: Database) -> None:
    li = join(sqlite_database, [CARD], fields={"name": "李小明"})
    join(sqlite_database, [OTHER_CARD], fields={"name": "王小梅"})
    mia = visitor(app, "mia")
    assert "No segment yet." in mia.get(HERE).text
    named = {"code": "new-parents", "name_zh": "新手爸妈", "name_en": "New parents"}
    assert mia.send(HERE, named).headers["location"] == f"{HERE}?open=new-parents#one"
    place = f"{HERE}/new-parents/members"
    assert mia.send(place, {"members": f"{CARD}\n{OTHER_CARD}", "as": "in", "reason": "survey"}).status_code == 303
    assert mia.send(place, {"members": OTHER_CARD, "as": "out"}).status_code == 303
    shown = mia.get(f"{HERE}?open=new-parents").text
    for fact in ("1 segment, 1 member is in at least one.", "New parents: 1 member"):
        assert fact in shown, fact
    assert "/promotions/new" in shown
    assert "/promotions/new" not in visitor(app, "eve").get(f"{HERE}?open=new-parents").text
    assert "新手爸妈：1 位会员" in visitor(app, "mia", "zh").get(f"{HERE}?open=new-parents").text
    inside = mia.get("/members?segment=new-parents").text
    assert f"/members/{li}" in inside
    assert "1 to 1 of 1" in inside
    assert '<option value="new-parents" selected>New parents</option>' in inside
    with sqlite_database.snapshot() as session:
        acts = [(one.action, one.detail, one.reason) for one in audit.latest(session) if "segment" in one.action]
    assert acts == [
        ("member.segment", "0 came, 1 went", ""),
        ("member.segment", "2 came, 0 went", "survey"),
        ("member.segment_name", "New parents / 新手爸妈", ""),
    ]


def test_what_cannot_be_is_said_and_what_was_typed_stays(app: FastAPI, sqlite_database: Database) -> None:
    mia = visitor(app, "mia")
    for typed, said in (
        ({"code": "New Parents", "name_en": "New parents"}, "1 to 32 of a-z"),
        ({"code": "parents"}, "Say what the segment is called"),
        ({"code": "parents", "name_en": "x" * 81}, "at most 80 characters"),
    ):
        answer = mia.send(HERE, typed).text
        assert said in answer, typed
    assert f'value="{"x" * 81}"' in answer
    mia.send(HERE, {"code": "parents", "name_en": "Parents"})
    refused = mia.send(f"{HERE}/parents/members", {"members": f"{CARD} nobody", "as": "in"}).text
    assert "Nobody is changed: 2 in the list are no member" in refused
    assert f"{CARD} nobody</textarea>" in refused
    with sqlite_database.snapshot() as session:
        assert segments.sizes(session) == {}
    eve = visitor(app, "eve")
    assert "Put them in" not in eve.get(f"{HERE}?open=parents").text
    assert eve.send(HERE, {"code": "x", "name_en": "X"}).status_code == 403


def test_a_promotion_says_a_segment_by_its_names(sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        segments.called(session, "new-parents", {"zh": "新手爸妈"}, actor="cli:test", now_ms=START_MS)
        for_them = OrderPercent(
            promotion="p", off_bp=1000, who=Who(audience=Audience.MEMBERS, segments=["new-parents", "unnamed"])
        )
        said = sentence(for_them, Money(2), called(session, [for_them], {}))
    assert "segment 新手爸妈, unnamed" in said["en"]
    assert "人群 新手爸妈、unnamed" in said["zh"]
