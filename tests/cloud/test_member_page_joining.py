"""Who is no member yet becomes one on the telephone, and whoever has no card takes one there."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest
from sqlmodel import select

from cloud.database import Database
from cloud.member_page.card_code import card_of
from cloud.members import blocks, card_desk, consent, rules
from cloud.members.models import Card, Member
from cloud.store_days.policies import set_policies
from shared.wire.policies import MEMBERSHIP, ConsentText, TillPolicies
from tests.cloud.member_page_data import PHONE, Phone, Shop, a_member, open_shop
from tests.factories import START_MS

STRANGER = "13700137000"
OWN = [
    ConsentText(channel=MEMBERSHIP, version="m-7", required=True, words={"zh": "我同意会员条款第七版"}),
    ConsentText(channel="sms", version="s-7", words={"zh": "我同意接收短信优惠第七版"}),
]


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path) -> Shop:
    return open_shop(sqlite_database, tmp_path, joining=True)


def texts(shop: Shop, *found: ConsentText) -> None:
    with shop.database.session() as session:
        set_policies(session, msgspec.json.encode(TillPolicies(consents=list(found))), actor="ann", now_ms=1)


def proven(phone: Phone, number: str = STRANGER) -> httpx.Response:
    asked = phone.submit("/me/sign-in", "/me/sign-in", phone=number)
    return phone.submit(asked, "/me/code", code=phone.shop.code(), phone=number)


def members(shop: Shop) -> list[Member]:
    with shop.database.snapshot() as session:
        return list(session.exec(select(Member)))


def test_a_stranger_proves_a_number_agrees_and_has_a_card_at_once(database: Database, tmp_path: Path) -> None:
    shop = open_shop(database, tmp_path, joining=True)
    texts(shop, *OWN)
    phone = Phone(shop, "zh-CN")
    page = proven(phone)
    assert "我同意会员条款第七版" in page.text
    assert members(shop) == [], "nobody is kept who only looked"
    joined = {"phone": STRANGER, "name": "王芳", "store": "s001"}
    without = phone.submit(page, "/me/join", **joined, **{"agree.sms": "1"})
    assert (without.status_code, members(shop)) == (422, [])
    assert "请先勾选" in without.text
    done = phone.submit(without, "/me/join", **joined, **{"agree.membership": "1"})
    assert (done.status_code, done.headers["location"]) == (303, "/me")
    card = phone.get("/me").text
    assert "王*" in card
    assert "/me/code.svg" in card
    assert phone.get("/me/code.svg").status_code == 200
    (row,) = members(shop)
    assert (row.source, row.home_store, row.language) == ("member_page", "s001", "zh")
    with shop.database.snapshot() as session:
        agreed = consent.standing(session, row.id, MEMBERSHIP)
        assert agreed is not None
        assert (agreed.version, agreed.source) == ("m-7", "member_page")
        assert consent.standing(session, row.id, "sms") is None, "what was not ticked was not agreed to"
    again = phone.submit(without, "/me/join", **joined, **{"agree.membership": "1"})
    assert again.status_code == 403, "its form is over"
    assert len(members(shop)) == 1
    shop.clock.advance(61_000)
    other = Phone(shop)
    assert proven(other).headers["location"] == "/me", "from now on a code signs them in"


def test_nobody_joins_with_a_number_they_have_not_proven(shop: Shop) -> None:
    phone = Phone(shop)
    page = proven(phone)
    agreed = {"agree.membership": "1"}
    other = phone.submit(page, "/me/join", phone="13600136000", **agreed)
    assert other.headers["location"].startswith("/me/sign-in?why=join_again")
    strange = Phone(shop)
    assert strange.submit("/me/sign-in", "/me/join", phone=STRANGER, **agreed).status_code == 303
    shop.clock.advance(15 * 60_000)
    assert phone.submit(page, "/me/join", phone=STRANGER, **agreed).status_code == 303, "and not for ever"
    assert members(shop) == []


@pytest.mark.parametrize(("entry", "said"), [({"by": "spend", "minor": 100}, "Joining takes a purchase first"),
                                             ({}, "Become a member")])  # fmt: skip
def test_the_entry_rule_counts_here_too(shop: Shop, entry: dict[str, object], said: str) -> None:
    with shop.database.session() as session:
        rules.publish(session, rules.Entry(version=1, **entry), actor="ann", now_ms=1)  # type: ignore[arg-type]
    phone = Phone(shop)
    page = proven(phone)
    assert said in page.text
    done = phone.submit("/me/sign-in", "/me/join", phone=STRANGER, name="x" * 101, **{"agree.membership": "1"})
    assert (done.status_code == 303) == (not entry)


def test_where_nobody_joins_here_strangers_get_no_code(sqlite_database: Database, tmp_path: Path) -> None:
    shop = open_shop(sqlite_database, tmp_path)
    Phone(shop).submit("/me/sign-in", "/me/sign-in", phone=STRANGER)
    shop.deliver()
    assert shop.messages() == []
    assert Phone(shop).submit("/me/sign-in", "/me/join", phone=STRANGER).status_code == 303


def test_strangers_cost_no_more_than_a_chain_has_set(sqlite_database: Database, tmp_path: Path) -> None:
    shop = open_shop(sqlite_database, tmp_path, joining=True, joining_codes_an_hour=2)
    a_member(shop)
    for number in ("13700137000", "13700137001", "13700137002", PHONE):
        Phone(shop).submit("/me/sign-in", "/me/sign-in", phone=number)
    shop.deliver()
    assert [one["to"][-4:] for one in shop.messages()] == ["7000", "7001", PHONE[-4:]], "members always get theirs"
    shop.clock.advance(3_601_000)
    Phone(shop).submit("/me/sign-in", "/me/sign-in", phone="13700137003")
    shop.deliver()
    assert shop.messages()[-1]["to"].endswith("7003")


def act(shop: Shop, member: UUID, what: str) -> None:
    with shop.database.session() as session:
        card = card_of(session, member)
        assert card is not None
        card_desk.act(session, card.id, what, reason="x", actor="ann", commit_no=1, now_ms=START_MS)


def test_whoever_lost_a_card_takes_one_on_their_telephone(shop: Shop) -> None:
    member = a_member(shop)
    phone = Phone(shop)
    phone.sign_in()
    act(shop, member, "lost")
    page = phone.get("/me")
    assert "Put a card on my phone" in page.text
    assert phone.submit(page, "/me/card").headers["location"] == "/me"
    assert phone.submit(page, "/me/card").status_code == 303
    assert re.search(r"•••• \d{4}", phone.get("/me").text)
    with shop.database.snapshot() as session:
        held = session.exec(select(Card.status).where(Card.member_id == member)).all()
    assert sorted(held) == ["active", "lost"], "sent twice, it is one card"


@pytest.mark.parametrize("why", ["frozen", "blocked"])
def test_what_was_taken_from_somebody_a_desk_gives_back(shop: Shop, why: str) -> None:
    member = a_member(shop)
    phone = Phone(shop)
    phone.sign_in()
    act(shop, member, "freeze" if why == "frozen" else "lost")
    if why == "blocked":
        with shop.database.session() as session:
            blocks.put(session, member, "buy", reason="x", actor="ann", commit_no=1, now_ms=START_MS)
    page = phone.get("/me")
    assert "Put a card on my phone" not in page.text
    phone.submit("/me/more", "/me/card")
    assert "/me/code.svg" not in phone.get("/me").text


def test_a_text_that_changed_is_read_before_it_is_agreed_to(shop: Shop) -> None:
    member = a_member(shop)
    phone = Phone(shop, "zh-CN")
    phone.sign_in()
    texts(shop, *OWN)
    page = phone.get("/me/more")
    assert "我同意接收短信优惠第七版" in page.text
    phone.submit(page, "/me/consents/sms", give="1", version="s-7")
    newer = msgspec.structs.replace(OWN[1], version="s-8", words={"zh": "短信优惠第八版"})
    texts(shop, OWN[0], newer)
    phone.submit(page, "/me/consents/sms", give="1", version="s-7")
    with shop.database.snapshot() as session:
        standing = consent.standing(session, member, "sms")
        assert standing is not None
        assert standing.version == "s-7", "what they have not read they have not agreed to"
    page = phone.get("/me/more")
    assert "条款已更新" in page.text
    phone.submit(page, "/me/consents/sms", give="1", version="s-8")
    assert "条款已更新" not in phone.get("/me/more").text
