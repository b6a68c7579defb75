"""The pages of people: let in with a password told once, held to a role, ended; and one's own password."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import FastAPI

from cloud import audit
from cloud.database import Database
from cloud.errors import Refused
from cloud.identity import people, sessions
from cloud.identity.people import Role
from cloud.identity.refusals import Unproven
from tests.cloud.console_data import CLOCK, console
from tests.cloud.visiting import PASSWORD, Visitor, make_person
from tests.factories import START_MS

OWN = "only I know this one"


@pytest.fixture
def app(sqlite_database: Database) -> FastAPI:
    make_person(sqlite_database, "boss", Role.ADMIN)
    make_person(sqlite_database, "mia", Role.MARKETER)
    return console(sqlite_database)


def inside(app: FastAPI, name: str = "boss", language: str = "en") -> Visitor:
    visitor = Visitor(app, language)
    assert visitor.enter(name).status_code == 303
    return visitor


def told(page: httpx.Response) -> str:
    """Return the password that the page tells."""
    found = re.search(r"shown this once: *<code>([^<]+)</code>", page.text)
    assert found, page.text[:2000]
    return found[1]


def refusal(visitor: Visitor, answer: httpx.Response) -> str:
    """Return what the page says on which a refused act ends."""
    assert answer.status_code == 303
    found = re.search(r'role="alert"><strong>(.*?)</strong>', visitor.get(answer.headers["location"]).text)
    return found[1] if found else ""


def test_somebody_is_let_in_and_chooses_a_password_before_anything_else(
    app: FastAPI, sqlite_database: Database
) -> None:
    boss = inside(app)
    made = boss.send("/people", {"name": "Zoe", "role": "support", "reason": "joins the desk"}, page="/people")
    password = told(made)
    assert "zoe · Member support" in made.text
    assert password not in boss.get("/people/zoe").text, "it is shown once"
    zoe = Visitor(app)
    assert zoe.enter("zoe", password).status_code == 303
    for path in ("/", "/members", "/people", "/search?q=x"):
        led = zoe.get(path)
        assert (led.status_code, led.headers["location"]) == (303, "/account"), path
    own = zoe.get("/account")
    assert "Choose a password of your own" in own.text
    assert "/members" not in own.text
    assert refusal(zoe, zoe.send("/account/password", {"old": password, "new": password, "again": password},
                                 page="/account")).startswith("This password cannot be taken")  # fmt: skip
    done = zoe.send("/account/password", {"old": password, "new": OWN, "again": OWN}, page="/account")
    assert "Your password is changed" in zoe.get(done.headers["location"]).text
    assert zoe.get("/members").status_code == 200
    with sqlite_database.session() as session:
        acts = {(act.actor, act.action, act.subject, act.reason) for act in audit.latest(session)}
        assert ("person:boss", "person.add", "zoe", "joins the desk") in acts
        assert ("person:zoe", "person.change", "zoe", "") in acts
        with pytest.raises(Unproven):
            sessions.sign_in(session, "zoe", password, START_MS)


def test_a_first_password_that_nobody_used_dies(sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        people.add(session, "ana", Role.IT, PASSWORD, actor="x", now_ms=START_MS, once=True)
        with pytest.raises(Unproven):
            sessions.sign_in(session, "ana", PASSWORD, START_MS + people.ONCE_MS)
        assert sessions.sign_in(session, "ana", PASSWORD, START_MS + people.ONCE_MS - 1)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_an_admin_rules(app: FastAPI, sqlite_database: Database, role: Role) -> None:
    make_person(sqlite_database, "lin", role)
    lin = inside(app, "lin")
    home = lin.get("/")
    assert 'href="/people"' not in home.text
    assert lin.get("/people").status_code == 403
    assert lin.get("/people/boss").status_code == 403
    assert lin.send("/people", {"name": "x", "role": "admin", "reason": "y"}).status_code == 403
    for act in ("role", "password", "leave", "come-back", "sign-out"):
        assert lin.send(f"/people/boss/{act}", {"role": "it", "reason": "y"}).status_code == 403, act
    assert "/people" not in lin.get("/search?q=people").text.replace('value="people"', "")


def test_every_act_says_why_and_changes_what_it_says(app: FastAPI, sqlite_database: Database) -> None:
    boss, mia = inside(app), inside(app, "mia")
    for act in ("role", "leave", "sign-out", "password"):
        silent = boss.send(f"/people/mia/{act}", {"role": "it"}, page="/people/mia")
        assert refusal(boss, silent) == "Say why: it is kept in the audit log.", act
    assert mia.get("/").status_code == 200
    boss.send("/people/mia/sign-out", {"reason": "left a browser open"}, page="/people/mia")
    assert mia.get("/").status_code == 303
    boss.send("/people/mia/role", {"role": "auditor", "reason": "moves"}, page="/people/mia")
    page = boss.get("/people/mia").text
    assert "mia · Auditor" in page
    assert "left a browser open" in page
    fresh = told(boss.send("/people/mia/password", {"reason": "forgot hers"}, page="/people/mia"))
    assert Visitor(app).enter("mia").status_code == 401
    assert Visitor(app).enter("mia", fresh).status_code == 303
    boss.send("/people/mia/leave", {"reason": "left the company"}, page="/people/mia")
    assert Visitor(app).enter("mia", fresh).status_code == 401
    assert "/people/mia" not in boss.get("/people").text
    assert "/people/mia" in boss.get("/people?state=all").text
    back = told(boss.send("/people/mia/come-back", {"reason": "is back"}, page="/people/mia"))
    assert Visitor(app).enter("mia", back).status_code == 303


def test_the_last_admin_cannot_be_removed(app: FastAPI, sqlite_database: Database) -> None:
    boss = inside(app)
    for act in ("leave", "role"):
        last = boss.send(f"/people/boss/{act}", {"role": "it", "reason": "why not"}, page="/people/boss")
        assert refusal(boss, last).startswith("This is the last admin"), act
    with sqlite_database.session() as session:
        people.change(session, "mia", role=Role.ADMIN, actor="x", now_ms=START_MS)
        people.leave(session, "boss", actor="x", now_ms=START_MS)
        with pytest.raises(Refused, match="last admin"):
            people.leave(session, "mia", actor="x", now_ms=START_MS)


def test_names_are_ids_and_never_used_twice(app: FastAPI) -> None:
    boss = inside(app)
    for name in ("mia", "Zoe Li", "", "x" * 33):
        again = boss.send("/people", {"name": name, "role": "it", "reason": "new"}, page="/people")
        assert refusal(boss, again).startswith("This name cannot be taken"), name
    assert refusal(boss, boss.send("/people", {"name": "bo", "role": "owner", "reason": "n"})) == "Choose a role."


def test_attempts_and_visits_are_seen(app: FastAPI, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        Visitor(app).enter("mia", "wrong")
    boss = inside(app)
    listed = boss.get("/people").text
    assert "2 people may sign in, 1 with refused attempts." in listed
    assert 'data-title="Refused attempts">3</td>' in listed
    mia = inside(app, "mia")
    with sqlite_database.session() as session:
        person = people.find(session, "mia")
        assert person.failed == 0, "a sign-in that works begins the count anew"
        assert person.seen_ms == CLOCK.wall_ms()
        person.seen_ms = 1
    monkeypatch.setattr(sessions, "SEEN_EVERY_MS", 0)
    assert mia.get("/").status_code == 200
    with sqlite_database.session() as session:
        assert people.find(session, "mia").seen_ms == CLOCK.wall_ms()


def test_ones_own_password_needs_the_present_one(app: FastAPI) -> None:
    mia, other = inside(app, "mia"), inside(app, "mia")
    for old, new, again, words in (
        ("wrong", OWN, OWN, "This is not your present password"),
        (PASSWORD, OWN, "another one altogether", "The two new passwords differ"),
        (PASSWORD, "short", "short", "This password cannot be taken"),
    ):
        answer = mia.send("/account/password", {"old": old, "new": new, "again": again}, page="/account")
        assert refusal(mia, answer).startswith(words)
    mia.send("/account/password", {"old": PASSWORD, "new": OWN, "again": OWN}, page="/account")
    assert mia.get("/").status_code == 200
    assert other.get("/").status_code == 303, "one's other sessions end"
    assert Visitor(app).enter("mia", OWN).status_code == 303


def test_guessing_ones_own_password_is_slowed(app: FastAPI) -> None:
    mia = inside(app, "mia")
    guesses = [mia.send("/account/password", {"old": "x", "new": OWN, "again": OWN}, page="/account")
               for _ in range(11)]  # fmt: skip
    assert refusal(mia, guesses[-1]).startswith("Too many attempts")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_are_said_in_both_languages(app: FastAPI, language: str) -> None:
    boss = inside(app, language=language)
    for path in ("/people", "/people/mia", "/account"):
        page = boss.get(path)
        assert page.status_code == 200
        assert page.text.count("<h1>") == 1
    assert boss.get("/people/nobody").status_code == 404


def test_what_somebody_did_is_said_in_words(app: FastAPI, sqlite_database: Database) -> None:
    with sqlite_database.session() as session:
        audit.record(session, at_ms=START_MS, actor="person:mia", action="loyalty.approve", subject="draft")
        audit.record(session, at_ms=START_MS, actor="token:erp", action="person.change", subject="mia")
    for language, told in (
        ("en", ("Draft of tiers or earning approved", "token erp", "Person changed")),
        ("zh", ("批准等级或积分草稿", "令牌 erp")),
    ):
        seen = inside(app, language=language).get("/people/mia").text
        assert not [word for word in told if word not in seen], language
        for raw in ("<td>person:", "token:erp", "<code>loyalty.approve"):
            assert raw not in seen, (language, raw)
