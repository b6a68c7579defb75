"""What the console's pages say of sales and returns: one meaning of a word on every page, and each slip findable."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from cloud.database import Database
from cloud.database.commits import IngestCommit
from cloud.database.rowset import table_of
from cloud.members.resolving import CARD_UNREADABLE, MEMBER_CLOSED, UNKNOWN_MEMBER
from cloud.org.models import Till
from cloud.sales.models import Sale
from cloud.web.said import SHOWN_CARD
from cloud.web.speaking import speech
from shared.web.words import LANGUAGES, Language
from tests.cloud.calling import call
from tests.cloud.console_data import a_normal_day, console
from tests.cloud.ingesting import Outbox, add_agent, open_store, take_in
from tests.factories import START_MS, make_sale


def get(database: Database, path: str, language: str = "en") -> str:
    answer = call(console(database), "GET", path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


@pytest.mark.parametrize("path", ["/", "/stores", "/days"])
def test_takings_are_sales_less_returns_on_every_page(sqlite_database: Database, path: str) -> None:
    a_normal_day(sqlite_database)  # two sales of 22.99, one of them came back
    page = get(sqlite_database, path)
    assert "akings" in page
    assert re.search(r"\b22\.99\b", page)
    assert "45.98" not in page


def test_the_sales_page_tells_sales_from_takings(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    page = get(sqlite_database, "/sales")
    assert "2 sales for 45.98 CNY on 2026-01-01" in page
    assert "22.99 CNY came back: takings are 22.99." in page
    assert "退货 22.99 CNY" in get(sqlite_database, "/sales", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("problem", sorted({CARD_UNREADABLE, MEMBER_CLOSED, UNKNOWN_MEMBER}))
def test_why_a_shown_card_leads_to_nobody_is_said_in_words(
    sqlite_database: Database, problem: str, language: Language
) -> None:
    a_normal_day(sqlite_database)
    with sqlite_database.session() as session:
        session.execute(update(Sale).values(member_tier="", member_problem=problem))
        sale = session.exec(select(col(Sale.id))).first()
    page = get(sqlite_database, f"/sales/{sale}", language)
    assert problem not in page
    assert speech(language).t(SHOWN_CARD[problem]) in page


def receipts_of(page: str) -> list[str]:
    return re.findall(r">t1/(t\d-1-\d+)</a>", page.split("<tbody>")[1])


def test_returns_stand_among_the_sales_with_a_minus(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    assert receipts_of(get(sqlite_database, "/sales")) == ["t1-1-2", "t1-1-5", "t1-1-1"]
    assert receipts_of(get(sqlite_database, "/sales?kind=sales")) == ["t1-1-5", "t1-1-1"]
    returns = get(sqlite_database, "/sales?kind=returns")
    assert receipts_of(returns) == ["t1-1-2"]
    assert "-22.99" in returns
    assert "1 to 1 of 1" in returns
    assert receipts_of(get(sqlite_database, "/sales?day=2026-01-01&store=s001&kind=nonsense"))[0] == "t1-1-2"
    assert "Nothing fits this filter." in get(sqlite_database, "/sales?day=2026-01-02")
    for asked, answer in (
        ("store=s001", "s001: 2 sales for 45.98 CNY."),
        ("store=S001&day=2026-01-01", "s001, 2026-01-01: 2 sales for 45.98 CNY."),
        ("day=2026-01-02", "2026-01-02: 0 sales for 0.00 CNY."),
        ("store=s002", "s002: 0 sales for 0.00 CNY."),
        ("store=nowhere", "There is no store nowhere."),
    ):
        assert f"<h1>{answer}</h1>" in get(sqlite_database, f"/sales?{asked}"), "the answer is to what was asked"


def test_sales_stand_by_the_time_they_were_sold_however_late_they_came(sqlite_database: Database) -> None:
    open_store(sqlite_database)
    times = {1: 5, 2: 0, 3: 9, 4: 2}  # a till that was offline sends its afternoon after another's evening
    outbox = Outbox().add(*(make_sale(number=number, at_ms=START_MS + at * 60_000) for number, at in times.items()))
    take_in(sqlite_database, outbox.batch())
    assert receipts_of(get(sqlite_database, "/sales")) == ["t1-1-3", "t1-1-1", "t1-1-4", "t1-1-2"]
    assert receipts_of(get(sqlite_database, "/sales?sort=at")) == ["t1-1-2", "t1-1-4", "t1-1-1", "t1-1-3"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1/5", ["t1/t1-1-5"]),
        ("t2/5", ["t2/t1-1-5"]),
        ("t1/t1-1-5", ["t1/t1-1-5"]),
        ("2/t1-1-000005", ["t2/t1-1-5"]),
        ("Till 2 T1-1-000005", ["t2/t1-1-5"]),
        ("收银台 2 t1-1-000005", ["t2/t1-1-5"]),
        ("t1-1-5", ["t1/t1-1-5", "t2/t1-1-5"]),
        ("t1/2", ["t1/t1-1-2"]),  # a return
        ("3/5", []),
        ("5", []),
    ],
)
def test_a_receipt_is_found_by_its_till_and_number(sqlite_database: Database, text: str, found: list[str]) -> None:
    a_normal_day(sqlite_database)
    with sqlite_database.session() as session:
        session.add(Till(store_id="s001", id="t2", number=2))
        add_agent(session, "s001-b", "s001")
    other = Outbox("s001-b").add(make_sale(number=5, till="t2"))
    take_in(sqlite_database, other.batch())
    assert re.findall(r"<span>(t\d/[^<]+)</span>", get(sqlite_database, f"/search?q={quote(text)}")) == found


def test_a_found_return_leads_to_its_sale(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    page = get(sqlite_database, "/search?q=t1-1-2")
    assert re.search(r'href="/sales/[0-9a-f-]{36}"><span>t1/t1-1-2</span> <span class="soft small">return', page)


def test_today_says_how_far_the_price_audit_is_behind(sqlite_database: Database) -> None:
    a_normal_day(sqlite_database)
    app = console(sqlite_database)
    for late_ms, said in ((59_999, False), (3_600_000, True)):
        with sqlite_database.session() as session:
            session.execute(update(table_of(IngestCommit)).values(at_ms=START_MS - late_ms))
        for language, words in (("en", "2 not audited yet, since"), ("zh", "2 笔尚未核价，最早收到于")):
            page = call(app, "GET", "/", headers={"Accept-Language": language}).text
            assert (words in page) is said, language
