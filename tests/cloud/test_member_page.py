"""The members' page: what members see, and what they may do with their data. Over the app itself."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from sqlmodel import select

from cloud.coupons.models import VOIDED, Coupon
from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.member_page.card_code import VALID_S, card_of, code_text
from cloud.member_page.settings import MemberPageSettings
from cloud.members import blocks, consent
from cloud.members.models import CLOSED, Member
from cloud.prices.bodies import BodyFiles
from cloud.prices.content import encode_row
from cloud.prices.drafts import DraftRow
from cloud.process.parts import DesiredComposer
from shared.body import BodyKind
from shared.codes.member_code import MemberCodeRefusal, VerifiedMember, verify
from shared.pricing.kinds.coupon_off import CouponOff
from shared.pricing.promotion import Need
from shared.pricing.scope import Scope
from tests.cloud.member_page_data import (
    FAMILY,
    PHONE,
    TODAY,
    Phone,
    Shop,
    a_member,
    bought,
    coupons_for,
    mark_in,
    open_shop,
    purse_with,
    three_tiers,
)
from tests.cloud.members_data import AGENTS, CARD, OTHER_CARD, everything_stored, make_keys, vault
from tests.cloud.prices_data import item, price, publish_rows, report

PAGES = (
    "/me",
    "/me/points",
    "/me/value",
    "/me/coupons",
    "/me/gifts",
    "/me/receipts",
    "/me/more",
    "/me/profile",
    "/me/export",
    "/me/leave",
)


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path) -> Shop:
    return open_shop(sqlite_database, tmp_path)


@pytest.fixture
def member(shop: Shop) -> UUID:
    return a_member(shop)


def test_the_code_of_the_card_is_one_that_tills_take_without_a_network(shop: Shop, member: UUID) -> None:
    phone = Phone(shop)
    assert phone.get("/me/code.svg").status_code == 401
    phone.sign_in()
    drawn = phone.get("/me/code.svg")
    assert drawn.headers["content-type"] == "image/svg+xml"
    assert drawn.headers["cache-control"] == "no-store"
    assert 'fill="#fff"' in drawn.text
    with shop.database.snapshot() as session:
        card = card_of(session, member)
        assert card is not None
        text = code_text(vault(), make_keys().signing, card, shop.clock.wall_ms())
        agents = list(session.exec(select(Agent)))
        composer = DesiredComposer(shop.services.clocks, vault(), BodyFiles(shop.folder), make_keys().signing_public())
        told = composer.desired(session, agents)
    trusted = told[AGENTS["s001"]].settings.member_code_keys
    assert verify(text, trusted, shop.clock.wall_ms()) == VerifiedMember(CARD)
    late = shop.clock.wall_ms() + (VALID_S + 121) * 1000
    assert verify(text, trusted, late) is MemberCodeRefusal.TOO_OLD


def test_the_card_page_says_what_there_is(shop: Shop, member: UUID) -> None:
    three_tiers(shop.database)
    sales = bought(shop)
    purse_with(shop.database, member, 10_000, 2_000)
    phone = Phone(shop, "zh-CN")
    phone.sign_in()
    page = phone.get("/me").text
    assert "银卡" in page
    assert "升级为金卡" in page
    assert "￥120.00" in page
    points = phone.get("/me/points").text
    assert "消费积分" in points
    value = phone.get("/me/value").text
    assert "￥100.00" in value
    assert "￥20.00" in value
    assert "储值明细" in value
    assert "+￥120.00" in value, "principal and gift money are one top-up to whoever paid"
    listed = phone.get("/me/receipts").text
    assert [listed.index(str(sale)) for sale in reversed(sales)] == sorted(listed.index(str(sale)) for sale in sales)
    receipt = phone.get(f"/me/receipts/{sales[-1]}")
    assert "t1-1-000003" in receipt.text


def test_coupons_stand_by_what_ends_first(shop: Shop, member: UUID) -> None:
    days = {"today": 0, "soon": 3, "week": 9, "over": -1}
    codes = coupons_for(shop, member, **{name: TODAY + timedelta(days=days[name]) for name in ("week", "over", *days)})
    phone = Phone(shop)
    phone.sign_in()
    page = phone.get("/me/coupons").text
    places = [page.index(codes[name]) for name in ("today", "soon", "week")]
    assert places == sorted(places)
    assert codes["over"] not in page
    for said in ("ends today", "3 days left", f"until {TODAY + timedelta(days=9)}"):
        assert said in page
    home = phone.get("/me").text
    assert [codes[name] in home for name in ("today", "soon", "week")] == [True, True, False]
    one = phone.get(f"/me/coupons/{codes['soon']}")
    assert codes["soon"][:4] in one.text
    assert phone.get(f"/me/coupons/{codes['soon']}/code.svg").headers["content-type"] == "image/svg+xml"
    a_member(shop, card=OTHER_CARD, name="王芳", phone=FAMILY)
    other = Phone(shop)
    other.sign_in(FAMILY)
    for path in (f"/me/coupons/{codes['soon']}", f"/me/coupons/{codes['soon']}/code.svg", "/me/coupons/nothing"):
        assert other.get(path).status_code == 404


def test_a_coupon_is_called_what_the_price_book_calls_it(shop: Shop, member: UUID) -> None:
    names = {"en": "Spring", "zh": "春季有礼"}
    rule = CouponOff(
        promotion="five", off_minor=500, names=names, need=Need(spend_minor=5_000), scope=Scope(items=["1"])
    )
    row = DraftRow(BodyKind.PROMOTIONS, "chain", "five", encode_row(BodyKind.PROMOTIONS, "five", rule))
    with shop.database.session() as session:
        for agent in AGENTS.values():
            report(session, agent, engine=2)
        publish_rows(session, [item("1"), price("1", 500, "main")])
        publish_rows(session, [row])
    coupons_for(shop, member, five=TODAY)
    phone = Phone(shop, "zh-CN")
    phone.sign_in()
    shop.clock.advance(60_000)
    home = phone.get("/me").text
    assert "春季有礼" in home
    assert "减 5，限" in home, "what it gives, and on what"
    assert "满 50" in home
    shown = phone.get("/me/coupons?language=en").text
    assert "Spring" in shown
    assert "5.00 off" in shown


def test_coupons_end_when_their_member_leaves(shop: Shop, member: UUID) -> None:
    (code,) = coupons_for(shop, member, soon=TODAY).values()
    phone = Phone(shop)
    phone.sign_in()
    assert phone.submit("/me/leave", "/me/leave", typed="LEAVE").status_code == 200
    with shop.database.snapshot() as session:
        assert session.get_one(Coupon, code).state == VOIDED


def test_a_member_on_hold_is_told_where_it_matters(shop: Shop, member: UUID) -> None:
    phone = Phone(shop, "zh-CN")
    phone.sign_in()
    for kind in ("points", "coupons"):
        with shop.database.session() as session:
            blocks.put(session, member, kind, reason="x", actor="ann", commit_no=1, now_ms=shop.clock.wall_ms())
    pages = {path: phone.get(path).text for path in ("/me", "/me/points", "/me/coupons")}
    assert all("积分已暂停累积和使用" in pages[path] for path in ("/me", "/me/points"))
    assert "优惠券已暂停使用" in pages["/me/coupons"]
    assert "/me/code.svg" in pages["/me"], "they may still buy"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_with_nothing_every_page_says_what_to_do(shop: Shop, member: UUID, language: str) -> None:
    phone = Phone(shop, language)
    phone.sign_in()
    for path in PAGES:
        answer = phone.get(path)
        assert answer.status_code == 200, path
        assert ('<html lang="zh-Hans">' in answer.text) == (language == "zh-CN")
    assert ("暂无小票" if language == "zh-CN" else "No receipts yet") in phone.get("/me/receipts").text


def test_consent_is_one_touch_to_give_and_one_to_take_back(shop: Shop, member: UUID) -> None:
    phone = Phone(shop)
    phone.sign_in()
    page = phone.get("/me/more").text
    assert page.count("Turn on<") == 1, "only by what reaches them"
    assert "Not connected with WeChat" in page
    phone.submit("/me/more", "/me/consents/sms", give="1", version="shipped-1")
    with shop.database.snapshot() as session:
        given = consent.standing(session, member, "sms")
        assert given is not None
        assert (given.version, given.source) == ("shipped-1", "member_page")
    day = datetime.fromtimestamp(shop.clock.wall_ms() // 1000, UTC).date()
    assert f"on since {day}" in phone.get("/me/more").text
    phone.submit("/me/more", "/me/consents/sms")
    phone.submit("/me/more", "/me/consents/sms")
    with shop.database.snapshot() as session:
        assert consent.standing(session, member, "sms") is None
    assert phone.submit("/me/more", "/me/consents/pigeon", give="1").status_code == 422


def test_everything_held_is_shown_and_given(shop: Shop, member: UUID) -> None:
    bought(shop, 1)
    phone = Phone(shop)
    phone.sign_in()
    file = phone.submit("/me/export", "/me/export", file="1")
    facts = json.loads(file.text)
    assert file.headers["content-disposition"].startswith("attachment")
    assert {field["value"] for field in facts["fields"]} == {"李小明", f"+86{PHONE}"}
    assert len(facts["sales"]) == len(facts["messages"]) == len(facts["signed_in"]) == 1
    page = phone.submit("/me/export", "/me/export")
    assert "李小明" in page.text
    assert "sha256-" in page.headers["content-security-policy"]
    assert 'name="viewport"' in page.text, "it is read on a telephone"
    sale = facts["sales"][0]
    assert f"<td>{sale['id']}</td>" in page.text
    assert f">{sale['total_minor'] / 100:.2f}</td>" in page.text, "money as people write it"
    assert str(sale["at_ms"]) not in page.text, "moments as people write them"
    for raw in ("commit_no", "at_ms", "total_minor", "hq_offset_ms"):
        assert raw not in page.text, "no column of a database"


@pytest.mark.parametrize("path", ["/me/leave", "/me/export"])
def test_what_cannot_be_undone_needs_a_sign_in_just_now(shop: Shop, member: UUID, path: str) -> None:
    phone = Phone(shop)
    phone.sign_in()
    mark = mark_in(phone.get("/me/more"))
    shop.clock.advance(15 * 60_000)
    assert phone.get(path).headers["location"] == f"/me/sign-in?then={path}&why=sign_in_again"
    assert phone.post(path, mark=mark, typed="LEAVE").status_code == 303
    with shop.database.snapshot() as session:
        assert session.get_one(Member, member).status == "active"
    asked = phone.submit(f"/me/sign-in?then={path}", "/me/sign-in", phone=PHONE, then=path)
    back = phone.submit(asked, "/me/code", code=shop.code(), then=path)
    assert back.headers["location"] == path


def test_leaving_takes_the_typed_word_and_says_what_is_lost(database: Database, tmp_path: Path) -> None:
    shop = open_shop(database, tmp_path)
    member = a_member(shop)
    bought(shop)
    phone = Phone(shop)
    phone.sign_in()
    page = phone.get("/me/leave")
    assert "points are given up" in page.text
    for typed, give_up, said in (("leav", "1", "exactly"), ("", "1", "exactly"), ("LEAVE", "", "Spend your points")):
        refused = phone.submit("/me/leave", "/me/leave", typed=typed, **({"give_up": give_up} if give_up else {}))
        assert refused.status_code == 422
        assert said in refused.text
    left = phone.submit("/me/leave", "/me/leave", typed="leave", give_up="1")
    assert left.status_code == 200
    assert "You have left" in left.text
    assert phone.get("/me").status_code == 303
    with database.snapshot() as session:
        assert session.get_one(Member, member).status == CLOSED
    stored = everything_stored(database)
    for personal in (PHONE, "李小明", CARD):
        assert personal.encode() not in stored
    shop.clock.advance(61_000)
    sent = len(shop.messages())
    phone.submit("/me/sign-in", "/me/sign-in", phone=PHONE)
    shop.deliver()
    assert len(shop.messages()) == sent, "nobody has this number any more"


def test_stored_value_is_paid_back_before_anybody_leaves(shop: Shop, member: UUID) -> None:
    purse_with(shop.database, member, 10_000, 2_000)
    phone = Phone(shop, "zh-CN")
    phone.sign_in()
    page = phone.get("/me/leave")
    assert "您还有储值 ￥120.00" in page.text
    assert 'name="typed"' not in page.text
    refused = phone.submit("/me/more", "/me/leave", typed="注销", give_up="1")
    assert refused.status_code == 422
    with shop.database.snapshot() as session:
        assert session.get_one(Member, member).status == "active"


def test_every_answer_is_strict_and_only_our_names_are_answered(shop: Shop) -> None:
    phone = Phone(shop)
    for path in ("/me/sign-in", "/me", "/nothing", "/me/static/me.css", "/api/v1/members", "/health"):
        answer = phone.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "strict-transport-security" not in answer.headers
    for path in ("/nothing", "/stores", "/api/v1/members", "/health", "/static/console.css", "/docs", "/openapi.json",
                 "/me/static/..%2fapp.py"):  # fmt: skip
        assert phone.get(path).status_code == 404, path
    phone.headers["Host"] = "evil.example"
    assert phone.get("/me/sign-in").status_code == 400


def test_over_https_cookies_are_bound_to_the_host(sqlite_database: Database, tmp_path: Path) -> None:
    shop = open_shop(sqlite_database, tmp_path, url="https://m.shop.example", hosts=["127.0.0.1"])
    answer = Phone(shop).get("/me/sign-in")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-storewire_form=")
    for word in ("HttpOnly", "Secure", "SameSite=lax", "Path=/"):
        assert word in cookie
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")


@pytest.mark.parametrize("url", ["http://m.shop.example", "m.shop.example", "https://m.shop.example/me", "ftp://x"])
def test_an_address_that_would_not_do_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"https"):
        MemberPageSettings(url=url)


def test_a_page_is_small(shop: Shop, member: UUID) -> None:
    """Opens on a slow network: card page, code, styles and script together, in bytes as they travel."""
    phone = Phone(shop)
    phone.sign_in()
    page = phone.get("/me")
    parts = [part.split('"')[0] for part in page.text.split("/me/static/")[1:]]
    sizes = {one: int(phone.get(one).headers["content-length"]) for one in [f"/me/static/{part}" for part in parts]}
    whole = len(page.content) + sum(sizes.values()) + len(phone.get("/me/code.svg").content)
    assert whole < 24_000, sizes
    assert "htmx" not in page.text


def test_a_fault_of_ours_is_a_page_that_tells_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError("how this program is made")

    monkeypatch.setattr("cloud.member_page.signing_in._ask_number", broken)

    async def asked() -> httpx.Response:
        transport = httpx.ASGITransport(shop.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8090") as client:
            return await client.get("/me/sign-in", headers={"Accept-Language": "zh-CN"})

    page = asyncio.run(asked())
    assert page.status_code == 500
    assert "暂时无法完成" in page.text
    assert "how this program" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["x-frame-options"] == "DENY"
