"""The service desk in a real browser: somebody joins and puts money on a card by keyboard alone; all can use it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.wire.events import TillKind
from tests.cloud.members_data import vault
from tests.cloud.value_desk import DeskChain
from tests.edge.desk_hq import RealHq
from tests.edge.screens import Screens, served_screens
from tests.edge.test_desk_value import RULE
from tests.edge.test_pages_browser import CONTRAST, asked, keys, show
from tests.provision import databases
from tests.provision.browser import Page, browsing, find_browser


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def screens(tmp_path: Path) -> Iterator[Screens]:
    database = databases.new_sqlite(tmp_path / "cloud.db")
    hq = RealHq(DeskChain(database, **RULE))
    with served_screens(
        tmp_path,
        build=lambda store, name: store.till(name, hq=hq, kind=TillKind.SERVICE_DESK, hq_public=vault().sealing_public),
    ) as made:
        yield made
    database.close()


def fair(page: Page, where: str) -> None:
    assert page.accessibility_faults() == [], where
    assert page.evaluate(CONTRAST) == [], where
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, where
    assert page.errors == [], where


@pytest.mark.parametrize(("language", "size"), [("zh", "till"), ("en", "phone")])
def test_somebody_joins_and_tops_up_by_keyboard_alone(page: Page, screens: Screens, language: str, size: str) -> None:
    show(page, screens, language, size=size)
    keys(page, "F12")
    page.until(asked("desk"))
    fair(page, "the desk")
    keys(page, "1", "Enter")
    page.until(asked("phone"))
    keys(page, "13800138000", "Enter")
    page.until(asked("consent"))
    fair(page, "consent")
    keys(page, "1", "Enter", "2", "Enter")
    page.until(asked("new_card"))
    keys(page, "Enter")
    page.until(asked("name"))
    keys(page, "Enter")
    page.until(asked("customer"))
    fair(page, "the customer")
    keys(page, "1", "Enter")
    page.until(asked("top_up"))
    keys(page, "100", "Enter")
    page.until(asked("value_pay"))
    fair(page, "payment")
    assert "110.00" in page.evaluate("document.querySelector('.ask').textContent")
    keys(page, "200", "Enter")
    page.until("document.querySelector('[data-change]')")
    assert page.evaluate("document.querySelector('[data-change]').textContent.trim()") == "￥100.00"
    fair(page, "paid")
