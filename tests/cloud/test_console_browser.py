"""The console in a real browser: nothing sticks out, nothing complains, nothing is fetched elsewhere, keys suffice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.database import Database
from tests.cloud.boxes import served_api
from tests.cloud.console_data import PARKED_SALE, console, too_much
from tests.provision.browser import Page, browsing, find_browser

SIZES = {"desk": (1440, 900), "phone": (390, 844)}
PATHS = ("/", "/stores/s001", "/prices", "/parked", f"/parked/{PARKED_SALE}", "/ledger")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def address(sqlite_database: Database) -> Iterator[str]:
    too_much(sqlite_database)
    with served_api(console(sqlite_database)) as client:
        yield str(client.base_url)


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
            "[...document.querySelectorAll('nav a, summary')].filter(e => e.getBoundingClientRect().height < 44)"
            ".map(e => e.textContent)"
        )
        assert small == [], f"{path}: too small to be touched: {small}"
    assert page.errors == []
    assert page.requested
    assert [url for url in page.requested if not url.startswith(address)] == []


def test_keys_lead_through_the_page_in_the_order_it_is_read(page: Page, address: str) -> None:
    page.resize(*SIZES["desk"])
    page.load(f"{address}/stores/s001")
    focused = []
    for _ in range(8):
        page.press("Tab")
        focused.append(page.evaluate("document.activeElement.textContent.trim().slice(0, 20)"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"the focus on {focused[-1]!r} cannot be seen"
    assert focused[:6] == ["Skip to content", "Today", "Prices", "Parked events", "Ledger", "中文"]
    assert focused[6] == "Today"
    assert page.evaluate("[...document.querySelectorAll('[tabindex]')].every(e => e.tabIndex <= 0)")
    page.load(f"{address}/")
    page.press("Tab")
    page.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_a_live_page_refreshes_itself_and_leaves_a_reader_alone(page: Page, address: str) -> None:
    page.resize(*SIZES["desk"])
    page.load(f"{address}/")
    refreshed = (
        "new Promise(done => { const region = document.querySelector('[data-live]');"
        " new MutationObserver(() => done(true)).observe(region, {childList: true});"
        " setTimeout(() => done(false), 8000) })"
    )
    assert page.evaluate(refreshed) is True
    page.evaluate("document.querySelector('details').open = true")
    still = refreshed.replace("8000", "3000")
    assert page.evaluate(still) is False


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_is_written_can_be_read(page: Page, address: str, scheme: str) -> None:
    page.resize(*SIZES["desk"])
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    for path in PATHS:
        page.load(address + path)
        assert page.evaluate(Path(__file__).with_name("contrast.js").read_text()) == [], path
    page.call("Emulation.setEmulatedMedia", features=[])
