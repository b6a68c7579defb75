"""The console in a real browser: it fits, reads well to everybody, fetches nothing elsewhere, is live and honest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from fastapi import FastAPI
from sqlmodel import col, update

from cloud.database import Database
from cloud.fleet.models import Agent
from cloud.web.live import Streams
from tests.cloud.boxes import served_api, until
from tests.cloud.console_data import PARKED_SALE, a_normal_day, console, too_much
from tests.cloud.ingesting import Outbox, take_in
from tests.factories import START_MS, make_return, make_sale
from tests.provision.browser import Page, browsing, find_browser

SIZES = {"desk": (1440, 900), "phone": (390, 844)}
ALWAYS = ("/", "/stores", "/prices", "/sales", "/parked", "/gaps", "/differences", "/ledger", "/audit", "/search?q=s",
          "/devices", "/days", "/loyalty", "/loyalty/referrals", "/loyalty/leaderboard", "/coupons",
          "/rewards/gifts", "/rewards/draws", "/rewards/runs", "/members/rules", "/prices/changes",
          "/messages")  # fmt: skip
PATHS = (
    *ALWAYS,
    "/stores/s001",
    "/stores/s001/devices",
    "/stores/s001/terminals",
    "/stores/s001/days/2026-01-01",
    f"/parked/{PARKED_SALE}",
)
LIVE = "document.querySelector('.live .says').textContent"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def app(sqlite_database: Database) -> FastAPI:
    made = console(sqlite_database)
    made.state.streams = Streams(every_s=0.1)
    return made


@pytest.fixture
def served(app: FastAPI, page: Page) -> Iterator[str]:
    with served_api(app) as client:
        yield str(client.base_url)
        page.load("about:blank")


@pytest.fixture
def address(sqlite_database: Database, served: str) -> str:
    too_much(sqlite_database)
    return served


@pytest.fixture
def normal(sqlite_database: Database, served: str) -> str:
    a_normal_day(sqlite_database)
    return served


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_sales_fit_a_small_desk_and_a_phone_shows_their_till_and_total(
    page: Page, normal: str, sqlite_database: Database, language: str
) -> None:
    """1366 x 768 is what most shop offices have; a void has the longest word of all kinds, a late sale a mark."""
    undone = make_sale(number=6, till="t12", series="k3m9x2-0004", at_ms=START_MS - 5 * 3_600_000)
    void = msgspec.structs.replace(make_return(undone, number=7, series="k3m9x2-0004"), void=True)
    take_in(sqlite_database, Outbox().add(undone, void).batch())
    page.resize(1366, 768)
    page.load(normal + "/sales", language)
    table = "document.querySelector('[sse-swap=table] .scrolls')"
    assert page.evaluate(f"{table}.scrollWidth - {table}.clientWidth") <= 0, "the last column is cut off"
    page.resize(390, 844)
    page.load(normal + "/sales", language)
    seen = f"[...{table}.querySelectorAll('tbody tr:first-child td')].slice(0, 3)"
    edge = f"{table}.getBoundingClientRect().right"
    assert page.evaluate(f"{seen}.every(cell => cell.getBoundingClientRect().right <= {edge})")


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES)
def test_pages_fit_and_do_not_complain(page: Page, address: str, size: str, language: str) -> None:
    page.resize(*SIZES[size])
    page.errors.clear()
    page.requested.clear()
    for path in PATHS:
        page.load(address + path, language)
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{path} sticks out by {width} px"
        assert page.evaluate("document.documentElement.lang") == ("zh-Hans" if language == "zh" else "en")
        small = page.evaluate(
            "[...document.querySelectorAll('nav a, summary, button, .button, input, select')]"
            ".filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 44).map(e => e.outerHTML)"
        )
        assert small == [], f"{path}: too small to be touched: {small}"
    assert page.errors == []
    assert page.requested
    assert [url for url in page.requested if not url.startswith(address)] == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_table_of_today_is_cut_off_on_a_small_desk(page: Page, address: str, language: str) -> None:
    page.resize(1280, 800)
    page.load(address + "/", language)
    cut = page.evaluate(
        "[...document.querySelectorAll('main .sheet.scrolls')]"
        ".map(e => e.scrollWidth - e.clientWidth).filter(n => n > 0)"
    )
    assert cut == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing(normal: str, page: Page, language: str) -> None:
    page.resize(*SIZES["desk"])
    for path in PATHS:
        page.load(normal + path, language)
        assert page.accessibility_faults() == [], path


def test_axe_finds_nothing_where_there_is_too_much(address: str, page: Page) -> None:
    page.resize(*SIZES["phone"])
    for path in ("/", "/gaps", "/stores/s001"):
        page.load(address + path, "zh")
        assert page.accessibility_faults() == [], path


@pytest.mark.parametrize("language", ["en", "zh"])
def test_axe_finds_nothing_where_there_is_nothing_yet(served: str, page: Page, language: str) -> None:
    page.resize(*SIZES["phone"])
    for path in ALWAYS:
        page.load(served + path, language)
        assert page.accessibility_faults() == [], path


def test_keys_lead_through_the_page_in_the_order_it_is_read(page: Page, address: str) -> None:
    page.resize(*SIZES["desk"])
    page.load(f"{address}/stores/s001")
    focused = []
    for _ in range(17):
        page.press("Tab")
        focused.append(page.evaluate("document.activeElement.textContent.trim().split('\\n')[0].slice(0, 20)"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"the focus on {focused[-1]!r} cannot be seen"
    assert focused == [
        "Skip to content", "Storewire", "Search Ctrl K", "Today", "Stores", "Stores", "Devices", "Members",
        "Promotions", "Prices", "Sales", "Care", "Reports", "Settings", "Sign in", "中文", "Stores",
    ]  # fmt: skip
    assert page.evaluate("[...document.querySelectorAll('[tabindex]')].every(e => e.tabIndex <= 0)")
    page.load(f"{address}/")
    page.press("Tab")
    page.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_sale_appears_on_an_open_page_and_nothing_jumps(sqlite_database: Database, page: Page, normal: str) -> None:
    page.resize(*SIZES["desk"])
    page.load(f"{normal}/")
    page.until(f"{LIVE} === 'Live'")
    page.evaluate("new PerformanceObserver(l => window.moved = l.getEntries()).observe({type: 'layout-shift'}); 0")
    with sqlite_database.session() as session:
        session.execute(update(Agent).where(col(Agent.id) == "s001-a").values(status="draining"))
    page.until("document.querySelector('[sse-swap=stores]').textContent.includes('replaced, still sending')")
    assert page.evaluate("(window.moved ?? []).map(one => one.value).reduce((a, b) => a + b, 0)") < 0.01
    shown = page.evaluate("document.querySelectorAll('.receipt').length")
    sale = make_sale(number=1, series="t2-1", till="t2", store="s002")
    take_in(sqlite_database, Outbox("s002-a").add(sale).batch())
    page.until(f"document.querySelectorAll('.receipt').length === {shown + 1}")
    assert page.evaluate("document.querySelector('.receipt a').textContent") == "t2/t2-1-1"


def test_who_reads_is_left_alone_and_gets_it_afterwards(sqlite_database: Database, page: Page, normal: str) -> None:
    page.resize(*SIZES["desk"])
    page.load(f"{normal}/")
    page.until(f"{LIVE} === 'Live'")
    page.evaluate("document.querySelector('[sse-swap=stores] a').focus()")
    with sqlite_database.session() as session:
        session.execute(update(Agent).where(col(Agent.id) == "s001-a").values(status="draining"))
    page.until(f"{LIVE} === 'Held while you read'")
    assert "still sending" not in page.evaluate("document.querySelector('[sse-swap=stores]').textContent")
    page.evaluate("document.activeElement.blur()")
    page.until("document.querySelector('[sse-swap=stores]').textContent.includes('replaced, still sending')")
    page.until(f"{LIVE} === 'Live'")


def test_a_cut_stream_is_said_and_mended(app: FastAPI, page: Page, normal: str) -> None:
    page.resize(*SIZES["desk"])
    page.load(f"{normal}/parked", "zh")
    page.until(f"{LIVE} === '实时'")
    app.state.streams.close()
    page.until(f"{LIVE}.includes('起未更新，正在重连')")
    assert page.evaluate("document.getElementById('main').hasAttribute('data-stale')")
    app.state.streams = Streams(every_s=0.1)
    page.until(f"{LIVE} === '实时'")


def test_a_tab_that_nobody_sees_holds_no_connection(
    app: FastAPI, sqlite_database: Database, page: Page, normal: str
) -> None:
    page.resize(*SIZES["desk"])
    page.load(f"{normal}/")
    page.until(f"{LIVE} === 'Live'")
    seen = (
        "Object.defineProperty(document, 'hidden', {value: %s, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')); 0"
    )
    page.evaluate(seen % "true")
    until(lambda: app.state.streams.viewers == 0, "the stream of a hidden tab has ended")
    with sqlite_database.session() as session:
        session.execute(update(Agent).where(col(Agent.id) == "s001-a").values(status="draining"))
    page.evaluate(seen % "false")
    page.until("document.querySelector('[sse-swap=stores]').textContent.includes('replaced, still sending')")
    assert app.state.streams.viewers == 1


def test_charts_are_drawn_from_the_tables_behind_them(page: Page, normal: str) -> None:
    page.resize(*SIZES["desk"])
    page.load(f"{normal}/")
    page.until("document.querySelectorAll('.plot svg').length === 2")
    heat = page.evaluate("[...document.querySelectorAll('[data-chart=heat] svg text')].map(e => e.textContent)")
    assert heat == ["s001", "8:00", "2"]
    assert page.evaluate("document.querySelectorAll('.plot').values().every(e => e.ariaHidden === 'true')")
    assert page.evaluate("document.querySelector('[data-chart=heat] td').dataset.value") == "2"
    saved = page.evaluate(
        "new Promise(done => { URL.createObjectURL = file => { file.text().then(done); return '#'; };"
        " document.querySelector('[data-chart=heat] details').open = true;"
        " document.querySelector('[data-chart=heat] [data-saves]').click() })"
    )
    assert saved.lstrip("\ufeff").split("\r\n") == ['"Store","8:00"', '"s001",2']


def test_search_leads_to_a_receipt_by_keys_alone(page: Page, normal: str) -> None:
    page.resize(*SIZES["desk"])
    page.load(f"{normal}/ledger")
    page.press("k", control=True)
    page.until("document.getElementById('find').open")
    page.write("t1-1-5")
    page.until("document.querySelector('#found a')?.textContent.includes('t1-1-5')")
    page.press("ArrowDown")
    assert page.evaluate("document.activeElement.pathname").startswith("/sales/")
    page.press("Enter")
    page.until("location.pathname.startsWith('/sales/') && document.querySelector('h1')")
    assert "t1-1-5" in page.evaluate("document.querySelector('h1').textContent")
    assert page.accessibility_faults() == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_written_can_be_read(page: Page, normal: str, scheme: str) -> None:
    page.resize(*SIZES["desk"])
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    for path in PATHS:
        page.load(normal + path)
        assert page.evaluate(Path(__file__).with_name("contrast.js").read_text()) == [], path
    page.call("Emulation.setEmulatedMedia", features=[])
