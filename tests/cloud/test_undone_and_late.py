"""Sales undone right after payment are told from returns, and sales that came late are seen where they belong."""

from __future__ import annotations

import csv
from datetime import date
from io import StringIO

import msgspec
import pytest
from fastapi import FastAPI

from cloud.console import receipts
from cloud.database import Database
from cloud.identity import tokens
from cloud.sales.lateness import late_words
from cloud.sales.models import Sale
from cloud.store_days.summary import cashiers
from shared.money import UnitPrice
from shared.wire.events import GoodsReturned, Receipt, SaleCompleted, SaleReturned, Tender, TenderKind
from shared.wire.till_events import GoodsLine, ShiftClosed, ShiftOpened, ShiftTotals
from tests.cloud.calling import call
from tests.cloud.console_data import CLOCK, console
from tests.cloud.ingesting import Outbox, open_store, take_in
from tests.factories import START_MS, make_device_time, make_event, make_return, make_sale, new_id

DAY = date(2026, 1, 1)
HOUR_MS = 3_600_000


@pytest.fixture
def trade(sqlite_database: Database) -> dict[str, SaleCompleted | SaleReturned]:
    """Two sales: goods for 5.00 of the first came back, the second was undone, both while the same shift was open."""
    open_store(sqlite_database)
    shift, next_shift = new_id(), new_id()
    kept, undone = make_sale(number=1), make_sale([("1001", 1)], number=3)
    back = make_return(kept, [(1, 1)], number=2, at_ms=START_MS + 10)
    void = make_return(undone, number=4, at_ms=START_MS + 20)
    lines = [msgspec.structs.replace(line, reason="void") for line in void.lines]
    void = msgspec.structs.replace(void, void=True, approved_by="sue", lines=lines)
    closed = make_event(
        ShiftClosed, shift=shift, version=1, opened_ms=START_MS, closed_ms=START_MS + HOUR_MS, closed_by="anna",
        totals=ShiftTotals(sales=2, sales_minor=2_799, returns=2, returns_minor=1_000), counted_minor=0,
    )  # fmt: skip
    take_in(
        sqlite_database,
        Outbox()
        .add(
            make_event(ShiftOpened, id=shift, shift=shift, float_minor=0, currency="CNY"),
            kept, back, undone, void, closed,
            make_event(
                ShiftOpened, id=next_shift, shift=next_shift, float_minor=0, currency="CNY", at_ms=START_MS + HOUR_MS
            ),
        )
        .batch(),
    )  # fmt: skip
    return {"kept": kept, "undone": undone, "back": back, "void": void, "shift": closed, "next": next_shift}  # type: ignore[dict-item]


