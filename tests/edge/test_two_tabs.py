"""Two real tabs on one till, in one Chromium: both show what is, and what both press is done once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.wire.events import TenderKind
from tests.edge.screens import Screens, served_screens
from tests.edge.test_pages_browser import SIZES, asked, keys, ring
from tests.edge.test_till import last_sale
from tests.edge.tills import APPLES, MILK
from tests.provision.browser import Page, browsing, find_browser

LINES = "document.querySelectorAll('.till-lines tbody tr').length === %d"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Page]]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as first:
        yield first, first.another()


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[Screens]:
    with served_screens(tmp_path, tills=2) as made:
        yield made


@pytest.fixture
def tabs(browser: tuple[Page, Page], screens: Screens) -> tuple[Page, Page]:
    for tab in browser:
        tab.load("about:blank")
        tab.resize(*SIZES["till"])
        tab.errors.clear()
        tab.load(f"{screens.address}/tills/t1?language=en")
    return browser


def test_sale_goes_from_tab_to_tab(tabs: tuple[Page, Page], screens: Screens) -> None:
    left, right = tabs
    keys(left, APPLES, "Enter")
    right.until(LINES % 1)
    keys(right, MILK, "Enter")
    left.until(LINES % 2)
    keys(left, "+")
    right.until(asked("pay"))
    keys(right, "50", "Enter")
    for tab in tabs:
        tab.until("document.querySelector('[data-change]')")
        assert tab.errors == []
    assert screens.do(_sales(screens)) == 1


def test_payment_pressed_in_both_tabs_at_once_is_one(tabs: tuple[Page, Page], screens: Screens) -> None:
    left, _ = tabs
    ring(screens, APPLES, MILK)
    keys(left, "+")
    for tab in tabs:
        tab.until(asked("pay"))
    # Both presses are on their way before either page hears of the other.
    pressed = "document.querySelector('#entry').form.requestSubmit()"
    for tab in tabs:
        tab.evaluate(f"setTimeout(() => {{ {pressed}; {pressed} }}, 150), 0")
    for tab in tabs:
        # The later press may find the change shown and put it away: what counts is that money was taken once.
        tab.until("document.querySelector('[data-change], .till-empty')")
    assert screens.do(_sales(screens)) == 1
    sale = screens.do(last_sale(screens.store))
    assert [tender.method for tender in sale.tenders] == [TenderKind.CASH]


def test_line_removed_in_one_tab_is_not_removed_again_by_the_other(tabs: tuple[Page, Page], screens: Screens) -> None:
    left, right = tabs
    ring(screens, APPLES, MILK, APPLES)
    for tab in tabs:
        tab.until(LINES % 3)
    press = "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'Delete', code: 'Delete', bubbles: true}))"
    for tab in (left, right):
        tab.evaluate(f"setTimeout(() => {press}, 150), 0")
    for tab in tabs:
        tab.until(LINES % 2)
    told = [tab.evaluate("document.querySelector('[data-part=banner]').textContent.trim()") for tab in tabs]
    view = screens.do(screens.counters["t1"].till.view())
    assert view is not None
    assert len(view.priced.lines) == 2, told


def test_tab_of_another_till_hears_nothing_of_it(tabs: tuple[Page, Page], screens: Screens) -> None:
    left, right = tabs
    right.load(f"{screens.address}/tills/t2?language=en")
    keys(left, APPLES, "Enter")
    left.until(LINES % 1)
    assert right.evaluate("!!document.querySelector('.till-empty')")
    keys(right, MILK, "Enter")
    right.until("document.querySelector('.last .name')?.textContent.includes('Milk')")
    assert left.evaluate(LINES % 1)


async def _sales(screens: Screens) -> int:
    rows = await screens.store.database.read(
        lambda db: db.execute("SELECT count(*) FROM event WHERE kind = 'sale'").fetchone()
    )
    return int(rows[0])
