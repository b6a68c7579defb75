"""The pages of coupons and rewards in a browser: they fit, everybody reads them, forms answer while they are typed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from cloud.database import Database
from cloud.identity.people import Role
from cloud.web.live import Streams
from tests.cloud.boxes import served_api
from tests.cloud.rewards_data import Mall
from tests.cloud.visiting import PASSWORD, make_person
from tests.provision.browser import Page, browsing, find_browser

LONG = "Maximiliana-Theodora-Constantinopolitanska-Wolfeschlegelsteinhausenbergerdorff 超长名称的春季会员专享优惠券批次"
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
SIGN_IN = f"""
  document.querySelector('[name=name]').value = 'root';
  document.querySelector('[name=password]').value = '{PASSWORD}';
  document.querySelector('form[action^="/sign-in"]').requestSubmit(); true
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def mall(sqlite_database: Database) -> Mall:
    found = Mall(sqlite_database)
    make_person(sqlite_database, "root", Role.ADMIN)
    return found


@pytest.fixture
def address(mall: Mall, page: Page) -> Iterator[str]:
    app: FastAPI = mall.app
    app.state.streams = Streams(every_s=0.1)
    with served_api(app) as client:
        page.resize(*SIZES["desk"])
        page.load(f"{client.base_url}/sign-in?then=/coupons")
        page.follow(SIGN_IN)
        page.errors.clear()
        yield str(client.base_url)
        app.state.streams.close()
        page.load("about:blank")


def fill(mall: Mall) -> list[str]:
    """Make one of everything, with long names; return the pages' paths."""
    li = mall.member(5_000, segment="moms")
    mall.gift()
    mall.order("mug", li)
    mall.draw()
    for _ in range(12):
        mall.enter(li)
    mall.draw(id="june")
    mall.enter(li, draw="june")
    mall.person("ana").send("/rewards/draws/june/end", {"reason": "the prize was named wrongly"})
    refund = mall.person("ana").send("/rewards/draws/june/refund", {"reason": "wrong prize"}).headers["location"]
    mall.batch(title=LONG)
    mall.batch("codes", id="b2", title="Flyer")
    mall.give(li)
    (code, *_) = mall.give(*[None] * 60, batch="b2")
    run = mall.person("ana").send("/rewards/runs/expiry", {"today": "2026-01-01"}).headers["location"]
    mall.work()
    return [
        "/coupons", "/coupons/new", "/coupons/b1", f"/coupons/codes/{code}", "/rewards/gifts",
        "/rewards/gifts/mug", "/rewards/draws", "/rewards/draws/new", "/rewards/draws/spring", "/rewards/draws/june",
        "/rewards/runs", run, refund,
    ]  # fmt: skip


def test_they_fit_and_everybody_can_read_them(mall: Mall, address: str, page: Page) -> None:
    paths = fill(mall)
    for path in paths:
        for language, size in (("en", "phone"), ("zh", "desk"), ("zh", "phone"), ("en", "desk")):
            page.resize(*SIZES[size])
            page.load(f"{address}{path}", language)
            wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{path} {language} {size}: {wide} px too wide"
            if (language, size) in {("en", "phone"), ("zh", "desk")}:
                assert page.accessibility_faults() == [], f"{path} {language} {size}"
    assert page.errors == []


def test_a_form_says_what_it_will_be_while_it_is_typed(address: str, page: Page) -> None:
    page.load(f"{address}/coupons/new")
    page.evaluate(
        "document.getElementById('title').value = 'May'; document.getElementById('most').value = '5000';"
        "document.getElementById('promotion_other').value = 'off10';"
        "document.getElementById('ends').value = '2026-02-01';"
        "document.querySelector('[value=public]').click(); 0"
    )
    page.until("document.getElementById('says').textContent.includes('one code for everybody, good 5,000 times')")
    page.load(f"{address}/rewards/draws/new", "zh")
    page.evaluate(
        "for (const [id, value] of Object.entries({name_zh: '春日', prize_1_zh: '汽车', stock_1: 1, weight_1: 1,"
        " worth_1: 99999, nothing: 9})) document.getElementById(id).value = value;"
        "document.getElementById('nothing').dispatchEvent(new Event('change', {bubbles: true})); 0"
    )
    page.until("document.getElementById('says').textContent.includes('超过法定上限')")
    page.evaluate(
        "document.getElementById('worth_1').value = 49999;"
        "document.getElementById('worth_1').dispatchEvent(new Event('change', {bubbles: true})); 0"
    )
    page.until("document.getElementById('says').textContent.includes('1 / 10')")
    assert page.errors == []


def test_a_run_shows_by_itself_when_it_is_worked_out(mall: Mall, address: str, page: Page) -> None:
    mall.member(segment="moms")
    mall.batch()
    run = mall.person("ana").send("/coupons/b1/give", {"segment": "moms"}).headers["location"]
    page.load(f"{address}{run}")
    page.until("document.querySelector('.live .says').textContent === 'Live'")
    worked(mall, page)
    assert "1 member gets a coupon" in page.evaluate("document.body.textContent")
    page.follow("document.querySelector('form[action$=\"/start\"]').requestSubmit()")
    page.until("document.querySelector('.live .says').textContent === 'Live'")
    worked(mall, page)
    assert page.evaluate("document.querySelector('progress').value") == 1
    assert "Reverse it" in page.evaluate("document.body.textContent")


def worked(mall: Mall, page: Page) -> None:
    """Let the job work; the open page loads itself again, for its controls have changed."""
    page._events.clear()
    mall.work()
    page._wait_for("Page.loadEventFired")
