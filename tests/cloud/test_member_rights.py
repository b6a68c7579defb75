"""A member's rights on both databases: consent given and taken back, everything shown, everything erased."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import Session, select
from typer.testing import CliRunner

from cloud import cli
from cloud.api import answers
from cloud.api.services import services_of
from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.sweeping import sweep
from cloud.errors import Invalid, NotFound, Refused
from cloud.fleet.models import Agent
from cloud.identity import keys, tokens
from cloud.ledger.proof import prove
from cloud.member_lifecycle import disclosure, leaving, personal_api
from cloud.members import cards, consent, enrolling, sets, stepper
from cloud.members.models import Card, Consent, Member, MemberField
from cloud.members.sight import look_at
from cloud.sales.models import Sale
from tests.cloud.calling import call
from tests.cloud.members_data import (
    AGENTS,
    CARD,
    OTHER_CARD,
    everything_stored,
    join,
    make_keys,
    mint,
    open_chain,
    shown,
    take,
    vault,
)
from tests.factories import START_MS, DrivenMachineClock, make_return, make_sale, make_swipe
from tests.provision.databases import new_sqlite

FIELDS = {
    "name": "欧阳娜娜",
    "phone": "+8613812345678",
    "email": "nana@example.com",
    "birthday": "1999-12-31",
    "address": "长安街 1 号",
    "note": "likes jasmine",
}
REFERENCE = "crm-4711-nana"
YEAR = 2026


@pytest.fixture
def nana(database: Database) -> UUID:
    """A member with every field, two cards, a consent, sales and a return; and another member beside her."""
    open_chain(database)
    return make_nana(database)


def make_nana(database: Database) -> UUID:
    member = join(database, [CARD, OTHER_CARD], fields=FIELDS, consents={"sms": "v1"}, home_store="s001", cashier="c7")
    join(database, ["8810000000000009"], fields={"name": "Bob Bystander", "phone": "+442079460000"})
    with database.session() as session:
        row = session.get_one(Member, member)
        row.reference = REFERENCE
        session.add(row)
    sale = make_sale([("1001", 10)], number=1, member=shown(CARD))
    assert not take(database, [sale, make_return(sale, [(1, 1)], number=2), make_swipe(shown(OTHER_CARD))])
    return member


def erase(
    database: Database, member: UUID, *, confirm: str = "", reason: str = "asked for it", give_up: bool = True
) -> leaving.Erased:
    with database.session() as session:
        done = leaving.erase(
            session, mint, member, confirm=confirm or str(member), reason=reason, actor="test",
            commit_no=open_commit(session, START_MS), now_ms=START_MS, give_up_points=give_up,
        )  # fmt: skip
    sweep(database)
    return done


def trail(session: Session) -> list[tuple[str, str]]:
    rows = session.exec(select(AuditEntry).order_by("id")).all()
    return [(row.action, row.subject) for row in rows]


def test_consent_is_given_renewed_and_withdrawn(database: Database, nana: UUID) -> None:
    with database.session() as session:
        consent.withdraw(session, nana, "sms", actor="test", now_ms=START_MS + 5)
        assert consent.standing(session, nana, "sms") is None
        with pytest.raises(NotFound, match="no standing consent"):
            consent.withdraw(session, nana, "sms", actor="test", now_ms=START_MS + 6)
        for version in ("v2", "v2", "v3"):
            consent.give(session, nana, "sms", version=version, source="desk", actor="test", now_ms=START_MS + 10)
        assert [one.version for one in session.exec(select(Consent).order_by("given_ms"))] == ["v1", "v2", "v3"]
        found = consent.standing(session, nana, "sms")
        assert found is not None
        assert found.version == "v3"
        acts = [act for act, subject in trail(session) if subject == str(nana)]
        assert acts == ["consent.withdraw", "consent.give", "consent.give"]
        with pytest.raises(Invalid):
            consent.give(session, nana, "", version="v1", source="desk", actor="test", now_ms=1)


def test_everything_held_is_shown(database: Database, nana: UUID) -> None:
    with database.session() as session:
        facts = disclosure.export(session, vault(), nana, actor="test", now_ms=START_MS)
        assert trail(session)[-1] == ("member.export", str(nana))
    text = json.dumps(facts, ensure_ascii=False)
    for held in (*FIELDS.values(), REFERENCE, CARD, OTHER_CARD, "sms", "c7"):
        assert held in text, held
    assert "Bystander" not in text
    assert "442079460000" not in text
    sizes = {name: len(rows) for name, rows in facts.items() if name != "member"}
    expected = {"fields": 6, "cards": 2, "sales": 1, "sale_lines": 1, "returns": 1, "return_lines": 1, "swipes": 1}
    assert {name: sizes[name] for name in expected} == expected
    assert (len(facts["postings"]), sum(one["amount"] for one in facts["points"]) > 0, facts["years"][0]["year"]) == (
        2,
        True,
        YEAR,
    )
    with database.session() as session, pytest.raises(NotFound):
        disclosure.export(session, vault(), mint(), actor="test", now_ms=START_MS)


def test_p7_erasure_leaves_nothing_of_the_person_in_the_database(database: Database, nana: UUID) -> None:
    with database.session() as session:
        sets.refresh(session, today=date(YEAR, 6, 30))
        masked = session.get_one(Member, nana).masked_name
        secrets = [row.content for row in session.exec(select(MemberField).where(MemberField.member_id == nana))]
        secrets += [row.number for row in session.exec(select(Card).where(Card.member_id == nana))]
        indexes = [vault().blind_index("card", CARD), vault().blind_index("phone", FIELDS["phone"])]
    plain = [text.encode() for text in (*FIELDS.values(), REFERENCE, masked, CARD, OTHER_CARD, CARD[-4:])]
    before = everything_stored(database)
    assert [text for text in (REFERENCE.encode(), masked.encode(), *secrets) if text not in before] == []
    done = erase(database, nana)
    assert (done.fields, done.cards, done.consents) == (6, 2, 1)
    after = everything_stored(database)
    assert [text for text in (*plain[:-1], *secrets, *indexes) if text in after] == []
    assert vault().blind_index("phone", "+442079460000") in after


def test_p5_erasure_keeps_the_books(database: Database, nana: UUID) -> None:
    erase(database, nana)
    with database.session() as session:
        assert prove(session).holds
        sight = look_at(session, [nana], date(YEAR, 6, 30))[nana]
        assert (sight.closed, sight.points, sight.masked_name) == (True, 0, "")
        assert session.exec(select(Sale)).one().member_id == nana
        facts = disclosure.export(session, vault(), nana, actor="test", now_ms=START_MS)
    assert (len(facts["sales"]), facts["fields"], [card["number"] for card in facts["cards"]]) == (1, [], ["", ""])
    assert erase(database, nana).cards == 0


def test_the_store_where_somebody_joined_is_told_to_forget_them_without_a_card(sqlite_database: Database) -> None:
    """It may keep a slip that they signed there, although it never had them among its members."""
    open_chain(sqlite_database)
    join(sqlite_database, [CARD], home_store="s001")
    bare = join(sqlite_database, fields={"phone": "13900139000"}, store="s001", home_store="s001")
    with sqlite_database.session() as session:
        sets.refresh(session, today=date(YEAR, 6, 30))
        agent = session.get_one(Agent, AGENTS["s001"])
        first = stepper.member_step(session, vault(), agent, 0, today=date(YEAR, 6, 30))
    assert first is not None
    assert bare not in {one.member for one in first.put}
    erase(sqlite_database, bare)
    with sqlite_database.session() as session:
        sets.refresh(session, today=date(YEAR, 6, 30))
        agent = session.get_one(Agent, AGENTS["s001"])
        then = stepper.member_step(session, vault(), agent, first.version, today=date(YEAR, 6, 30))
    assert then is not None
    assert (then.gone, then.put) == ([bare], [])


def test_stores_are_told_to_forget(database: Database, nana: UUID) -> None:
    with database.session() as session:
        sets.refresh(session, today=date(YEAR, 6, 30))
        agent = session.get_one(Agent, AGENTS["s001"])
        first = stepper.member_step(session, vault(), agent, 0, today=date(YEAR, 6, 30))
    assert first is not None
    assert nana in [known.member for known in first.put]
    erase(database, nana)
    with database.session() as session:
        sets.refresh(session, today=date(YEAR, 6, 30))
        step = stepper.member_step(session, vault(), agent, first.version, today=date(YEAR, 6, 30))
    assert step is not None
    assert step.gone == [nana]


def test_an_erased_card_is_a_stranger_when_shown_again(database: Database, nana: UUID) -> None:
    erase(database, nana)
    assert not take(database, [make_sale(number=9, member=shown(CARD))])
    with database.session() as session:
        found = cards.find(session, vault(), CARD)
        assert found is not None
        assert found.member is None
        with pytest.raises(Refused, match="has left"):
            consent.give(session, nana, "sms", version="v1", source="desk", actor="test", now_ms=START_MS)
    again = join(database, [CARD], fields={"name": "New"})
    with database.session() as session:
        assert enrolling.fields_of(session, vault(), again)["name"] == "New"


@pytest.mark.parametrize(("confirm", "reason"), [("yes", "x"), (str(mint()), "x"), ("", " ")])
def test_erasure_wants_the_id_typed_and_a_reason(database: Database, nana: UUID, confirm: str, reason: str) -> None:
    with pytest.raises(Invalid):
        erase(database, nana, confirm=confirm, reason=reason)
    with database.session() as session:
        assert enrolling.fields_of(session, vault(), nana) == FIELDS


class TestOverHttp:
    @pytest.fixture
    def client(self, database: Database, nana: UUID) -> FastAPI:
        app = FastAPI()
        answers.install(app)
        app.include_router(personal_api.router)
        clocks = SimpleNamespace(machine=DrivenMachineClock())
        app.dependency_overrides[services_of] = lambda: SimpleNamespace(database=database, clocks=clocks, vault=vault())
        self.database, self.path = database, f"/api/v1/members/{nana}"
        return app

    def ask(self, client: FastAPI, scope: str, method: str, path: str, **facts: Any) -> httpx.Response:
        with self.database.session() as session:
            token = tokens.create(session, name="t", scopes=[scope], days=1, actor="test", now_ms=START_MS)
        return call(client, method, self.path + path, token=token, **facts)

    def test_a_member_is_shown_and_erased(self, client: FastAPI, nana: UUID) -> None:
        shown_ = self.ask(client, "personal:read", "POST", "/export")
        assert FIELDS["email"] in shown_.text
        assert shown_.headers["cache-control"] == "no-store"
        assert self.ask(client, "personal:write", "DELETE", "/consents/sms").status_code == 204
        assert self.ask(client, "personal:write", "DELETE", "/consents/sms").status_code == 404
        agreed = self.ask(client, "personal:write", "PUT", "/consents/sms", json={"version": "v9"})
        assert agreed.status_code == 204
        wrong = self.ask(client, "personal:write", "POST", "/erase", json={"confirm": "yes", "reason": "asked"})
        assert wrong.status_code == 422
        wanted = {"confirm": str(nana), "reason": "asked"}
        holds = self.ask(client, "personal:write", "POST", "/erase", json=wanted)
        assert (holds.status_code, holds.json()["code"]) == (403, "holds_points")
        done = self.ask(client, "personal:write", "POST", "/erase", json={**wanted, "give_up_points": True})
        assert (done.json()["points"] > 0, done.json() | {"points": 0}) == (
            True,
            {"fields": 6, "cards": 2, "consents": 2, "points": 0},
        )

    def test_a_look_needs_a_reason_and_is_on_record(self, client: FastAPI, nana: UUID) -> None:
        body = {"fields": ["phone"], "reason": "call back about a recall"}
        assert self.ask(client, "personal:read", "POST", "/reveal", json={**body, "reason": ""}).status_code == 422
        assert self.ask(client, "personal:read", "POST", "/reveal", json=body).json() == {"phone": FIELDS["phone"]}
        assert self.ask(client, "members:read", "POST", "/reveal", json=body).status_code == 403
        with self.database.session() as session:
            found = session.exec(select(AuditEntry).where(AuditEntry.action == "member.reveal")).one()
            assert (found.subject, found.detail, found.reason) == (str(nana), "phone", body["reason"])
            assert FIELDS["phone"] not in found.detail + found.reason

    def test_everything_held_is_a_page_too(self, client: FastAPI) -> None:
        for language, title in (("zh", "我们保存的关于您的全部信息"), ("en", "Everything we hold about you")):
            shown_ = self.ask(client, "personal:read", "POST", f"/export.html?language={language}")
            assert title in shown_.text
            assert FIELDS["phone"] in shown_.text
            assert "<script" not in shown_.text

    def test_p6_a_member_is_shown_only_to_whom_may(self, client: FastAPI) -> None:
        for scope, method, path in (
            ("members:write", "POST", "/export"),
            ("personal:read", "POST", "/erase"),
            ("personal:read", "DELETE", "/consents/sms"),
        ):
            answer = self.ask(client, scope, method, path, json={"confirm": "x", "reason": "x"})
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


class TestByCommand:
    @pytest.fixture
    def office(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.setattr(keys, "load", lambda _: make_keys())
        (tmp_path / "keys").mkdir()
        self.database = new_sqlite(tmp_path / "cloud.db")
        open_chain(self.database)
        self.nana = str(make_nana(self.database))
        return tmp_path

    def run(self, office: Path, *arguments: str, typed: str = "", code: int = 0) -> str:
        result = CliRunner().invoke(cli.app, ["--data-dir", str(office), *arguments], input=typed)
        assert result.exit_code == code, result.output
        return result.output

    def test_export_withdraw_and_erase(self, office: Path) -> None:
        file = office / "nana.json"
        assert "6 fields, 2 cards, 1 sales" in self.run(office, "members", "export", self.nana, str(file))
        assert FIELDS["name"] in file.read_text()
        assert file.stat().st_mode & 0o077 == 0
        assert "no longer agrees to sms" in self.run(office, "members", "withdraw", self.nana, "sms")
        erase = ("members", "erase", self.nana, "--reason", "asked")
        assert "cannot be undone" in self.run(office, *erase, typed="yes\n", code=1)
        assert "still has" in self.run(office, *erase, typed=f"{self.nana}\n", code=1)
        done = self.run(office, *erase, "--give-up-points", typed=f"{self.nana}\n")
        assert "6 fields, 2 cards, 1 consents" in done


def test_a_rotation_by_command_shows_progress_and_is_resumed(tmp_path: Path) -> None:
    directory = tmp_path / "keys"
    keys.create(directory)
    database = new_sqlite(tmp_path / "cloud.db")

    def run(*arguments: str, code: int = 0) -> str:
        result = CliRunner().invoke(cli.app, ["--data-dir", str(tmp_path), "keys", *arguments])
        assert result.exit_code == code, result.output
        return result.output

    def put(count: int) -> None:
        held = enrolling.Vault(keys.load(directory))
        with database.session() as session:
            for _ in range(count):
                member = mint()
                session.add(Member(id=member, source="test", created_ms=1))
                session.flush()
                enrolling.set_field(session, held, member, "name", "Ann", source="test", now_ms=1)

    put(1_500)
    said = run("rotate", "fields")
    assert "1000 of 1500 values encrypted anew" in said
    assert "1500 of 1500" in said
    before = keys.load(directory).fields.current
    assert run("rotate", "fields", "--resume") == "Nothing stands under an older key.\n"
    assert keys.load(directory).fields.current == before
    keys.rotate(directory, "fields")  # as a rotation that was killed right after its first step
    assert "1500 of 1500" in run("rotate", "fields", "--resume")
    assert "only the rotation of" in run("rotate", "signing", "--resume", code=1)
