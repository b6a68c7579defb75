"""Who gets in to the members' page and who does not: codes, strangers, families, forms, sessions, WeChat."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.member_page import following
from cloud.member_page.models import MemberSession, MemberSignIn
from cloud.members import changing
from cloud.members.models import Member
from tests.cloud.member_page_data import (
    FAMILY,
    PHONE,
    URL,
    Phone,
    Shop,
    a_member,
    mark_in,
    open_shop,
)
from tests.cloud.members_data import OTHER_CARD, everything_stored, vault
from tests.factories import START_MS

STRANGER = "13700137000"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path) -> Shop:
    return open_shop(sqlite_database, tmp_path)


@pytest.fixture
def member(shop: Shop) -> UUID:
    return a_member(shop)


def asked(phone: Phone, number: str, **fields: str) -> str:
    answer = phone.submit("/me/sign-in", "/me/sign-in", phone=number, then="/me", **fields)
    return f"{answer.status_code} {answer.text.replace(mark_in(answer), '')}"


def test_a_code_to_the_phone_signs_in(database: Database, tmp_path: Path) -> None:
    shop = open_shop(database, tmp_path)
    a_member(shop)
    phone = Phone(shop)
    assert phone.get("/me").headers["location"] == "/me/sign-in?then=/me"
    answer = phone.sign_in()
    assert (answer.status_code, answer.headers["location"]) == (303, "/me")
    page = phone.get("/me").text
    assert "Hello, 李**" in page
    assert "•••• 0001" in page


def test_a_stranger_is_told_the_same_and_sent_nothing(shop: Shop, member: UUID) -> None:
    to_member, to_stranger = (asked(Phone(shop), number) for number in (PHONE, STRANGER))
    to_member, to_stranger = to_member.replace(PHONE, ""), to_stranger.replace(STRANGER, "")
    assert to_member.replace("138****8000", "") == to_stranger.replace("137****7000", "")
    shop.deliver()
    assert [one["to"] for one in shop.messages()] == [f"+86{PHONE}"]
    stranger = Phone(shop)
    shop.clock.advance(61_000)
    page = stranger.submit("/me/sign-in", "/me/sign-in", phone=STRANGER)
    for left in range(5, 0, -1):
        page = stranger.submit(page, "/me/code", code="000000")
        assert ("not the code" in page.text) == (left > 1), "as it is for a member's wrong codes"


def test_the_page_never_looks_whether_a_number_is_a_members(shop: Shop, member: UUID) -> None:
    """What is done and kept when somebody asks is the same; the lookup happens where messages are sent."""
    rows = []
    for number in (PHONE, STRANGER):
        asked(Phone(shop), number)
    with shop.database.snapshot() as session:
        rows = [(row.code_hash, row.phone is not None) for row in session.exec(select(MemberSignIn))]
    assert rows == [(None, True)] * 2


def test_five_tries_and_then_even_the_right_code_is_over(shop: Shop, member: UUID) -> None:
    phone = Phone(shop)
    page = phone.submit("/me/sign-in", "/me/sign-in", phone=PHONE)
    code = shop.code()
    wrong = f"{(int(code) + 1) % 10**6:06}"
    for _ in range(5):
        page = phone.submit(page, "/me/code", code=wrong)
        assert page.status_code == 422
    assert "Ask for a new one" in page.text
    assert phone.submit(page, "/me/code", code=code).status_code == 422
    assert phone.get("/me").status_code == 303


def test_a_code_counts_in_its_browser_within_its_time_and_once(shop: Shop, member: UUID) -> None:
    phone, other = Phone(shop), Phone(shop)
    page = phone.submit("/me/sign-in", "/me/sign-in", phone=PHONE)
    code = shop.code()
    assert other.submit("/me/sign-in", "/me/code", code=code).status_code == 422
    shop.clock.advance(5 * 60_000)
    assert phone.submit(page, "/me/code", code=code).status_code == 422
    phone.sign_in()
    assert phone.get("/me").status_code == 200
    again = Phone(shop)
    again.cookies.update({name: value for name, value in phone.cookies.items() if name != "storewire_me"})
    assert again.submit("/me/sign-in", "/me/code", code=shop.messages()[-1]["parameters"]["code"]).status_code == 422


def test_p7_neither_code_nor_number_is_readable_in_the_database(database: Database, tmp_path: Path) -> None:
    shop = open_shop(database, tmp_path)
    a_member(shop)
    phone = Phone(shop)
    phone.submit("/me/sign-in", "/me/sign-in", phone=PHONE)
    code = shop.code()
    stored = everything_stored(database)
    assert PHONE.encode() not in stored
    assert f'"{code}"'.encode() not in stored
    with database.snapshot() as session:
        assert all(row.phone is None for row in session.exec(select(MemberSignIn)))


def test_one_number_is_asked_for_once_a_minute_whoever_asks(shop: Shop, member: UUID) -> None:
    for number in (PHONE, STRANGER):
        assert asked(Phone(shop), number).startswith("200")
        assert asked(Phone(shop), number).startswith("429")
    shop.clock.advance(60_000)
    assert asked(Phone(shop), PHONE).startswith("200")


@pytest.mark.parametrize("place", ["10.0.0.1", "2001:db8:1:2::{n:x}", "::ffff:10.0.0.1"])
def test_one_address_asks_only_so_often(shop: Shop, place: str) -> None:
    """A line with IPv6 has more addresses than anybody could count: it counts as one."""
    for n in range(30):
        assert asked(Phone(shop, at=place.format(n=n)), f"1370013{n:04}").startswith("200")
    assert asked(Phone(shop, at="2001:db8:1:3::1"), "13700138888").startswith("200")
    refused = asked(Phone(shop, at=place.format(n=31)), "13700139999")
    assert refused.startswith("429")
    assert "Try again in 60" in refused
    shop.clock.advance(600_000)
    assert asked(Phone(shop), "13700139999").startswith("200")


@pytest.mark.parametrize("number", ["", "12", "abc", "+", "1" * 40])
def test_what_is_no_number_is_said_in_words(shop: Shop, number: str) -> None:
    answer = asked(Phone(shop, "zh-CN"), number)
    assert answer.startswith("422")
    assert "手机号格式不正确" in answer


def test_a_family_with_one_number_chooses(shop: Shop, member: UUID) -> None:
    first = a_member(shop, card=OTHER_CARD, name="王芳", phone=FAMILY)
    second = a_member(shop, card="8810000000000003", name="王小宝", phone=FAMILY)
    phone = Phone(shop, "zh-CN")
    choices = phone.sign_in(FAMILY)
    assert "王*" in choices.text
    assert "王**" in choices.text
    assert phone.submit(choices, "/me/choose", member=str(member)).status_code == 422, "not one of them"
    phone.submit(choices, "/me/choose", member=str(second))
    assert "王**" in phone.get("/me").text
    with shop.database.snapshot() as session:
        assert {row.member_id for row in session.exec(select(MemberSession))} == {second} != {first}


@pytest.mark.parametrize(
    "path", ["/me/sign-out", "/me/consents/sms", "/me/leave", "/me/export", "/me/wechat/forget", "/me/profile"]
)
def test_a_form_of_another_site_does_nothing(shop: Shop, member: UUID, path: str) -> None:
    phone = Phone(shop)
    phone.sign_in()
    assert phone.post(path, give="1", typed="LEAVE").status_code == 403
    assert phone.post(path, give="1", typed="LEAVE", mark="0" * 64).status_code == 403
    mark = mark_in(phone.get("/me/more"))
    phone.headers["Sec-Fetch-Site"] = "cross-site"
    assert phone.post(path, give="1", typed="LEAVE", mark=mark).status_code == 403
    with shop.database.snapshot() as session:
        assert session.get_one(Member, member).status == "active"


def test_a_sign_in_form_needs_its_browsers_mark(shop: Shop) -> None:
    assert Phone(shop).post("/me/sign-in", phone=PHONE).status_code == 403
    other = mark_in(Phone(shop).get("/me/sign-in"))
    phone = Phone(shop)
    phone.get("/me/sign-in")
    assert phone.post("/me/sign-in", phone=PHONE, mark=other).status_code == 403


def test_a_session_ends_by_itself_by_hand_and_everywhere(shop: Shop, member: UUID) -> None:
    phone, other = Phone(shop), Phone(shop)
    phone.sign_in()
    shop.clock.advance(61_000)
    other.sign_in()
    phone.submit("/me/more", "/me/sign-out")
    assert phone.get("/me").status_code == 303
    assert other.get("/me").status_code == 200
    shop.clock.advance(61_000)
    phone.sign_in()
    phone.submit("/me/more", "/me/sign-out", everywhere="1")
    assert other.get("/me").status_code == 303
    shop.clock.advance(61_000)
    phone.sign_in()
    shop.clock.advance(30 * 24 * 3600 * 1000)
    assert phone.get("/me").status_code == 303
    shop.deliver()
    with shop.database.snapshot() as session:
        assert session.exec(select(MemberSession)).all() == []


@pytest.mark.parametrize("number", ["13700137001", ""])
def test_p7_whoever_came_in_by_a_number_goes_with_it(shop: Shop, member: UUID, number: str) -> None:
    """A stolen telephone, or a number that somebody else has by now: the desk notes another one, or none."""
    shop.settings.messages_dir.mkdir(parents=True)
    (shop.settings.messages_dir / "wechat-visitor").write_text("openid-1\n")
    thief, wechat = Phone(shop), Phone(shop)
    thief.get(thief.get("/me/wechat").headers["location"].removeprefix(URL))
    thief.sign_in()
    shop.clock.advance(1_000)
    with shop.database.session() as session:
        assert following.is_linked(session, member)
        changing.change(
            session, vault(), member, {"phone": number, "name": "李大明"}, source="console", actor="person:sue",
            commit_no=open_commit(session, START_MS), now_ms=shop.clock.wall_ms(),
        )  # fmt: skip
    assert thief.get("/me").status_code == 303
    away = wechat.get("/me/wechat").headers["location"].removeprefix(URL)
    assert "wechat_unknown" in wechat.get(away).headers["location"]
    with shop.database.session() as session:
        assert not following.is_linked(session, member), "and no message of theirs goes there"


def test_another_code_is_asked_for_where_the_first_is_typed(shop: Shop, member: UUID) -> None:
    phone = Phone(shop)
    page = phone.submit("/me/sign-in", "/me/sign-in", phone=PHONE)
    first = shop.code()
    soon = phone.submit(page, "/me/sign-in", phone=PHONE, again="1")
    assert soon.status_code == 429
    assert 'action="/me/code"' in soon.text, "the code on its way is as good as before"
    assert 'data-pause-s="60"' in soon.text
    shop.clock.advance(61_000)
    page = phone.submit(soon, "/me/sign-in", phone=PHONE, again="1")
    assert phone.submit(page, "/me/code", code=first, phone=PHONE).status_code == 422, "the newest one counts"
    assert phone.submit(page, "/me/code", code=shop.code(), phone=PHONE).status_code == 303


def test_a_session_that_ended_leads_back_to_its_page(shop: Shop, member: UUID) -> None:
    phone = Phone(shop)
    sign_in = str(phone.get("/me/receipts").headers["location"])
    assert sign_in == "/me/sign-in?then=/me/receipts"
    asked = phone.submit(sign_in, "/me/sign-in", phone=PHONE, then="/me/receipts")
    signed = phone.submit(asked, "/me/code", code=shop.code(), then="/me/receipts")
    assert signed.headers["location"] == "/me/receipts"
    assert Phone(shop).post("/me/consents/sms").headers["location"] == "/me/sign-in?then=/me", "a form is not repeated"


@pytest.mark.parametrize(
    "then",
    [
        "/me/sign-in",
        "/me/wechat",
        "/me/code",
        "https://evil.example",
        "//evil.example",
        "/me/leave/../..",
        "javascript:alert(1)",
    ],
)
def test_signing_in_leads_nowhere_else(shop: Shop, member: UUID, then: str) -> None:
    phone = Phone(shop)
    asked = phone.submit("/me/sign-in", "/me/sign-in", phone=PHONE, then=then)
    assert phone.submit(asked, "/me/code", code=shop.code(), then=then).headers["location"] == "/me"


def test_wechat_knows_a_member_once_they_proved_a_number(shop: Shop, member: UUID) -> None:
    shop.settings.messages_dir.mkdir(parents=True)
    (shop.settings.messages_dir / "wechat-visitor").write_text("openid-1\n")

    def by_menu(phone: Phone) -> str:
        away = phone.get("/me/wechat").headers["location"]
        assert away.startswith(f"{URL}/me/wechat/back?")
        return str(phone.get(away.removeprefix(URL)).headers["location"])

    phone = Phone(shop, "zh-CN")
    assert by_menu(phone) == "/me/sign-in?why=wechat_unknown&then=/me"
    assert "尚未绑定" in phone.get("/me/sign-in?why=wechat_unknown").text
    phone.sign_in()
    assert "已绑定微信" in phone.get("/me/more").text
    assert b"openid-1" not in everything_stored(shop.database)
    again = Phone(shop)
    assert by_menu(again) == "/me"
    assert again.get("/me").status_code == 200
    again.submit("/me/more", "/me/wechat/forget")
    assert by_menu(Phone(shop)).startswith("/me/sign-in?why=wechat_unknown")
    again.headers["User-Agent"] = "MicroMessenger/8.0.38"
    assert 'href="/me/wechat"' in again.get("/me/more").text
    assert by_menu(again) == "/me/more", "who is signed in has nothing left to prove"
    assert "WeChat signs you in" in again.get("/me/more").text
    assert by_menu(Phone(shop)) == "/me"


def test_wechats_answer_counts_only_for_who_asked(shop: Shop, member: UUID) -> None:
    shop.settings.messages_dir.mkdir(parents=True)
    (shop.settings.messages_dir / "wechat-visitor").write_text("openid-1")
    phone = Phone(shop)
    assert "wechat_refused" in phone.get("/me/wechat/back?code=file&state=x").headers["location"]
    away = phone.get("/me/wechat").headers["location"].removeprefix(URL)
    assert "wechat_refused" in Phone(shop).get(away).headers["location"]
    (shop.settings.messages_dir / "wechat-visitor").unlink()
    assert "wechat_refused" in phone.get(away).headers["location"], "as shipped nobody comes by WeChat"
    phone.headers["User-Agent"] = "MicroMessenger/8.0.38"
    assert "/me/wechat" not in phone.get("/me/sign-in").text, "and is not offered it"
