"""The console's pages of members, on both databases: found without an address saying whom, shown masked, acted on."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import cast
from uuid import UUID, uuid4

import pytest
from fastapi import FastAPI
from sqlmodel import select

from cloud import audit
from cloud.api.services import Services
from cloud.audit.models import AuditEntry
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.identity.people import Role
from cloud.ledger.journal import AccountKey, Journal, Leg
from cloud.ledger.posting import post
from cloud.member_import import importing
from cloud.member_import.loading import Loader
from cloud.members import blocks, duplicates, watching
from cloud.members.care_models import MemberMerge, ReceiptElsewhere, ReviewCase
from cloud.members.models import ACTIVE, Member
from tests.cloud.apps import console_of
from tests.cloud.members_data import CARD, OTHER_CARD, join, mint, open_chain, shown, take, vault
from tests.cloud.test_member_opening import FILE
from tests.cloud.visiting import Visitor, make_person
from tests.factories import START_MS, DrivenMachineClock, make_sale

PHONE = "13800138000"
FIELDS = {"name": "李小明", "phone": PHONE, "email": "li@example.com", "birthday": "1990-05-17"}


@pytest.fixture
def app(database: Database) -> FastAPI:
    open_chain(database)
    clocks = SimpleNamespace(machine=DrivenMachineClock(START_MS), business=SimpleNamespace(now_ms=lambda: START_MS))
    services = cast("Services", SimpleNamespace(database=database, clocks=clocks, vault=vault()))
    made = console_of(services)
    for name, role in (("ana", Role.SUPPORT), ("bob", Role.ADMIN), ("eve", Role.AUDITOR)):
        make_person(database, name, role)
    return made


def visitor(app: FastAPI, name: str = "ana", language: str = "en") -> Visitor:
    found = Visitor(app, language)
    assert found.enter(name).status_code == 303
    return found


@pytest.fixture
def li(app: FastAPI, database: Database) -> UUID:
    assert app
    member = join(database, [CARD], fields=FIELDS, home_store="s001", consents={"sms": "v1"}, campaign="opening week")
    assert not take(database, [make_sale([("1001", 10)], number=1, member=shown(CARD))])
    return member


@pytest.mark.parametrize("typed", [CARD, PHONE, "8000", "li@EXAMPLE.com", "李小明", "+86 138-0013-8000"])
def test_found_by_whatever_somebody_has(app: FastAPI, li: UUID, typed: str) -> None:
    page = visitor(app).send("/members/find", {"q": typed}, page="/members")
    assert "1 member fits." in page.text
    assert f'href="/members/{li}"' in page.text
    assert "李**" in page.text
    assert PHONE not in page.text


@pytest.mark.parametrize("typed", ["李小", "0000", "8819999999999999", "' OR 1=1", "x" * 500])
def test_half_a_name_finds_nobody(app: FastAPI, li: UUID, typed: str) -> None:
    assert li
    assert "Nobody fits." in visitor(app).send("/members/find", {"q": typed}, page="/members").text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_members_page_shows_everything_and_opens_nothing(app: FastAPI, li: UUID, language: str) -> None:
    page = visitor(app, "bob", language).get(f"/members/{li}").text
    for fact in ("李**", "opening week", "s001", CARD[-4:], "sms", "v1", "t1-1-1"):
        assert fact in page, fact
    for secret in (PHONE, "李小明", "li@example.com", "1990-05-17", CARD):
        assert secret not in page, secret
    assert visitor(app).get("/members/00000000-0000-7000-8000-000000000001").status_code == 404


def test_a_look_needs_the_right_and_a_reason_and_is_kept(app: FastAPI, database: Database, li: UUID) -> None:
    admin = visitor(app, "bob")
    page = admin.send(f"/members/{li}/reveal", {"reason": "recall of item 1001"}, page=f"/members/{li}")
    assert f"+86{PHONE}" in page.text
    with database.session() as session:
        found = session.exec(select(AuditEntry).where(AuditEntry.action == "member.reveal")).one()
        assert (found.actor, found.reason, found.subject) == ("person:bob", "recall of item 1001", str(li))
        assert found.detail == "birthday, email, name, phone", "what was shown, not all that could be"
    assert "refused" in admin.send(f"/members/{li}/reveal", {"reason": " "}).headers["location"]
    assert visitor(app, "eve").send(f"/members/{li}/reveal", {"reason": "curious"}).status_code == 403


def test_a_block_is_put_and_lifted(app: FastAPI, database: Database, li: UUID) -> None:
    ana = visitor(app)
    put = {"kind": "points", "reason": "under review"}
    assert ana.send(f"/members/{li}/block", put).headers["location"] == f"/members/{li}"
    assert "blocked: points" in ana.get(f"/members/{li}").text
    assert ana.send(f"/members/{li}/block", {**put, "as": "lift"}).status_code == 303
    assert "refused=else" in ana.send(f"/members/{li}/block", {**put, "as": "lift"}).headers["location"]
    with database.session() as session:
        assert blocks.standing(session, [li]) == {}
    assert visitor(app, "eve").send(f"/members/{li}/block", put).status_code == 403


def test_two_are_made_one_and_taken_apart(app: FastAPI, database: Database, li: UUID) -> None:
    other = join(database, [OTHER_CARD], fields={"phone": PHONE})
    with database.session() as session:
        duplicates.scan(session, START_MS)
    ana = visitor(app)
    assert "1 pair may be one person." in ana.get("/members/duplicates").text
    first, second = sorted((li, other))
    form = {"first": str(first), "second": str(second), "keep": str(li), "as": "one", "reason": "asked them"}
    assert ana.send("/members/duplicates/decide", form).headers["location"] == "/members/duplicates"
    with database.session() as session:
        assert session.get_one(Member, other).merged_into == li
        made = session.exec(select(MemberMerge)).one().id
    assert "Nobody seems to be here twice." in ana.get("/members/duplicates").text
    assert f'href="/members/{li}"' in ana.get(f"/members/{other}").text
    assert ana.send("/members/duplicates/undo", {"merge": str(made)}).headers["location"] == "/members/duplicates"
    again = ana.send("/members/duplicates/undo", {"merge": str(made)}).headers["location"]
    assert "This was undone before." in ana.get(again).text
    with database.session() as session:
        assert session.get_one(Member, other).status == ACTIVE


def test_a_case_is_decided_on_its_page(app: FastAPI, database: Database, li: UUID) -> None:
    assert not take(database, [make_sale([("1001", 1)], number=n, member=shown(CARD)) for n in range(2, 9)])
    with database.session() as session:
        watching.look(session, date(2026, 1, 1), START_MS)
        case = session.exec(select(ReviewCase).where(ReviewCase.kind == watching.CARD_USES)).one().id
        told = {"till": "k2", "cashier": "", "receipt": "old-000123", "total_minor": 12345, "points": 123}
        day = date(2026, 1, 1)
        session.add(ReceiptElsewhere(id=uuid4(), member_id=li, store_id="s001", business_date=day, **told))
    ana = visitor(app)
    page = ana.get("/members/reviews").text
    assert "2 cases wait for you." in page
    assert page.count("old-000123") == 1, "a receipt of a till that is not ours, at the case that it belongs to"
    assert "123.45" in page
    assert f"/members/{li}" in page
    assert ana.send("/members/reviews/decide", {"case": str(case), "as": "misuse", "reason": "film"}).status_code == 303
    assert "1 case waits for you." in ana.get("/members/reviews").text
    assert (
        "refused=decided"
        in (ana.send("/members/reviews/decide", {"case": str(case), "as": "fine", "reason": "x"}).headers["location"])
    )


def test_an_opening_is_signed_by_another(app: FastAPI, database: Database) -> None:
    loader = Loader(database, importing.Importer(vault(), mint, START_MS, open_commit), "person:ana")
    opening = loader.load(FILE.encode(), "base.csv").opening
    path = f"/members/openings/{opening}"
    ana, bob = visitor(app), visitor(app, "bob")
    assert "1 file waits for a signature." in ana.get("/members/openings").text
    page = ana.get(path).text
    assert "The ledger says what the file says." in page
    assert "You loaded it" in page
    assert "Ask somebody else." in ana.get(ana.send(f"{path}/sign").headers["location"]).text
    assert visitor(app, "eve").send(f"{path}/sign").status_code == 403
    assert bob.send(f"{path}/sign").headers["location"] == path
    assert "No file waits for a signature." in bob.get("/members/openings").text
    with database.session() as session:
        assert {row.status for row in session.exec(select(Member))} == {ACTIVE}
    assert "refused=opening_signed" in bob.send(f"{path}/refuse", {"reason": "late"}).headers["location"]


def test_every_movement_on_a_members_page_has_words(app: FastAPI, database: Database, li: UUID) -> None:
    """What is set aside and topped up is said as the ledger's own pages say it, in the reader's language."""
    legs = (
        Leg(AccountKey("member_points", str(li), "POINTS"), 5),
        Leg(AccountKey("points_issued", "hq", "POINTS"), -5),
    )
    with database.session() as session:
        moves = [
            Journal(cause=mint(), purpose=purpose, at_ms=START_MS, store="s001", legs=legs)
            for purpose in ("top_up", "hold", "back:CNY:1")
        ]
        post(session, open_commit(session, START_MS), moves)
    for language, told in (
        ("en", ("Topped up", "Set aside", "Given back by a return")),
        ("zh", ("充值", "冻结", "退货退回")),
    ):
        seen = visitor(app, language=language).get(f"/members/{li}").text
        assert all(f"</time> {word} <strong>5" in seen for word in told), language


def test_the_timeline_says_acts_and_actors_in_words(app: FastAPI, database: Database, li: UUID) -> None:
    acts = (
        ("member.block", "block points", "person:ana"), ("member.home", "none to s001", "token:erp"),
        ("member.card", "lost", "cli:root"), ("member.change", "phone, no address", "till:s001/t1/c7"),
        ("member.merge", "with 0199c0de-0000-7000-8000-000000000000", "person:ana"),
        ("points.transfer", "x", "person:ana"),
    )  # fmt: skip
    with database.session() as session:
        for action, detail, actor in acts:
            audit.record(
                session, at_ms=START_MS, actor=actor, action=action, subject=str(li), detail=detail, reason="because"
            )
    for language, told in (
        ("en", ("may not collect or spend points", "to s001", "reported lost", "Phone", "removed:", "token erp",
                "Points handed on", "till s001/t1/c7")),
        ("zh", ("不能积分或用积分", "改为 s001", "已挂失", "手机号", "令牌 erp", "积分转赠")),
    ):  # fmt: skip
        seen = visitor(app, language=language).get(f"/members/{li}").text
        assert not [word for word in told if word not in seen], language
        for raw in ("person:ana", "token:erp", "cli:root", "points.transfer", "block points", "0199c0de"):
            assert raw not in seen, (language, raw)
