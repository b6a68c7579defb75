"""Planning a promotion in a real browser, in both languages: it fits, reads well to everybody, and is live."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from fastapi import FastAPI

from cloud.database import Database
from cloud.identity.people import Role
from cloud.prices import approvals
from cloud.promotions import approving, plans
from cloud.promotions.previewing import Previewing
from cloud.web.live import Streams
from tests.cloud.boxes import served_api
from tests.cloud.console_data import CLOCK, console
from tests.cloud.promotions_data import BO, TEN_OFF, a_chain, fresh, sell
from tests.cloud.visiting import PASSWORD, make_person
from tests.factories import START_MS
from tests.provision.browser import Page, browsing, find_browser

SAVED = {"en": "Save the draft", "zh": "保存草稿"}
SENTENCE = {"en": "from 20.00 spent 3.00 off", "zh": "满 20 减 3"}
RUNS = {"en": "of 2", "zh": "共 2 单"}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def address(sqlite_database: Database, page: Page) -> Iterator[str]:
    a_chain(sqlite_database)
    sell(sqlite_database, "s1", [("1001", 4)], [("1002", 2)])
    make_person(sqlite_database, "ana", Role.ADMIN)
    app: FastAPI = console(sqlite_database)
    app.state.streams = Streams(every_s=0.1)
    with served_api(app) as client:
        yield str(client.base_url)
        page.load("about:blank")


def fill(page: Page, **values: str) -> None:
    """Type into fields by name."""
    for name, value in values.items():
        field = f"document.querySelector('[name=\"{name.replace('__', '.')}\"]')"
        page.evaluate(f"{field}.value = {value!r}, {field}.dispatchEvent(new Event('change', {{bubbles: true}})), 0")


def press_button(page: Page, form: str) -> None:
    """Send the form that goes to an address ending so, and wait for the page that answers."""
    page.follow(f"document.querySelector('form[action$=\"{form}\"]').requestSubmit()")


def sign_in(page: Page, address: str, language: str) -> None:
    page.load(f"{address}/sign-in", language)
    fill(page, name="ana", password=PASSWORD)
    press_button(page, "/sign-in")


def shown(page: Page, form: str) -> bool:
    """Whether the form that goes to an address ending so can be seen."""
    return page.evaluate(f"document.querySelector('form[action$=\"{form}\"]').checkVisibility()") is True


def check(page: Page) -> None:
    """Nothing sticks out, nothing is too small, axe has no complaint."""
    where = page.evaluate("location.pathname")
    width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert width <= 0, f"{where} sticks out by {width} px"
    assert page.accessibility_faults() == [], where


@pytest.mark.parametrize("language", ["en", "zh"])
def test_from_sign_in_to_the_tills(sqlite_database: Database, page: Page, address: str, language: str) -> None:
    page.resize(1440, 900)
    page.load(f"{address}/promotions", language)
    assert page.evaluate("location.pathname") == "/sign-in"
    check(page)
    sign_in(page, address, language)
    page.load(f"{address}/promotions/new", language)
    check(page)
    fill(page, title="Spring 春季")
    page.evaluate("document.querySelector('[value=spend_and_get]').checked = true, 0")
    press_button(page, "/promotions")
    place = page.evaluate("location.href")
    check(page)
    fill(page, steps__0__at_minor="20", steps__0__off_minor="3")
    page.until(f"document.querySelector('#says').textContent.includes('{SENTENCE[language]}')")
    assert page.evaluate("document.getElementById('unsaved').checkVisibility()") is True
    press_button(page, "/preview")  # what was typed is kept first
    assert SENTENCE[language] in page.evaluate("document.querySelector('.sentence').textContent")
    page.load(place, language)
    assert page.evaluate("document.getElementById('unsaved').checkVisibility()") is False
    assert shown(page, "/cancel-preview")
    assert not shown(page, "/preview")
    job = Previewing(sqlite_database, CLOCK, UUID(int=1))
    while job():
        pass
    page.until(f"document.querySelector('[sse-swap=preview]').textContent.includes('{RUNS[language]}')")
    page.until("!document.querySelector('[data-tried]')")
    assert shown(page, "/preview"), "without loading the page again"
    assert not shown(page, "/cancel-preview")
    check(page)
    press_button(page, "/push")
    page.load(place, language)
    page.until("document.querySelectorAll('[sse-swap=arrival] tbody tr').length === 3")
    check(page)
    page.resize(390, 844)
    for path in ("/promotions", "/promotions/calendar", "/prices/changes", place.removeprefix(address)):
        page.load(address + path, language)
        check(page)
    with sqlite_database.session() as session:
        assert plans.counts(session)["published"] == 1


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_form_says_what_is_wrong_at_its_field_and_a_second_person_reads_it(
    sqlite_database: Database, page: Page, address: str, language: str
) -> None:
    page.resize(1440, 900)
    sign_in(page, address, language)
    page.load(f"{address}/promotions/new", language)
    fill(page, title="x")
    page.evaluate("document.querySelector('[value=percent_off]').checked = true, 0")
    press_button(page, "/promotions")
    look = "getComputedStyle(document.querySelector('form[action$=\"/push\"] .button.main[disabled]')).backgroundColor"
    ground = page.evaluate(look)
    assert ground == page.evaluate("getComputedStyle(document.querySelector('.sheet')).backgroundColor"), (
        "grey on green"
    )
    fill(page, off_bp="a lot")
    press_button(page, "/save")
    field = "document.querySelector('[name=off_bp]')"
    assert page.evaluate(f"{field}.getAttribute('aria-invalid')") == "true"
    assert page.evaluate(f"{field}.value") == "a lot"
    told = page.evaluate(f"document.getElementById({field}.getAttribute('aria-describedby')).textContent")
    assert told == {"en": "A percentage, such as 20 or 12.5.", "zh": "请填百分比，如 20 或 12.5。"}[language]
    check(page)
    with sqlite_database.session() as session:
        approvals.set_second_person(session, needed=True, actor="person:ana", wall_ms=START_MS)
        theirs = plans.create(session, fresh(), "spend_and_get", "Weekend", BO)
        plans.save(session, theirs.id, BO, title="Weekend", given=TEN_OFF, targets=["all"])
        approving.send(session, theirs.id, BO, 2)
        place = f"{address}/promotions/{theirs.id}"
    page.load(place, language)
    check(page)
    page.resize(390, 844)
    page.evaluate("document.getElementById('why-return').value = 'less', 0")
    press_button(page, "/send-back")
    check(page)
    assert page.evaluate("document.querySelector('.banner.warn').textContent").count("less") == 1
    fill(page, title="Weekend 周末")
    press_button(page, "/ask")
    assert page.evaluate("document.querySelector('h1').textContent") == "Weekend 周末"
    assert page.evaluate("!document.querySelector('form[action$=\"/approve\"]')"), "who changed it wrote some of it"
