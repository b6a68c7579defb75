"""Letting somebody in, binding a device and taking members over in a real browser: they fit, read well, and work."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

from cloud.database import Database
from cloud.identity.people import Role
from cloud.member_import.working import Uploading
from cloud.org.models import Till
from cloud.web.live import Streams
from tests.cloud.boxes import served_api
from tests.cloud.members_data import mint, vault
from tests.cloud.test_devices_pages import PLACE, PRINTER, SCANNER, bind, hear, report
from tests.cloud.test_member_opening import FILE
from tests.cloud.test_opening_pages import desk
from tests.cloud.test_promotions_browser import check, fill, press_button
from tests.cloud.visiting import PASSWORD, make_person
from tests.factories import START_MS, DrivenMachineClock
from tests.provision.browser import Page, browsing, find_browser

SIZES = ((1440, 900), (390, 844))


def look(page: Page, address: str, *paths: str) -> None:
    """Look at pages in both languages and sizes."""
    for language in ("en", "zh"):
        for size in SIZES:
            page.resize(*size)
            for path in paths:
                page.load(address + path, language)
                assert page.evaluate("location.pathname") == path.split("?")[0]
                check(page)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def clock() -> DrivenMachineClock:
    return DrivenMachineClock(START_MS)


@pytest.fixture
def address(sqlite_database: Database, clock: DrivenMachineClock, page: Page) -> Iterator[str]:
    app = desk(sqlite_database, clock)
    make_person(sqlite_database, "boss", Role.ADMIN)
    app.state.streams = Streams(every_s=0.1)
    with sqlite_database.session() as session:
        for number in (1, 2):
            session.add(Till(store_id="s001", id=f"t{number}", number=number))
    with served_api(app) as client:
        url = str(client.base_url)
        page.resize(*SIZES[0])
        page.load(f"{url}/sign-in")
        fill(page, name="boss", password=PASSWORD)
        press_button(page, "/sign-in")
        yield url
        page.load("about:blank")


def test_somebody_is_let_in(page: Page, address: str) -> None:
    page.load(f"{address}/people")
    fill(page, name="zoe", reason="joins")
    page.evaluate("document.querySelector('input[value=support]').checked = true; 0")
    page.follow("document.querySelector('form[method=post][action=\"/people\"]').requestSubmit()")
    assert "shown this once" in page.evaluate("document.querySelector('[role=status]').textContent")
    check(page)
    look(page, address, "/people", "/people/zoe", "/people/boss", "/account")


def test_devices_are_seen_and_bound(page: Page, address: str, sqlite_database: Database) -> None:
    bind(sqlite_database, SCANNER, PRINTER)
    bind(sqlite_database, msgspec.structs.replace(SCANNER, address="usb:2-1"), till="t2")
    hear(sqlite_database, report(SCANNER), report(PRINTER, "error", code="paper_end", reason="out of paper"))
    look(page, address, "/devices", "/stores/s001/devices", "/stores/s001/devices/t1/printer", f"{PLACE}?add=usb:1-3")
    page.resize(*SIZES[0])
    page.load(f"{address}{PLACE}?add=usb:1-3")
    fill(page, reason="second scanner")
    page.follow("document.querySelector('[value=send]').click()")
    assert "1 device is on its way" in page.evaluate("document.querySelector('h1').textContent")
    check(page)


def test_members_are_taken_over(page: Page, address: str, sqlite_database: Database, clock: DrivenMachineClock) -> None:
    page.load(f"{address}/members/openings")
    check(page)
    fill(page, reason="old system ends")
    page.evaluate(
        f"const all = new DataTransfer(); all.items.add(new File([{FILE!r}], 'base.csv'));"
        " document.querySelector('[type=file]').files = all.files; 0"
    )
    press_button(page, "/uploads")
    page.until("document.querySelector('.live .says').textContent === 'Live'")
    assert Uploading(sqlite_database, vault(), clock, mint)()
    page.until("document.querySelector('h1').textContent.startsWith('3 rows are good')")
    check(page)
    page.follow("document.querySelector('.goes-on a').click()")
    page.until("document.querySelector('.live .says').textContent === 'Live'")
    assert page.evaluate("document.querySelector('form[action$=\"/load\"]') !== null")
    assert not page.evaluate("document.querySelector('.goes-on')?.checkVisibility() ?? false")
    look(page, address, page.evaluate("location.pathname"), "/members/openings")
