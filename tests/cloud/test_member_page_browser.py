"""The members' page in a real browser the size of a telephone, WeChat's by its name too, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlmodel import col, select

from cloud.database import Database
from cloud.member_page import sessions
from cloud.members import rules
from cloud.members.models import Card
from cloud.pictures.fitting import fit
from cloud.rewards import pictures
from tests.cloud.boxes import served_api
from tests.cloud.member_page_data import (
    FAMILY,
    PHONE,
    TODAY,
    Shop,
    a_member,
    bought,
    coupons_for,
    open_shop,
    purse_with,
    three_tiers,
)
from tests.cloud.members_data import OTHER_CARD
from tests.cloud.test_member_page_gifts import PNG, offer, open_draw
from tests.cloud.value_books import Books
from tests.provision.browser import Page, browsing, find_browser

WECHAT = (
    "Mozilla/5.0 (Linux; Android 13; V2203A) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/107.0 "
    "Mobile Safari/537.36 XWEB/5169 MMWEBSDK/20230604 MicroMessenger/8.0.38.2400 WeChat/arm64 Language/zh_CN"
)
PLAIN = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Mobile Safari/537.36"
LONG_NAME = "Maximiliana-Theodora Constantinopolitanska-Wolfeschlegelsteinhausen"
FIXED = (
    "/me/sign-in",
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


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        made.resize(390, 844)
        yield made


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path) -> Shop:
    return open_shop(sqlite_database, tmp_path)


@pytest.fixture
def address(shop: Shop, page: Page) -> Iterator[str]:
    with served_api(shop.app) as client:
        page.call("Network.clearBrowserCookies")
        page.call("Network.setUserAgentOverride", userAgent=PLAIN)
        page.errors.clear()
        page.requested.clear()
        yield str(client.base_url)
        page.load("about:blank")


def signed_in(shop: Shop, page: Page, address: str, member: UUID) -> None:
    with shop.database.session() as session:
        token = sessions.begin(session, member, by="phone", now_ms=shop.clock.wall_ms(), days=1)
    page.call("Network.setCookie", name="storewire_me", value=token, url=address)


def everything(shop: Shop, count: int = 30) -> tuple[UUID, list[UUID]]:
    member = a_member(shop, name=LONG_NAME)
    three_tiers(shop.database)
    sales = bought(shop, count)
    purse_with(shop.database, member, 123_456_789, 2_000)
    coupons_for(shop, member, **{f"c{days}": TODAY + timedelta(days=days) for days in range(20)})
    return member, sales


def entered(page: Page) -> None:
    """Press Enter and wait for the page it leads to."""
    page._events.clear()
    page.press("Enter")
    page._wait_for("Page.loadEventFired")


def check(page: Page, address: str, paths: tuple[str, ...], language: str) -> None:
    for path in paths:
        page.load(address + path, language)
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{path} sticks out by {width} px"
        assert page.evaluate("document.documentElement.lang") == ("zh-Hans" if language == "zh" else "en")
        small = page.evaluate(
            "[...document.querySelectorAll('nav a, button, .button, .row[href], .tile, input:not([type=hidden],"
            " [type=checkbox])')].filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44)"
            ".map(e => e.outerHTML)"
        )
        assert small == [], f"{path}: too small for a thumb: {small}"
        assert page.accessibility_faults() == [], path
    assert page.errors == []
    assert [url for url in page.requested if not url.startswith(address)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("agent", [PLAIN, WECHAT], ids=["browser", "wechat"])
def test_pages_with_everything_fit_and_read_well(
    shop: Shop, page: Page, address: str, language: str, agent: str
) -> None:
    member, sales = everything(shop)
    signed_in(shop, page, address, member)
    page.call("Network.setUserAgentOverride", userAgent=agent)
    check(page, address, (*FIXED, f"/me/receipts/{sales[-1]}"), language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_gifts_and_draws_fit_and_read_well(shop: Shop, page: Page, address: str, language: str) -> None:
    member = a_member(shop, name=LONG_NAME)
    Books(shop.database).give(member, 1_234_567)
    long = "superkalifragilistigexpialigetis"
    offer(shop, long, left=5)
    offer(shop, "dear", left=1, points=100_000_000)
    offer(shop, "gone", left=0)
    open_draw(shop, nothing=9_999)
    with shop.database.session() as session:
        pictures.put(session, "dear", fit(PNG), actor="person:ana", now_ms=shop.clock.wall_ms())
    signed_in(shop, page, address, member)
    page.load(f"{address}/me/gifts/{long}")
    page.follow("document.querySelector('main form').requestSubmit()")
    place = page.evaluate("location.pathname")
    assert place.startswith("/me/pickups/")
    page.load(f"{address}/me/draws/spring")
    page.follow("document.querySelector('main form').requestSubmit()")
    assert page.evaluate("location.search") == "?ticket=1"
    page.errors.clear()  # the picture of this test is none that a browser can show
    for path in ("/me/gifts", "/me/gifts/gone", place, "/me/draws/spring?ticket=1", "/me/draws/spring"):
        check(page, address, (path,), language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_handing_points_on_fits_and_reads_well(shop: Shop, page: Page, address: str, language: str) -> None:
    member = a_member(shop, name=LONG_NAME)
    a_member(shop, card=OTHER_CARD, name=LONG_NAME, phone=FAMILY)
    with shop.database.session() as session:
        rule = rules.Transfers(version=1, to="all", fee_bp=250, most_at_once=10**9, most_in_a_month=10**9)
        rules.publish(session, rule, actor="ann", now_ms=1)
    signed_in(shop, page, address, member)
    check(page, address, ("/me/points", "/me/hand-on"), language)
    Books(shop.database).give(member, 123_456_789)
    check(page, address, ("/me/hand-on",), language)
    page.evaluate("document.getElementById('whom').value = 'nobody0'; document.getElementById('points').value = '1'")
    page.follow("document.querySelector('main form').requestSubmit()")
    assert page.accessibility_faults() == []
    page.errors.clear()  # a browser counts an answer of 422 as one
    fill = f"document.getElementById('whom').value = '{FAMILY}'; document.getElementById('points').value = '1,234,567'"
    page.evaluate(fill)
    page.follow("document.querySelector('main form').requestSubmit()")
    assert page.accessibility_faults() == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.follow("document.querySelector('main form').requestSubmit()")
    check(page, address, (page.evaluate("location.pathname"),), language)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_pages_with_nothing_fit_and_read_well(shop: Shop, page: Page, address: str, language: str) -> None:
    signed_in(shop, page, address, a_member(shop))
    check(page, address, FIXED, language)


def test_letters_twice_as_large_fit_a_small_telephone(shop: Shop, page: Page, address: str) -> None:
    member, _ = everything(shop, 2)
    signed_in(shop, page, address, member)
    page.resize(360, 640)
    try:
        for path in ("/me", "/me/value", "/me/more", "/me/coupons", "/me/receipts"):
            page.load(address + path, "zh")
            page.evaluate("document.documentElement.style.fontSize = '200%'; 0")
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, (
                path
            )
            tall = "[...document.querySelectorAll('h1, .tabs a, .tile .value, .back')].filter(e => e.firstChild"
            broken = f"{tall} && e.textContent.trim().length <= 4 && e.getClientRects()[0].height > 130).length"
            assert page.evaluate(broken) == 0, f"{path}: a word stands on end"
            assert page.evaluate("[...document.querySelectorAll('.tabs a')].every(e => e.scrollWidth <= e.clientWidth)")
    finally:
        page.resize(390, 844)


def test_dark_reads_well_and_the_code_stays_black_on_white(shop: Shop, page: Page, address: str) -> None:
    member, _ = everything(shop, 2)
    signed_in(shop, page, address, member)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    try:
        check(page, address, ("/me", "/me/points", "/me/leave"), "en")
        page.load(f"{address}/me")
        paper = page.evaluate("getComputedStyle(document.querySelector('.paper')).backgroundColor")
        assert paper == "rgb(255, 255, 255)"
    finally:
        page.call("Emulation.setEmulatedMedia", features=[])


def test_a_thumb_signs_in(shop: Shop, page: Page, address: str) -> None:
    a_member(shop)
    page.load(f"{address}/me", "zh")
    page.evaluate("document.getElementById('phone').focus()")
    page.write(PHONE)
    entered(page)
    page.evaluate("document.getElementById('code').focus()")
    page.write(shop.code())
    entered(page)
    assert page.evaluate("location.pathname + document.querySelectorAll('.member-code').length") == "/me1"
    assert page.evaluate("document.querySelector('h1').textContent") == "您好，李**"
    assert page.errors == []


def test_whoever_joins_reads_and_ticks_in_comfort(sqlite_database: Database, tmp_path: Path, page: Page) -> None:
    shop = open_shop(sqlite_database, tmp_path, joining=True)
    with served_api(shop.app) as client:
        address = str(client.base_url)
        page.call("Network.clearBrowserCookies")
        page.load(f"{address}/me", "zh")
        for field in ("phone", "code"):
            page.evaluate(f"document.getElementById('{field}').focus()")
            page.write(PHONE if field == "phone" else shop.code())
            entered(page)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        assert page.accessibility_faults() == []
        boxes = "[...document.querySelectorAll('[type=checkbox]')].map(e => e.getBoundingClientRect().width)"
        assert min(page.evaluate(boxes)) >= 20
        page.evaluate("document.querySelector('[type=checkbox]').click()")
        page.follow("document.querySelector('main form').requestSubmit()")
        page.until("document.getElementById('code').naturalWidth > 0")
        page.load("about:blank")


def test_the_code_is_first_big_and_renews_itself(shop: Shop, page: Page, address: str) -> None:
    signed_in(shop, page, address, a_member(shop))
    page.load(f"{address}/me")
    box = "document.getElementById('code').getBoundingClientRect()"
    page.until("document.getElementById('code').naturalWidth > 0")
    assert page.evaluate(f"{box}.width") >= 300
    assert page.evaluate(f"{box}.bottom") < 844 - 56, "above the tabs without a scroll"
    before = page.evaluate("document.getElementById('code').src")
    later = (
        "Date.now = (now => () => now() + 46000)(Date.now); document.dispatchEvent(new Event('visibilitychange')); 0"
    )
    page.evaluate(later)
    page.until(f"document.getElementById('code').src !== {before!r}")
    assert not page.evaluate("document.getElementById('stale').checkVisibility()")


def test_a_code_that_cannot_be_renewed_says_so_and_goes(shop: Shop, page: Page, address: str) -> None:
    member = a_member(shop)
    signed_in(shop, page, address, member)
    page.load(f"{address}/me")
    page.until("document.getElementById('code').naturalWidth > 0")
    below = page.evaluate("document.querySelector('.number-line').getBoundingClientRect().top")
    away = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    page.call("Network.emulateNetworkConditions", offline=True, **away)
    assert not page.evaluate("document.getElementById('stale').checkVisibility()")
    page.evaluate("Date.now = (now => () => now() + 91000)(Date.now); 0")
    page.until("document.getElementById('stale').checkVisibility()")
    assert page.evaluate("document.getElementById('code').className") == "stale"
    assert page.evaluate("document.querySelector('.number-line').getBoundingClientRect().top") == below, "nothing moves"
    page.evaluate("document.dispatchEvent(new Event('visibilitychange')); 0")
    assert page.evaluate("document.getElementById('stale').hidden"), "awake again, it tries before it complains"
    page.call("Network.emulateNetworkConditions", offline=False, **away)
    page.until("document.getElementById('code').className === '' && document.getElementById('stale').hidden")
    page.errors.clear()  # a browser counts a network that is away as one


def test_a_card_that_is_gone_says_so_by_itself(shop: Shop, page: Page, address: str) -> None:
    member = a_member(shop)
    signed_in(shop, page, address, member)
    page.load(f"{address}/me")
    page.until("document.getElementById('code').naturalWidth > 0")
    with shop.database.session() as session:
        card = session.exec(select(Card).where(col(Card.member_id) == member)).one()
        card.status = "lost"
        session.add(card)
    page.follow("Date.now = (now => () => now() + 46000)(Date.now)")
    assert "no card in use" in page.evaluate("document.body.textContent"), "not: look at your network"


def test_without_a_script_the_card_still_opens(shop: Shop, page: Page, address: str) -> None:
    signed_in(shop, page, address, a_member(shop))
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        page.load(f"{address}/me")
    finally:
        page.call("Emulation.setScriptExecutionDisabled", value=False)
    assert page.evaluate("document.getElementById('code').naturalWidth") > 0
    assert "New code" in page.evaluate("document.querySelector('.number-line').textContent")


def test_what_we_show_of_our_data_is_styled_and_fetches_nothing(shop: Shop, page: Page, address: str) -> None:
    signed_in(shop, page, address, a_member(shop))
    page.load(f"{address}/me/export")
    page.evaluate("document.querySelector('button').focus()")
    entered(page)
    assert page.evaluate("document.querySelectorAll('table').length") > 2
    assert page.evaluate("document.querySelector('a').pathname") == "/me/more", "and a way back"
    assert page.evaluate("getComputedStyle(document.body).marginLeft") != "8px", "its own style is let through"
    assert page.errors == []
