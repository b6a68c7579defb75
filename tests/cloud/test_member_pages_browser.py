"""The pages of members in a browser: they fit a desk and a phone, in both languages, and everybody can read them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from types import SimpleNamespace
from typing import cast

import pytest

from cloud.api.services import Services
from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.identity.people import Role
from cloud.member_import import importing
from cloud.member_import.loading import Loader
from cloud.members import duplicates, watching
from tests.cloud.apps import console_of
from tests.cloud.boxes import served_api
from tests.cloud.members_data import CARD, OTHER_CARD, join, mint, open_chain, shown, take, vault
from tests.cloud.test_member_opening import HEADER
from tests.cloud.visiting import PASSWORD, make_person
from tests.factories import START_MS, DrivenMachineClock, make_sale
from tests.provision.browser import Page, browsing, find_browser

SIZES = {"desk": (1440, 900), "phone": (390, 844)}
CUT_OFF = """
  [...document.querySelectorAll('.scrolls > table')]
    .filter((one) => one.offsetWidth > one.parentElement.clientWidth + 1).map((one) => one.textContent.slice(0, 40))
"""
SIGN_IN = f"""
  document.querySelector('[name=name]').value = 'ana';
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


def fill(database: Database) -> list[str]:
    """Make members of every kind; return the pages' paths."""
    open_chain(database)
    fields = {
        "name": "欧阳娜娜",
        "phone": "13800138000",
        "birthday": "1990-05-17",
        "interests": "baby,pets",
        "gender": "女",
    }
    li = join(database, [CARD], fields=fields, home_store="s001", consents={"sms": "2026-01"}, campaign="opening week")
    join(database, [OTHER_CARD], fields={"name": "Maximiliana Oberhuber-Wurzelbacher", "phone": "13800138000"})
    assert not take(database, [make_sale([("1001", 3)], number=n, member=shown(CARD)) for n in range(1, 9)])
    with database.session() as session:
        duplicates.scan(session, START_MS)
        watching.look(session, date(2026, 1, 1), START_MS)
    text = HEADER + "r1,Ann,13900139000,s001,,silver,,300@2026-12-31;200,10000,500\nr2,Bob,13900139001,,,,40,,,\n"
    loader = Loader(database, importing.Importer(vault(), mint, START_MS, open_commit), "cli:root")
    opening = loader.load(text.encode(), "会员期初-members-of-the-old-system.csv").opening
    make_person(database, "ana", Role.ADMIN)
    return ["/members", f"/members/{li}", "/members/duplicates", "/members/reviews", "/members/rules",
            "/members/openings", f"/members/openings/{opening}"]  # fmt: skip


def test_they_fit_and_everybody_can_read_them(sqlite_database: Database, page: Page) -> None:
    clocks = SimpleNamespace(machine=DrivenMachineClock(START_MS), business=SimpleNamespace(now_ms=lambda: START_MS))
    services = cast("Services", SimpleNamespace(database=sqlite_database, clocks=clocks, vault=vault()))
    app = console_of(services)
    paths = fill(sqlite_database)
    with served_api(app) as client:
        page.load(f"{client.base_url}/sign-in?then=/members")
        page.follow(SIGN_IN)
        for path in paths:
            for language in ("en", "zh"):
                for name, (width, height) in SIZES.items():
                    page.resize(width, height)
                    page.load(f"{client.base_url}{path}", language)
                    assert page.evaluate("document.querySelector('.signed') !== null"), "signed in"
                    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    assert wide <= 0, f"{path} {language} {name}: {wide} px too wide"
                    cut = page.evaluate(CUT_OFF) if name == "phone" else []
                    assert cut == [], f"{path} {language}: tables to be pushed sideways"
                    assert page.accessibility_faults() == [], f"{path} {language} {name}"
        page.load("about:blank")
