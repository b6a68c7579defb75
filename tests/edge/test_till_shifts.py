"""Shifts: a close is a pure function of its events, lists what is held and unsent, and is re-issued when more comes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from edge_agent.till.asks import HeldAsked
from edge_agent.till.results import HeldNow, LineAdded, Paid, RecalledNow, Refused
from edge_agent.till.shifts import store as shift_store
from edge_agent.till.shifts.results import CashDone, Counted, HeldChoice, ShiftReport, ShiftView
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from edge_agent.till.till import Till
from shared.shift_totals import add_up
from shared.wire.events import SaleCompleted, TenderKind
from shared.wire.till_events import BasketVoided, CashMove, ShiftClosed, ShiftOpened
from tests.edge.staffing import SUE, open_to_all, reasons, staffed
from tests.edge.test_till import code_of, events, last_sale
from tests.edge.tills import APPLES, MILK, PORK, Store, opened_store
from tests.factories import make_sale

HOUR_MS = 3_600_000


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path, tills=2) as store:
        open_to_all(store, shifts="required", cash_reasons=reasons("change", "safe", "flowers"))
        yield store


@pytest.fixture
def till(store: Store) -> Till:
    return store.till()


async def sell(till: Till, *texts: str, cash: int | None = None) -> Paid:
    for text in texts:
        await till.scan(text)
    paid = await till.tender(TenderKind.CASH, cash)
    assert isinstance(paid, Paid)
    return paid


async def test_without_a_shift_nothing_is_rung_up_but_prices_are_told_and_practice_goes_on(till: Till) -> None:
    for ring in (till.scan(APPLES), till.type_in(PORK), till.ring_item("1001"), till.ring_at("1001", 100)):
        assert code_of(await ring) == "shift_needed"
    assert await till.view() is None, "nor is there a basket that nothing can be done with"
    assert not isinstance(await till.catalogue.price_check(APPLES), Refused)
    await till.people.practise(on=True)
    assert isinstance(await till.scan(APPLES), LineAdded)
    assert isinstance(await till.tender(TenderKind.CASH), Paid)


async def test_a_count_holds_until_cash_moves(till: Till) -> None:
    await till.drawer.open(10_000)
    await sell(till, APPLES)
    await till.drawer.count({10_000: 1})
    await till.scan(MILK)
    await till.tender(TenderKind.BANK_CARD, reference="slip 1")
    view = await till.drawer.view()
    assert isinstance(view, ShiftView)
    assert view.counted is not None, "a card leaves the drawer as it was counted"
    await sell(till, MILK)
    view = await till.drawer.view()
    assert isinstance(view, ShiftView)
    assert view.counted is None
    assert code_of(await till.drawer.close()) == "count_again"
    await till.drawer.count({10_000: 1, 100: 5})
    assert (await closed(till)).counted_minor == 10_500


async def closed(till: Till, held: dict[UUID, HeldChoice] | None = None) -> ShiftReport:
    report = await till.drawer.close(held)
    assert isinstance(report, ShiftReport), report
    return report


async def test_a_day_from_float_to_z_report(store: Store, till: Till) -> None:
    assert code_of(await till.scan(APPLES)) == "shift_needed"
    opened = await till.drawer.open(30_000)
    assert isinstance(opened, ShiftView)
    await till.scan(APPLES)
    assert code_of(await till.drawer.open(1)) == "shift_open"
    await till.tender(TenderKind.CASH, 1000)
    await till.scan(MILK)
    await till.tender(TenderKind.CASH, 300)
    await till.tender(TenderKind.BANK_CARD, reference="slip 1")
    assert await till.drawer.move(CashMove.DROP, 10_000, reason="safe") == CashDone(CashMove.DROP, 10_000)
    await till.drawer.move(CashMove.IN, 500, reason="change")
    await till.drawer.move(CashMove.OUT, 200, reason="flowers", note="two roses")
    await till.drawer.move(CashMove.NO_SALE, reason="change")
    assert code_of(await till.drawer.move(CashMove.OUT, 10**12, reason="safe")) == "cash_amount"
    assert code_of(await till.drawer.move(CashMove.OUT, 100, reason="because")) == "reason_needed"
    assert code_of(await till.drawer.close()) == "count_first"
    expected = 30_000 + 500 + 300 - 10_000 + 500 - 200
    counted = await till.drawer.count({10_000: 2, 1000: 1, 50: 1})
    assert isinstance(counted, Counted)
    assert counted.minor == 21_050
    report = await closed(till)
    assert (report.version, report.totals.sales, report.totals.sales_minor) == (1, 2, 1799)
    assert (report.totals.cash_expected_minor, report.difference_minor) == (expected, 21_050 - expected)
    assert [(one.method, one.taken_minor) for one in report.totals.tenders] == [("bank_card", 999), ("cash", 800)]
    assert report.totals.no_sales == 1
    assert report.unsent == len(await events(store)) - 1, "every event but the report itself still waits for HQ"
    kinds = [type(one) for one in await events(store)]
    assert kinds.count(ShiftOpened) == kinds.count(ShiftClosed) == 1
    assert code_of(await till.drawer.close()) == "shift_needed"
    assert [one.shift for one in await till.drawer.past()] == [report.shift]


@pytest.mark.parametrize("move", [CashMove.OUT, CashMove.DROP])
async def test_trying_amounts_does_not_tell_what_should_be_in_the_drawer(till: Till, move: CashMove) -> None:
    await till.drawer.open(1000)
    for minor in (999, 1, 5000):
        assert await till.drawer.move(move, minor, reason="safe") == CashDone(move, minor)
    await till.drawer.count({100: 3})
    report = await closed(till)
    assert (report.totals.cash_expected_minor, report.difference_minor) == (-5000, 5300)


async def test_closing_asks_of_each_held_basket_what_becomes_of_it(store: Store, till: Till) -> None:
    await till.drawer.open(0)
    held = []
    for text in (APPLES, MILK):
        await till.scan(text)
        answer = await till.hold()
        assert isinstance(answer, HeldNow)
        held.append(answer.basket)
    other = store.till("t2")
    await other.drawer.open(0)
    await other.scan(PORK)
    await other.hold("of another till")
    await till.drawer.count({})
    asked = await till.drawer.close()
    assert isinstance(asked, Refused)
    assert asked.asks == HeldAsked(tuple(held))
    report = await closed(till, {held[0]: HeldChoice.MOVE, held[1]: HeldChoice.CANCEL})
    assert (report.held_moved, report.held_cancelled) == (1, 1)
    (void,) = [one for one in await events(store) if isinstance(one, BasketVoided)]
    assert (void.basket, void.total_minor, void.reason) == (held[1], 1299, "shift_closed")
    await till.drawer.open(0)
    assert isinstance(await till.recall(held[0]), RecalledNow), "what moved is there in the next shift"


async def test_an_open_basket_is_never_lost_in_a_close(till: Till) -> None:
    await till.drawer.open(0)
    await till.scan(APPLES)
    await till.drawer.count({})
    assert code_of(await till.drawer.close()) == "basket_first"


async def test_what_comes_late_posts_to_its_shift_and_reissues_the_report_for_all_to_see(store: Store) -> None:
    gateway = SimulatedGateway(Mood.LOSE_REPLY)
    till = store.till(gateways={TenderKind.WECHAT: gateway})
    opened = await till.drawer.open(0)
    assert isinstance(opened, ShiftView)
    await sell(till, APPLES)
    await till.scan(MILK)
    assert code_of(await till.tender(TenderKind.WECHAT)) == "payment_unresolved"
    await till.drawer.count({})
    first = await closed(till)
    assert (first.version, first.unresolved, first.totals.sales) == (1, 1, 1)
    store.business.set(store.business.now_ms() + 20 * HOUR_MS)
    assert isinstance(await till.drawer.open(0), ShiftView)
    paid = await till.resolve_payments()
    assert isinstance(paid, Paid)
    sale = await last_sale(store)
    assert (sale.shift, sale.business_date) == (opened.shift, "2026-01-01"), "the day it was made on, not the next"
    again = await till.drawer.z_report(opened.shift)
    assert isinstance(again, ShiftReport)
    assert (again.version, again.reissued, again.unresolved) == (2, True, 0)
    assert (again.totals.sales, again.totals.sales_minor, again.closed_ms) == (2, 1799, first.closed_ms)
    reports = [one for one in await events(store) if isinstance(one, ShiftClosed)]
    assert [(one.version, one.because) for one in reports] == [(1, None), (2, sale.id)]
    now = await till.drawer.view()
    assert now is not None
    assert now.totals is not None
    assert now.totals.sales == 0, "the new shift does not count it"


async def test_a_close_past_midnight_keeps_the_date_its_shift_began_on(store: Store, till: Till) -> None:
    store.business.set(store.business.now_ms() + 15 * HOUR_MS)  # 23:00 in Shanghai
    await till.drawer.open(0)
    store.business.set(store.business.now_ms() + 2 * HOUR_MS)
    await sell(till, APPLES)
    await till.drawer.count({})
    report = await closed(till)
    assert report.business_date == "2026-01-01"
    assert (await last_sale(store)).business_date == "2026-01-02", "a sale is of the day it is made on"


async def test_a_report_is_the_same_however_often_and_whatever_else_happened(store: Store, till: Till) -> None:
    await till.drawer.open(100)
    await sell(till, APPLES, MILK)
    await sell(store.till("t1"), APPLES)
    first, second = await till.drawer.x_report(), await till.drawer.x_report()
    assert first == second
    other = store.till("t2")
    await other.drawer.open(0)
    await sell(other, APPLES)
    assert await till.drawer.x_report() == first, "another till's sales are another drawer's"
    await till.drawer.count({})
    report = await closed(till)
    again = await till.drawer.z_report(report.shift)
    assert again == report


async def test_a_cashier_counts_blind_and_a_supervisor_sees(store: Store, till: Till) -> None:
    staffed(store, shifts="required")
    await till.people.sign_in("anna", "2580")
    opened = await till.drawer.open(5_000)
    assert isinstance(opened, ShiftView)
    assert opened.totals is None
    assert code_of(await till.drawer.x_report()) == "report_hidden"
    await till.drawer.count({5_000: 1})
    assert isinstance(await till.drawer.x_report(), ShiftReport)
    await till.people.sign_out()
    await till.people.sign_in("sue", "3690")
    view = await till.drawer.view()
    assert view is not None
    assert view.totals is not None
    assert view.denominations[0] == 10_000
    assert isinstance(await till.drawer.close(approve=SUE), ShiftReport)


async def test_receipts_no_longer_kept_are_said_to_be_missing(store: Store, till: Till) -> None:
    await till.drawer.open(0)
    await sell(till, APPLES)
    await store.database.run(lambda db: db.execute("DELETE FROM event WHERE kind = 'sale'"))
    report = await till.drawer.x_report()
    assert isinstance(report, ShiftReport)
    assert (report.totals.sales, report.totals.missing) == (0, 1)


async def test_a_shift_goes_on_over_a_restart(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        open_to_all(store, shifts="required")
        await store.till().drawer.open(700)
        await sell(store.till(), APPLES)
    async with opened_store(tmp_path, seed=2) as store:
        open_to_all(store, shifts="required")
        till = store.till()
        await sell(till, MILK)
        await till.drawer.count({})
        report = await closed(till)
        assert (report.totals.sales, report.totals.float_minor) == (2, 700)
        rows = await store.database.read(lambda db: shift_store.of_till(db, "t1", 5))
        assert [row.version for row in rows] == [1]


def test_three_thousand_receipts_add_up_and_their_order_does_not_matter() -> None:
    sale = make_sale([("1001", 2), ("1003", 500)])
    many: list[SaleCompleted] = [sale] * 3000
    totals = add_up(many)
    assert (totals.sales, totals.sales_minor) == (3000, 3000 * sale.total_minor)
    assert sum(one.net_minor for one in totals.taxes) == totals.sales_minor
    assert add_up(reversed(many)) == totals
