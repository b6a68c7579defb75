"""The till's page in a real browser: it lives, fits, takes keys, and says when it is cut off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.till.results import LineAdded
from tests.edge.screens import Screens, served_screens
from tests.edge.tills import APPLES, CARD, MILK
from tests.provision.browser import Page, browsing, find_browser

SIZES = {"till": (1366, 768), "phone": (390, 844)}
_APPEARS = (
    "new Promise((done, failed) => { const ends = Date.now() + 8000; const look = () => { const found = %s;"
    " if (found) done(found); else if (Date.now() > ends) failed(new Error('waited in vain'));"
    " else requestAnimationFrame(look); }; look(); })"
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[Screens]:
    with served_screens(tmp_path) as made:
        yield made


def ring(screens: Screens, *codes: str) -> None:
    for code in codes:
        assert isinstance(screens.do(screens.counters["t1"].till.scan(code)), LineAdded)


def appears(page: Page, expression: str) -> object:
    return page.evaluate(_APPEARS % expression)


def test_scan_is_on_the_page_without_a_touch_and_without_focus(page: Page, screens: Screens) -> None:
    page.resize(*SIZES["till"])
    page.errors.clear()
    page.load(f"{screens.address}/tills/t1?language=en")
    page.evaluate("document.activeElement.blur()")
    ring(screens, APPLES)
    assert appears(page, "document.querySelector('.last .name')?.textContent.trim()") == "Apples"
    ring(screens, MILK)
    appears(page, "document.querySelector('.last .name')?.textContent.includes('Milk')")
    assert page.evaluate("document.querySelector('.due').textContent.trim()") == "￥17.99"
    assert page.errors == []


def test_code_is_typed_and_a_refusal_leaves_the_next_one_free(page: Page, screens: Screens) -> None:
    page.resize(*SIZES["till"])
    page.load(f"{screens.address}/tills/t1?language=zh", "zh")
    for text in ("6901234567893", APPLES):
        page.evaluate(f"document.querySelector('#entry').value = '{text}'")
        page.press("Enter")
        if text != APPLES:
            appears(page, "document.querySelector('[data-refused=check_digit]')")
    assert appears(page, "document.querySelector('.last .name')?.textContent.trim()") == "苹果"
    appears(page, "!document.querySelector('[data-refused]')")
    assert page.evaluate("document.activeElement.id") == "entry"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("size", SIZES)
def test_page_fits_and_can_be_touched(page: Page, screens: Screens, size: str, language: str) -> None:
    ring(screens, *[APPLES, MILK] * 20)
    screens.do(screens.counters["t1"].till.attach_card(CARD))
    page.resize(*SIZES[size])
    page.requested.clear()
    page.load(f"{screens.address}/tills/t1?language={language}", language)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.evaluate("document.querySelector('#entry').getBoundingClientRect().height") >= 56
    if size == "till":
        seen = page.evaluate("document.querySelector('.last').getBoundingClientRect().bottom")
        entry = page.evaluate("document.querySelector('#entry').getBoundingClientRect().top")
        assert seen <= entry, "the line just scanned is out of sight"
        assert page.evaluate("parseFloat(getComputedStyle(document.querySelector('.due')).fontSize)") >= 72
    assert [url for url in page.requested if not url.startswith(screens.address)] == []


def test_page_says_when_it_is_cut_off(page: Page, tmp_path: Path) -> None:
    page.resize(*SIZES["till"])
    with served_screens(tmp_path) as screens:
        page.load(f"{screens.address}/tills/t1?language=en")
        assert page.evaluate("document.querySelector('[data-cut]').hidden") is True
    appears(page, "!document.querySelector('[data-cut]').hidden")
