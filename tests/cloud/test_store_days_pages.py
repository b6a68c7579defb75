"""The pages of store days: cash that differs, Z reports made anew, drawers opened by hand, and who approved what."""

from __future__ import annotations

import csv
import re
from datetime import date
from io import BytesIO, StringIO
from uuid import UUID

import msgspec
import pytest
from fastapi import FastAPI
from openpyxl import load_workbook

from cloud.database import Database
from cloud.org.models import Store
from cloud.store_days import policies, words
from cloud.store_days.summary import cashiers, day_row
from shared.wire.drawer_events import DrawerOpened, DrawerReason
from shared.wire.event_base import TenderKind
from shared.wire.events import Event
from shared.wire.policies import Reason, TillPolicies
from shared.wire.till_events import (
    Adjustment,
    AdjustmentKind,
    BasketVoided,
    CashMove,
    CashMoved,
    ReceiptReprinted,
    ShiftClosed,
    ShiftOpened,
    ShiftTotals,
    TenderTotal,
)
from tests.cloud.calling import call
from tests.cloud.console_data import console
from tests.cloud.ingesting import Outbox, open_store, take_in
from tests.factories import START_MS, make_event, make_return, make_sale, new_id

DAY = date(2026, 1, 1)
PLACE = f"/stores/s001/days/{DAY}"


def test_every_kind_of_decision_has_words() -> None:
    assert set(words.ADJUSTED) == set(AdjustmentKind)


def a_day(shift: UUID) -> list[Event]:
    """A shift 5.00 short after a sale that came late, another still open, and what cashiers did besides."""
    close = {"shift": shift, "opened_ms": START_MS, "closed_ms": START_MS + 3_600_000, "closed_by": "anna"}
    cash = [
        TenderTotal(method=TenderKind.CASH, count=2, taken_minor=900),
        TenderTotal(method=TenderKind.BANK_CARD, count=3, taken_minor=500, unreferenced=2),
    ]
    changed = msgspec.structs.replace(
        make_sale(number=7),
        adjustments=[
            Adjustment(kind=AdjustmentKind.PRICE_OVERRIDE, minor=300, line=1, reason="dented", by="c1",
                       approved_by="sue")
        ],
    )  # fmt: skip
    return [
        make_event(ShiftOpened, id=shift, shift=shift, float_minor=30_000, currency="CNY"),
        make_event(ShiftOpened, id=(other := new_id()), shift=other, till="t2", float_minor=0, currency="CNY"),
        changed,
        make_event(CashMoved, move=CashMove.DROP, minor=5_000, reason="safe", approved_by="sue"),
        make_event(CashMoved, move=CashMove.NO_SALE, reason="change", note="coins"),
        make_event(
            ShiftClosed, version=1, counted_minor=25_000,
            totals=ShiftTotals(sales=1, sales_minor=500, float_minor=30_000, cash_expected_minor=25_000), **close,
        ),
        make_event(
            ShiftClosed, version=2, counted_minor=25_000, because=new_id(),
            totals=ShiftTotals(
                sales=2, sales_minor=900, float_minor=30_000, cash_expected_minor=25_500, tenders=cash, missing=1
            ),
            **close,
        ),
        make_event(DrawerOpened, reason=DrawerReason.BY_HAND),
        make_event(DrawerOpened, reason=DrawerReason.TEST),
        make_event(BasketVoided, basket=new_id(), lines=2, total_minor=700, reason="left", approved_by="sue"),
        make_event(ReceiptReprinted, original=new_id(), copy=1),
    ]  # fmt: skip


@pytest.fixture
def shift(database: Database) -> UUID:
    open_store(database)
    found = new_id()
    refused = take_in(database, Outbox().add(*a_day(found)).batch())
    assert refused
    with database.session() as session:
        reason = Reason(code="dented", words={"en": "Dented tin", "zh": "罐身变形"})
        content = msgspec.json.encode(TillPolicies(override_reasons=[reason]))
        policies.set_policies(session, content, store="s001", actor="test", now_ms=0)
    return found


def get(app: FastAPI, path: str, language: str = "en") -> str:
    answer = call(app, "GET", path, headers={"Accept-Language": language})
    assert answer.status_code == 200, answer.text[:500]
    return answer.text


