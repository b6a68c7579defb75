"""The pages of stored value and of the ledger in a real browser: with figures, with none, and used by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import msgspec
import pytest

from cloud.database import Database
from cloud.value import card_returns, correcting, drafting, rules
from shared.value import TopUpCampaign
from tests.cloud.boxes import served_api
from tests.cloud.value_pages_data import CODE, Desk
from tests.factories import START_MS, new_id
from tests.provision.browser import Page, browsing, find_browser

ALWAYS = (
    "/value", "/value/rules", "/value/returns", "/value/corrections", "/value/settlement", "/value/debts",
    "/reviews/points", "/reviews/coupons", "/ledger", "/ledger/proofs", "/ledger/lots",
)  # fmt: skip
DRAFT = new_id()
SIZES = {"en": (1440, 900), "zh": (390, 844)}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`")
    with browsing(program, tmp_path_factory.mktemp("browser")) as made:
        yield made


@pytest.fixture
def desk(sqlite_database: Database) -> Desk:
    return Desk(sqlite_database)


@pytest.fixture
def served(desk: Desk, page: Page) -> Iterator[str]:
    with served_api(desk.app) as client:
        yield str(client.base_url)
        page.load("about:blank")


def waiting(desk: Desk) -> None:
    """Fill the desks: a card given back, a correction and a draft wait for somebody."""
    desk.a_month()
    owing = desk.owe()
    desk.prove()
    with desk.database.session() as session:
        asked = card_returns.Application(id=new_id(), purse=owing, store="s001", by="person:tom", reason="moves away")
        card_returns.apply(session, asked, now_ms=START_MS)
        wrong = correcting.Correction(
            id=new_id(), kind="purse_principal", owner=str(desk.chain.ann), unit="CNY", amount=-700, store="s001",
            reason="the till crashed while topping up; slip 17 seen", by="person:tom",
        )  # fmt: skip
        correcting.ask(session, wrong, now_ms=START_MS)
        campaign = TopUpCampaign(from_minor=1, gift_minor=1, starts=date(2026, 1, 1), ends=date(2026, 1, 31))
        rule = msgspec.structs.replace(rules.current(session), named_cap_minor=10_000, campaigns=[campaign])
        drafting.begin(session, DRAFT, rule, actor="person:mia", now_ms=START_MS)


@pytest.mark.parametrize("language", SIZES)
def test_pages_with_figures_fit_and_read_well(desk: Desk, page: Page, served: str, language: str) -> None:
    waiting(desk)
    enter(desk, page, served)
    page.resize(*SIZES[language])
    page.errors.clear()
    purse = f"/value/purses/{desk.chain.purse}"
    ones = (
        purse, f"/value/corrections?owner={desk.chain.ann}&unit=CNY", f"/value/rules/{DRAFT}", "/ledger/proofs/1",
        f"/reviews/coupons/{desk.sale}/{CODE}", "/ledger/accounts?kind=purse_principal&unit=CNY", "/ledger/seals/1",
    )  # fmt: skip
    for path in (*ALWAYS, *ones):
        page.load(served + path, language)
        if language == "en":
            assert page.accessibility_faults() == [], path
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, f"{path} sticks out by {width} px"
    assert page.errors == []


def test_pages_with_nothing_fit_and_read_well(page: Page, served: str) -> None:
    page.resize(*SIZES["zh"])
    for path in ALWAYS:
        page.load(served + path, "zh")
        assert page.accessibility_faults() == [], path


def test_a_second_person_approves_a_card_return_by_hand(desk: Desk, page: Page, served: str) -> None:
    waiting(desk)
    enter(desk, page, served)
    page.resize(*SIZES["en"])
    page.load(f"{served}/value/returns")
    page.follow("document.querySelector('button[value=approve]').click()")
    assert page.evaluate("document.querySelector('h1').textContent").startswith("The money of 1 card waits")
    page.evaluate("document.querySelector('input[name=how]').value = 'cash'; 0")
    page.follow("document.querySelector('form[action=\"/value/returns/hand\"] button').click()")
    assert page.evaluate("document.querySelector('h1').textContent") == "No card is being given back."
    desk.chain.prove()


def enter(desk: Desk, page: Page, served: str) -> None:
    """Sign in as an admin."""
    token = desk.visitor("ada").session
    page.call("Network.setCookie", name="storewire_session", value=token, url=served)
