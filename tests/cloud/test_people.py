"""Signing in to the console: who may read, who may change, and that no other page sends our forms."""

from __future__ import annotations

import re

import pytest
from typer.testing import CliRunner

from cloud import audit
from cloud.api.limits import FailureLimit
from cloud.cli import app as cli
from cloud.database import Database
from cloud.errors import Invalid, NotFound
from cloud.identity import people, sessions
from cloud.identity.people import RIGHTS, Right, Role
from cloud.identity.refusals import Unproven
from tests.cloud.console_data import CLOCK, console
from tests.cloud.visiting import PASSWORD, Visitor, make_person, mark_on
from tests.factories import START_MS


def test_a_session_is_its_person_until_it_ends(database: Database) -> None:
    make_person(database)
    with database.session() as session:
        token = sessions.sign_in(session, "ana", PASSWORD, START_MS)
        who = sessions.signed(session, token, START_MS + sessions.SESSION_MS - 1)
        assert who is not None
        assert (who.name, who.role, who.actor) == ("ana", Role.MARKETER, "person:ana")
        assert sessions.signed(session, token, START_MS + sessions.SESSION_MS) is None
        assert sessions.signed(session, token + "x", START_MS) is None
        assert sessions.signed(session, "", START_MS) is None
        sessions.sign_out(session, token)
        assert sessions.signed(session, token, START_MS) is None
        assert [act.action for act in audit.latest(session)] == ["person.sign_in", "person.add"]


@pytest.mark.parametrize("act", ["leave", "password", "role"])
def test_who_leaves_or_is_changed_is_signed_out_everywhere(database: Database, act: str) -> None:
    make_person(database)
    with database.session() as session:
        token = sessions.sign_in(session, "ana", PASSWORD, START_MS)
        if act == "leave":
            people.leave(session, "ana", actor="x", now_ms=START_MS)
        elif act == "password":
            people.change(session, "ana", password="another long one", actor="x", now_ms=START_MS)
        else:
            people.change(session, "ana", role=Role.AUDITOR, actor="x", now_ms=START_MS)
        assert sessions.signed(session, token, START_MS) is None
    if act != "role":
        with database.session() as session, pytest.raises(Unproven):
            sessions.sign_in(session, "ana", PASSWORD, START_MS)


def test_what_is_wrong_is_said_and_names_are_not_used_twice(database: Database) -> None:
    make_person(database)
    with database.session() as session:
        for name, password in (("ana", PASSWORD), ("Ana B", PASSWORD), ("bo", "short")):
            with pytest.raises(Invalid):
                people.add(session, name, Role.IT, password, actor="x", now_ms=START_MS)
        people.leave(session, "ana", actor="x", now_ms=START_MS)
        with pytest.raises(Invalid):
            people.add(session, "ana", Role.IT, PASSWORD, actor="x", now_ms=START_MS)
        with pytest.raises(NotFound):
            people.leave(session, "ana", actor="x", now_ms=START_MS)
        for name in ("ana", "nobody"):
            with pytest.raises(Unproven, match="name and password do not fit"):
                sessions.sign_in(session, name, PASSWORD, START_MS)


def test_roles_have_the_least_right() -> None:
    marketing = {Right.READ, Right.PLAN, Right.APPROVE, Right.PUBLISH}
    assert {role: set(RIGHTS[role]) for role in Role} == {
        Role.MARKETER: marketing,
        Role.SUPPORT: {Right.READ, Right.PERSONAL, Right.VALUE},
        Role.IT: {Right.READ, Right.OPERATE},
        Role.AUDITOR: {Right.READ},
        Role.ADMIN: set(Right),
    }