def test_a_day_adds_up_its_shifts_and_drawers(database: Database, shift: UUID) -> None:
    assert shift
    with database.snapshot() as session:
        row = day_row(session, session.get_one(Store, "s001"), DAY)
        people = {one.cashier: one for one in cashiers(session, "s001", DAY)}
    assert (row.shifts, row.closed, row.open_shifts, row.reissued) == (2, 1, 1, 1)
    assert (row.difference_minor, row.off, row.no_sales, row.by_hand) == (-500, 1, 1, 1)
    assert (row.sales, row.total_minor) == (1, 2_299)
    me = people["c1"]
    assert (me.sales, me.overrides, me.overrides_minor, me.no_sales) == (1, 1, 300, 1)
    assert (me.by_hand, me.copies, me.baskets_given_up) == (1, 1, 1)
    assert me.approvals == {"sue": 2}
    assert people["sue"].approved == 2


def test_the_chains_days_say_first_where_cash_differs(database: Database, shift: UUID) -> None:
    assert shift
    app = console(database)
    page = get(app, "/days")
    assert f"{DAY}: cash differs in 1 shift." in page
    assert "1 drawer was opened by hand that day" in page
    assert f'href="{PLACE}"' in page
    assert "-5.00" in page
    assert PLACE not in get(app, "/days?from=2026-01-02")
    assert PLACE not in get(app, "/days?store=s002")
    assert PLACE in get(app, "/days?store=s001&to=2026-01-01")


def test_a_store_day_shows_every_exception_with_its_reason(database: Database, shift: UUID) -> None:
    app = console(database)
    page = get(app, PLACE)
    assert "s001, 2026-01-01: cash differs by -5.00 CNY in 1 shift." in page
    for fact in ("re-issued: version 2", "still open", "drawer opened without a sale", "coins", "cash to the safe",
                 "by hand: nobody ordered it", "Dented tin", "sue 2", f"/shifts/{shift}"):  # fmt: skip
        assert fact in page, fact
    assert "罐身变形" in get(app, PLACE, "zh")
    assert get(app, "/stores/s001/days/2026-01-05").count("<h1>") == 1
    assert call(app, "GET", "/stores/none/days/2026-01-05").status_code == 404
    assert call(app, "GET", "/stores/s001/days/never").status_code == 404


def test_a_shift_keeps_every_version_of_its_z_report(database: Database, shift: UUID) -> None:
    page = get(console(database), f"/shifts/{shift}")
    assert "5.00 CNY are missing in the drawer." in page
    assert "The Z report was re-issued: version 2 counts." in page
    assert "2 without a slip number" in page
    assert page.index("Z report, version 2") < page.index("Z report, version 1")
    assert "Cash that should be there: 250.00 → <strong>255.00</strong>" in page
    assert "Sales: 5.00 → <strong>9.00</strong>" in page
    assert "Receipts not in these figures" in page
    assert call(console(database), "GET", f"/shifts/{new_id()}").status_code == 404


def test_an_open_shift_shows_what_came_so_far(database: Database) -> None:
    open_store(database)
    shift = new_id()
    opened = make_event(ShiftOpened, id=shift, shift=shift, float_minor=100, currency="CNY")
    sale = make_sale(number=3)
    elsewhere = make_sale(number=1, series="t2-1", till="t2")
    assert take_in(database, Outbox().add(opened, sale, elsewhere, make_return(sale, [(1, 1)], number=4)).batch())
    page = get(console(database), f"/shifts/{shift}")
    assert "This shift is still open." in page
    assert re.search(r"22\.99</dd>\s*<dd[^>]*>1 sale<", page), "the other till's sale is not this shift's"
    assert re.search(r"</dd>\s*<dd[^>]*>1 return<", page)
    assert re.search(r'cash <span class="amount">22\.99', page)


def test_every_table_of_a_day_is_had_as_a_file(database: Database, shift: UUID) -> None:
    assert shift
    app = console(database)
    rows = {}
    for name in ("shifts", "cashiers", "came-back", "cash", "drawers", "overrides"):
        content = call(app, "GET", f"{PLACE}?export=csv&table={name}").content.decode("utf-8-sig")
        rows[name] = list(csv.reader(StringIO(content)))
    assert {name: len(found) - 1 for name, found in rows.items()} == {
        "shifts": 2, "cashiers": 2, "came-back": 0, "cash": 2, "drawers": 2, "overrides": 1}  # fmt: skip
    assert rows["overrides"][1][2:5] == ["price changed by hand", "3.00", "Dented tin"]
    book = load_workbook(BytesIO(call(app, "GET", "/days?export=xlsx&table=store-days").content))
    assert [line[0] for line in book.active.iter_rows(values_only=True)] == ["Business day", "2026-01-01"]
