"""What head office's desk does on a member's page: cards, what they told us, consent, everything held, leaving."""

from __future__ import annotations

import json
from uuid import UUID

import pytest
from fastapi import FastAPI
from sqlmodel import select

from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.members import consent, enrolling
from cloud.members.models import ACTIVE, CLOSED, FROZEN, LOST, REPLACED, Card, Member
from tests.cloud.members_data import CARD, OTHER_CARD, everything_stored, vault
from tests.cloud.test_member_pages import PHONE, app, li, visitor
from tests.cloud.visiting import Visitor

__all__ = ["app", "li"]  # fixtures


def said(desk: Visitor, member: UUID, what: str, form: dict[str, str]) -> str:
    """Send one of the page's forms; return what the page says was wrong, empty where it was done."""
    answer = desk.send(f"/members/{member}/{what}", form)
    assert answer.status_code == 303
    where = answer.headers["location"]
    return where.partition("refused=")[2]


def cards(database: Database, member: UUID) -> dict[str, str]:
    with database.session() as session:
        return {card.masked[-4:]: card.status for card in session.exec(select(Card).where(Card.member_id == member))}


def kept(database: Database, action: str) -> list[tuple[str, str]]:
    with database.session() as session:
        found = session.exec(select(AuditEntry).where(AuditEntry.action == action).order_by("id")).all()
        return [(entry.actor, entry.reason) for entry in found]


def test_a_card_is_frozen_taken_again_lost_and_another_given(app: FastAPI, database: Database, li: UUID) -> None:
    desk = visitor(app)
    with database.session() as session:
        card = str(session.exec(select(Card).where(Card.member_id == li)).one().id)
    of_it = {"card": card, "reason": "she called"}
    assert said(desk, li, "card", {**of_it, "as": "freeze", "reason": " "}) == "reason"
    for what, status in (("freeze", FROZEN), ("thaw", ACTIVE), ("freeze", FROZEN), ("lost", LOST)):
        assert said(desk, li, "card", {**of_it, "as": what}) == ""
        assert cards(database, li) == {CARD[-4:]: status}
    assert said(desk, li, "card", {**of_it, "as": "thaw"}) == "card_lost"
    assert "never taken again" in desk.get(f"/members/{li}?refused=card_lost").text
    assert said(desk, li, "card", {"as": "issue", "number": CARD, "reason": "found"}) == "card_lost"
    assert said(desk, li, "card", {"as": "issue", "number": OTHER_CARD, "reason": "lost the other"}) == ""
    assert cards(database, li) == {CARD[-4:]: LOST, OTHER_CARD[-4:]: ACTIVE}
    assert said(desk, li, "card", {"as": "issue", "number": "8810000000000055", "reason": "broken"}) == ""
    assert cards(database, li)[OTHER_CARD[-4:]] == REPLACED
    assert kept(database, "member.card")[-1] == ("person:ana", "broken")
    assert visitor(app, "eve").send(f"/members/{li}/card", {**of_it, "as": "lost"}).status_code == 403


def test_a_card_of_somebody_else_is_left_alone(app: FastAPI, database: Database, li: UUID) -> None:
    other = UUID("00000000-0000-7000-8000-000000000001")
    with database.session() as session:
        session.add(Member(id=other, source="test", created_ms=1))
        card = str(session.exec(select(Card).where(Card.member_id == li)).one().id)
    assert said(visitor(app), other, "card", {"card": card, "as": "lost", "reason": "x"}) == "else"
    assert cards(database, li) == {CARD[-4:]: ACTIVE}


def test_what_they_told_us_is_changed_and_taken_away(app: FastAPI, database: Database, li: UUID) -> None:
    desk, why = visitor(app), {"reason": "she moved"}
    for wrong, problem in (
        ({"phone": "12"}, "field_phone"),
        ({"email": "x"}, "field_email"),
        ({"birthday": "31-02-1990"}, "field_birthday"),
        ({"gender": "blue"}, "field"),
        ({"reason": ""}, "reason"),
    ):
        assert said(desk, li, "profile", {**why, "area": "望京", **wrong}) == problem
        assert desk.get(f"/members/{li}?refused={problem}").text.count('class="banner bad"') == 1
    assert said(desk, li, "profile", {**why, "area": "望京", "phone": "", "gone": "email"}) == ""
    with database.session() as session:
        told = enrolling.fields_of(session, vault(), li)
    assert (told["area"], told["phone"], "email" in told) == ("望京", f"+86{PHONE}", False)
    assert kept(database, "member.change") == [("person:ana", "she moved")]
    assert said(desk, li, "home", {"store": "nowhere"}) == "store"
    assert said(desk, li, "home", {"store": "s002"}) == ""
    with database.session() as session:
        assert session.get_one(Member, li).home_store == "s002"


def test_consent_is_taken_back_for_them(app: FastAPI, database: Database, li: UUID) -> None:
    desk = visitor(app)
    assert said(desk, li, "consent", {"channel": "sms"}) == ""
    with database.session() as session:
        assert consent.standing(session, li, "sms") is None
    assert said(desk, li, "consent", {"channel": "sms"}) == "else"


@pytest.mark.parametrize("form", ["page", "file"])
def test_everything_held_is_given_for_a_reason(app: FastAPI, database: Database, li: UUID, form: str) -> None:
    desk = visitor(app)
    assert said(desk, li, "export", {"as": form, "reason": ""}) == "reason"
    given = desk.send(f"/members/{li}/export", {"as": form, "reason": "asked by letter"})
    assert "attachment" in given.headers["content-disposition"]
    assert given.headers["cache-control"] == "no-store"
    assert f"+86{PHONE}" in given.text
    assert form == "page" or json.loads(given.text)["member"]["id"] == str(li)
    assert kept(database, "member.export") == [("person:ana", "asked by letter")]
    assert visitor(app, "eve").send(f"/members/{li}/export", {"as": form, "reason": "curious"}).status_code == 403


def test_they_leave_for_good_and_only_when_it_is_meant(app: FastAPI, database: Database, li: UUID) -> None:
    desk, meant = visitor(app), {"confirm": str(li), "reason": "asked at the desk"}
    for form, problem in (
        ({**meant, "confirm": "yes"}, "typed"),
        ({**meant, "reason": ""}, "reason"),
        (meant, "holds_points"),
    ):
        assert said(desk, li, "erase", form) == problem
        assert desk.get(f"/members/{li}?refused={problem}").text.count('class="banner bad"') == 1
    assert said(desk, li, "erase", {**meant, "give_up": "1"}) == ""
    with database.session() as session:
        assert session.get_one(Member, li).status == CLOSED
    stored = everything_stored(database)
    assert not any(text.encode() in stored for text in (PHONE, CARD, "李小明"))
    assert "They leave" not in desk.get(f"/members/{li}").text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_sees_what_they_may_do(app: FastAPI, li: UUID, language: str) -> None:
    acts = ("card", "home", "profile", "consent", "export", "erase", "block", "family")

    def offered(name: str) -> list[str]:
        page = visitor(app, name, language).get(f"/members/{li}").text
        return [act for act in acts if f'action="/members/{li}/{act}"' in page]

    assert offered("ana") == list(acts)
    assert offered("eve") == []
