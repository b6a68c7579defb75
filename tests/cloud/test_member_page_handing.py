"""The members' page: points handed on to another member, shown first, then once. On both databases."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.loyalty.club_models import PointsTransfer
from cloud.member_page.sessions import FRESH_MS
from cloud.members import blocks, changing, rules
from tests.cloud.member_page_data import FAMILY, PHONE, Phone, Shop, a_member, open_shop
from tests.cloud.members_data import CARD, OTHER_CARD
from tests.cloud.test_ledger_races import all_at_once
from tests.cloud.value_books import Books
from tests.factories import START_MS

HERE = "/me/hand-on"
NO_PHONE = "13700137000"


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Shop:
    return open_shop(database, tmp_path)


@pytest.fixture
def pair(shop: Shop) -> tuple[UUID, UUID]:
    """Somebody with 250 points, and somebody else."""
    ann = a_member(shop)
    bob = a_member(shop, card=OTHER_CARD, name="王芳", phone=FAMILY)
    Books(shop.database).give(ann, 250)
    return ann, bob


@pytest.fixture
def phone(shop: Shop, pair: tuple[UUID, UUID]) -> Phone:
    assert pair
    made = Phone(shop)
    made.sign_in()
    return made


def allow(shop: Shop, **rule: object) -> None:
    with shop.database.session() as session:
        version = rules.newest(session, rules.Transfers).version + 1
        rules.publish(session, rules.Transfers(version=version, **rule), actor="ann", now_ms=version)  # type: ignore[arg-type]


def ask(phone: Phone, whom: str = FAMILY, points: str = "80") -> httpx.Response:
    """Say to whom and how many; return the page that shows what it comes to."""
    return phone.submit("/me/more", HERE, whom=whom, points=points)


def fields(shown: httpx.Response) -> dict[str, str]:
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', shown.text))
    assert {"request", "seal"} < found.keys(), shown.text
    return found


def agree(phone: Phone, shown: httpx.Response, **changes: str) -> httpx.Response:
    return phone.post(f"{HERE}/sure", **{**fields(shown), **changes})


def points(shop: Shop, *members: UUID) -> list[int]:
    books = Books(shop.database)
    books.prove()
    return [books.points(one) for one in members]


@pytest.mark.parametrize("whom", [FAMILY, f"+86 {FAMILY[:3]} {FAMILY[3:]}", OTHER_CARD])
def test_p5_points_are_handed_on_once_as_was_shown(
    shop: Shop, pair: tuple[UUID, UUID], phone: Phone, whom: str
) -> None:
    assert "/me/hand-on" not in phone.get("/me/points").text
    assert phone.get(HERE).status_code == 404, "off unless the chain wants it"
    allow(shop, to="all", fee_bp=250, most_in_a_month=200, most_at_once=150)
    assert 'href="/me/hand-on"' in phone.get("/me/points").text
    form = phone.get(HERE).text
    for fact in (">150<", "2.5 %", "1 to 150 points at a time; 200 more this month"):
        assert fact in form, fact
    shown = ask(phone, whom)
    for fact in ("王*", whom[-4:], ">80<", ">2<", ">78<", "Hand 80 points on"):
        assert fact in shown.text, fact
    assert "王芳" not in shown.text
    assert points(shop, *pair) == [250, 0], "nothing is done by looking"
    answers = [agree(phone, shown).headers["location"] for _ in range(2)]
    assert answers[0] == answers[1]
    assert points(shop, *pair) == [170, 78]
    done = phone.get(answers[0]).text
    for fact in ("Handed on", "王*", ">80<", ">78<"):
        assert fact in done, fact
    assert "120 more this month" in phone.get(HERE).text
    assert "Handed on" in phone.get("/me/points").text
    other = Phone(shop, "zh")
    other.sign_in(FAMILY)
    assert "积分转赠" in other.get("/me/points").text
    assert other.get(answers[0]).status_code == 404, "what others did is nobody's business"


def test_p5_two_touches_at_once_hand_on_once(shop: Shop, pair: tuple[UUID, UUID], phone: Phone) -> None:
    allow(shop, to="all")
    shown = ask(phone)
    all_at_once(lambda _n: agree(phone, shown).status_code)
    assert points(shop, *pair) == [170, 80]


@pytest.mark.parametrize(
    ("rule", "whom", "count", "says", "says_zh"),
    [
        ({}, NO_PHONE, "80", "No member has this number", "没有找到该会员"),
        ({}, "not a number", "80", "No member has this number", "没有找到该会员"),
        ({}, "nochip99", "80", "No member has this number", "没有找到该会员"),
        ({"to": "family"}, NO_PHONE, "80", "Nobody of your family", "家庭中没有"),
        ({"to": "family"}, FAMILY, "80", "Nobody of your family", "家庭中没有"),
        ({}, PHONE, "80", "your own number", "不能转赠给自己"),
        ({}, CARD, "80", "your own number", "不能转赠给自己"),
        ({}, FAMILY, "many", "in figures", "请输入积分数量"),
        ({}, FAMILY, "-5", "in figures", "请输入积分数量"),
        ({}, FAMILY, "251", "not have so many points", "可用积分不足"),
        ({"least": 90}, FAMILY, "80", "Fewer than", "低于每次"),
        ({"most_at_once": 50}, FAMILY, "80", "More than are handed on", "超出每次"),
        ({"most_in_a_month": 50}, FAMILY, "80", "More than this month", "超出本月"),
    ],
)
def test_each_no_is_said(
    sqlite_database: Database, tmp_path: Path, rule: dict[str, object], whom: str, count: str, says: str, says_zh: str
) -> None:
    shop = open_shop(sqlite_database, tmp_path)
    ann, bob = a_member(shop), a_member(shop, card=OTHER_CARD, name="王芳", phone=FAMILY)
    third = a_member(shop, card="nobody1234", name="赵六", phone="13600136000")
    Books(shop.database).give(ann, 250)
    with shop.database.session() as session:
        changing.join_family(session, ann, third, actor="desk", now_ms=1)
    allow(shop, **{"to": "all", **rule})
    phone = Phone(shop)
    phone.sign_in()
    refused = ask(phone, whom, count)
    assert (refused.status_code, says in refused.text) == (422, True), refused.text
    phone.headers["Accept-Language"] = "zh"
    assert says_zh in ask(phone, whom, count).text
    assert points(shop, ann, bob) == [250, 0]


def test_a_family_hands_on_among_themselves(shop: Shop, pair: tuple[UUID, UUID], phone: Phone) -> None:
    allow(shop, to="family")
    assert "in no family yet" in phone.get(HERE).text
    with shop.database.session() as session:
        changing.join_family(session, *pair, actor="desk", now_ms=1)
    a_member(shop, card="stranger1", name="孙三", phone=FAMILY)
    shown = ask(phone)
    assert "王*" in shown.text, "of two with one number it is the one of the family"
    agree(phone, shown)
    assert points(shop, *pair) == [170, 80]
    allow(shop, to="all")
    assert "Several members share this number" in ask(phone).text


def test_what_changed_since_is_shown_anew(shop: Shop, pair: tuple[UUID, UUID], phone: Phone) -> None:
    allow(shop, to="all")
    shown = ask(phone)
    for changes in ({"points": "90"}, {"whom": NO_PHONE}, {"whom": PHONE}, {"seal": ""}, {"request": "nonsense"}):
        refused = agree(phone, shown, **changes)
        assert (refused.status_code, "Something changed" in refused.text) == (422, True), changes
    allow(shop, to="all", fee_bp=1_000)
    assert "Something changed" in agree(phone, shown).text, "nobody pays a fee they were not shown"
    assert points(shop, *pair) == [250, 0]
    shown = ask(phone)
    with shop.database.session() as session:
        commit = open_commit(session, START_MS)
        blocks.put(session, pair[1], "points", reason="x", actor="a", commit_no=commit, now_ms=START_MS)
    assert "cannot be handed on between you" in agree(phone, shown).text
    allow(shop, to="nobody")
    assert agree(phone, shown).status_code == 404
    with shop.database.session() as session:
        assert session.exec(select(PointsTransfer)).all() == []


def test_only_who_signed_in_just_now_and_never_number_after_number(
    shop: Shop, pair: tuple[UUID, UUID], phone: Phone
) -> None:
    assert pair
    allow(shop, to="all")
    for n in range(10):
        assert ask(phone, f"1370013{n:04d}").status_code == 422
    refused = ask(phone)
    assert "Too many numbers" in refused.text
    assert "王*" not in refused.text
    shop.clock.advance(FRESH_MS)
    assert phone.get(HERE).headers["location"] == "/me/sign-in?then=/me/hand-on&why=sign_in_again"
    assert phone.get(f"{HERE}/sure").headers["location"].endswith(HERE)