def get(app: FastAPI, path: str, language: str = "en") -> str:
    answer = call(app, "GET", path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


def sheet(app: FastAPI, kind: str) -> list[tuple[str, str, str]]:
    """Receipt, kind and total of the sales list under a filter, as the file has them."""
    rows = csv.DictReader(StringIO(get(app, f"/sales?export=csv&table=sales&kind={kind}").removeprefix("\ufeff")))
    return [(row["Receipt"], row["Kind"], row["Total"]) for row in rows]


def test_what_is_undone_after_payment_is_no_return(
    sqlite_database: Database, trade: dict[str, SaleCompleted | SaleReturned]
) -> None:
    app = console(sqlite_database)
    void, back = ("t1/t1-1-4", "undone after payment", "-5.00"), ("t1/t1-1-2", "return", "-5.00")
    assert sheet(app, "") == [void, back, ("t1/t1-1-3", "sale", "5.00"), ("t1/t1-1-1", "sale", "22.99")]
    assert sheet(app, "voids") == [void]
    assert sheet(app, "returns") == [back]
    day = " ".join(get(app, f"/stores/s001/days/{DAY}").split())
    assert '17.99</dd><dd class="soft small">2 sales' in day, "takings are less whatever went back"
    assert '5.00</dd><dd class="soft small">1 return<' in day
    assert '5.00</dd><dd class="soft small">1 sale<' in day
    with sqlite_database.snapshot() as session:
        people = {one.cashier: one for one in cashiers(session, "s001", DAY)}
    assert (people["c1"].returns, people["c1"].undone, people["sue"].approved) == (1, 1, 1)
    assert "5.00 of it was 1 sale undone after payment." in get(app, "/sales")
    assert "结账后撤销" in get(app, "/sales", "zh")
    assert ">undone after payment<" in get(app, f"/sales/{trade['undone'].id}")
    assert ">undone after payment<" not in get(app, f"/sales/{trade['kept'].id}")
    found = call(app, "GET", "/search?q=t1-1-4", headers={"HX-Request": "true", "Accept-Language": "en"}).text
    assert "undone after payment" in found


def test_a_stores_day_lists_what_came_back_with_or_without_a_receipt(
    sqlite_database: Database, trade: dict[str, SaleCompleted | SaleReturned]
) -> None:
    line = GoodsLine(n=1, item="1001", quantity=2, price=UnitPrice(450), refund_minor=900, reason="rotten")
    without = make_event(
        GoodsReturned, receipt=Receipt(series="t1-1", number=5, previous=bytes(9)), lines=[line], currency="CNY",
        tenders=[Tender(method=TenderKind.CASH, minor=900)], total_minor=900, book_version=1, approved_by="max",
        at_ms=START_MS + 30,
    )  # fmt: skip
    take_in(sqlite_database, Outbox().add(without).batch())
    app = console(sqlite_database)
    place = f"/stores/s001/days/{DAY}"
    text = get(app, f"{place}?export=csv&table=came-back").removeprefix("\ufeff")
    rows = [
        (one["Receipt"], one["Kind"], one["Paid back"], one["Reason"], one["Approved by"])
        for one in csv.DictReader(StringIO(text))
    ]
    assert rows == [
        ("t1/t1-1-2", "return", "5.00", "changed_mind", "c9"),
        ("t1/t1-1-4", "undone after payment", "5.00", "", "sue"),
        ("t1/t1-1-5", "return without receipt", "9.00", "rotten", "max"),
    ]
    assert f'href="/sales/{trade["undone"].id}"' in get(app, place)


def test_a_shift_says_how_much_of_its_returns_was_undone(
    sqlite_database: Database, trade: dict[str, SaleCompleted | SaleReturned]
) -> None:
    app = console(sqlite_database)
    page = get(app, f"/shifts/{trade['shift'].shift}")
    assert "<dt>Returns</dt><dd>10.00 (2)</dd>" in page, "as the till's Z report says"
    assert "<dt>of them undone after payment</dt><dd>5.00 (1)</dd>" in page
    assert "undone after payment" not in get(app, f"/shifts/{trade['next']}")


def test_the_api_has_them_apart(sqlite_database: Database, trade: dict[str, SaleCompleted | SaleReturned]) -> None:
    assert trade
    with sqlite_database.session() as session:
        token = tokens.create(
            session, name="office", scopes=["sales:read"], days=1, actor="test", now_ms=CLOCK.wall_ms()
        )
    app = console(sqlite_database)
    found = call(app, "GET", f"/api/v1/stores/s001/days/{DAY}", token=token).json()
    assert (found["returns"], found["refund_minor"], found["voids"], found["void_minor"]) == (1, 500, 1, 500)
    assert found["takings_minor"] == found["total_minor"] - 1_000 == 1_799
    assert call(app, "GET", "/api/v1/stores/s001/days/2026-02-01", token=token).json()["sales"] == 0
    assert call(app, "GET", f"/api/v1/stores/none/days/{DAY}", token=token).status_code == 404


def test_the_newest_sale_is_the_one_made_last_and_a_late_one_says_so(sqlite_database: Database) -> None:
    """Seven sales of the last minutes, and one of five hours ago that a store without network sends after them."""
    open_store(sqlite_database)
    open_store(sqlite_database, "s002", ["s002-a"])
    live = [make_sale(number=n, at_ms=START_MS - n * 60_000) for n in range(1, 8)]
    old = make_sale(number=1, store="s002", at_ms=START_MS - 5 * HOUR_MS)
    take_in(sqlite_database, Outbox().add(*live).batch())
    take_in(sqlite_database, Outbox("s002-a").add(old).batch())
    with sqlite_database.snapshot() as session:
        newest = receipts.newest_sales(session)
    assert [one.sale.id for one in newest.sales] == [sale.id for sale in live[: receipts.NEWEST]]
    assert not any(one.late_ms for one in newest.sales), "some minutes are nothing"
    assert [(one.sale.id, one.late_ms) for one in newest.late] == [(old.id, 5 * HOUR_MS)]
    app = console(sqlite_database)
    today = get(app, "/")
    assert "1 sale has just come late" in today
    assert f'href="/sales/{old.id}"' in today
    for page in (today, get(app, "/sales"), get(app, f"/sales/{old.id}")):
        assert '<span class="state warn">5 h late</span>' in page
    assert "迟到 5 小时" in get(app, "/sales", "zh")


def test_a_late_sale_among_the_newest_is_marked_there(sqlite_database: Database) -> None:
    open_store(sqlite_database)
    sale = msgspec.structs.replace(make_sale(), device=make_device_time(START_MS - 3 * HOUR_MS))
    take_in(sqlite_database, Outbox().add(sale).batch())
    with sqlite_database.snapshot() as session:
        newest = receipts.newest_sales(session)
        assert session.get_one(Sale, sale.id).at_ms == START_MS
    assert [one.late_ms for one in newest.sales] == [3 * HOUR_MS]
    assert newest.late == []


@pytest.mark.parametrize(
    ("late_ms", "text"),
    [
        (0, None),
        (11 * 60_000, "{minutes} min late"),
        (2 * HOUR_MS, "{hours} h late"),
        (72 * HOUR_MS, "{days} days late"),
        (20_000 * 24 * HOUR_MS, "late"),  # a board without a battery starts in 1970
    ],
)
def test_lateness_in_words(late_ms: int, text: str | None) -> None:
    found = late_words(late_ms)
    assert (found.text if found else None) == text