def test_the_console_is_shut_once_somebody_has_a_sign_in(sqlite_database: Database) -> None:
    client = Visitor(console(sqlite_database))
    assert client.get("/stores").status_code == 200, "the first steps: it can be read on this machine"
    assert "person add" in client.get("/sign-in").text
    assert client.post("/sign-out", {}).headers["location"].startswith("/sign-in")
    make_person(sqlite_database)
    shut = client.get("/stores?state=need")
    assert (shut.status_code, shut.headers["location"]) == (303, "/sign-in?then=%2Fstores%3Fstate%3Dneed")
    assert client.get("/", Accept="text/event-stream").status_code == 401
    assert client.get("/static/tokens.css").status_code == 200
    inside = client.enter(then="/stores?state=need")
    assert (inside.status_code, inside.headers["location"]) == (303, "/stores?state=need")
    cookie = inside.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    page = client.get("/stores")
    assert page.status_code == 200
    assert 'ana <span class="role">· Marketer</span>' in page.text
    assert client.post("/sign-out", {"mark": mark_on(page)}).status_code == 303
    assert client.get("/stores").status_code == 303


def test_a_form_of_somebody_else_does_nothing(sqlite_database: Database) -> None:
    make_person(sqlite_database)
    client = Visitor(console(sqlite_database))
    client.enter()
    for mark in ("", "0" * 64, sessions.mark_of("other")):
        refused = client.post("/sign-out", {"mark": mark})
        assert refused.status_code == 403
        assert "Load the page again" in refused.text
    assert client.send("/sign-out", {"note": "a\0b"}).status_code == 422, "no database of ours keeps it"
    assert client.get("/stores").status_code == 200


def test_no_other_site_signs_somebody_in_as_whom_it_likes(sqlite_database: Database) -> None:
    """Its form comes without our cookie; the mark of no cookie is the same for everybody, so it is none."""
    make_person(sqlite_database)
    client = Visitor(console(sqlite_database))
    sent = {"name": "ana", "password": PASSWORD, "mark": sessions.mark_of("")}
    assert (client.post("/sign-in", sent).status_code, client.get("/stores").status_code) == (403, 303)


@pytest.mark.parametrize("then", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:1"])
def test_signing_in_leads_to_no_other_site(sqlite_database: Database, then: str) -> None:
    make_person(sqlite_database)
    client = Visitor(console(sqlite_database))
    assert client.enter(then=then).headers["location"] == "/"


def test_guessing_is_slowed_and_says_nothing(sqlite_database: Database) -> None:
    make_person(sqlite_database)
    app = console(sqlite_database)
    app.state.sign_ins = FailureLimit(CLOCK, limit=2, window_s=60)
    client = Visitor(app)
    known = client.enter(password="wrong").text
    unknown = client.enter(name="zoe", password="wrong").text
    banner = re.compile(r'role="alert">(.*?)</p>')
    assert banner.findall(known) == banner.findall(unknown)
    client.enter(password="wrong")
    assert "Too many attempts" in client.enter().text


def test_the_first_admin_is_made_on_the_machine(tmp_path: object) -> None:
    run = CliRunner()
    place = ["--data-dir", str(tmp_path)]
    assert run.invoke(cli, [*place, "init"]).exit_code == 0
    made = run.invoke(cli, [*place, "person", "add", "ana", "--role", "admin"])
    assert "ana may sign in as admin. The password, shown this once and to be changed" in made.output
    alone = run.invoke(cli, [*place, "person", "role", "ana", "auditor"])
    assert (alone.exit_code, "last admin" in alone.output) == (1, True)
    assert run.invoke(cli, [*place, "person", "add", "bo", "--role", "admin"]).exit_code == 0
    assert run.invoke(cli, [*place, "person", "role", "ana", "auditor"]).exit_code == 0
    assert run.invoke(cli, [*place, "person", "list"]).output == "ana\tauditor\nbo\tadmin\n"
    given = run.invoke(cli, [*place, "person", "password", "ana", "--password-stdin"], input="short\n")
    assert given.exit_code == 1
    assert run.invoke(cli, [*place, "person", "leave", "ana"]).exit_code == 0
    assert run.invoke(cli, [*place, "person", "list"]).output == "bo\tadmin\n"
