"""What people do to lines and totals: deposits, ages, hours, prices by hand, cents dropped, tares, two pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.ports import Weight, WeightProblem
from edge_agent.till.asks import AgeAsked, ApprovalAsked, Expects
from edge_agent.till.results import (
    AgeConfirmed,
    LineAdded,
    LineChanged,
    Paid,
    Refused,
    RoundedDown,
    Voided,
)
from edge_agent.till.selling.limits import age_on, in_hours, latest_birth
from edge_agent.till.till import Till
from edge_agent.till.view import quick_cash
from shared.adjustments import PriceChange, RoundOff, adjust
from shared.money import UnitPrice
from shared.pricing import Price, Unit
from shared.wire.events import SaleCompleted, TenderKind
from shared.wire.till_events import AgeProof, BasketVoided
from tests.edge.staffing import SUE, open_to_all, reasons, staffed
from tests.edge.test_till import code_of, events, last_sale
from tests.edge.tills import APPLES, MILK, PORK, Store, opened_store, till_book
from tests.factories import make_item, make_sale, new_id

BEER, BOTTLE, SCHNAPS, FIREWORK = "6901234500004", "9001", "3003", "3004"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    items = {
        one.item: one
        for one in (
            msgspec.structs.replace(make_item("3001", name="Beer", barcodes=[BEER]), deposit=BOTTLE, min_age=18),
            make_item(BOTTLE, name="Deposit", tax_rate_bp=0),
            msgspec.structs.replace(make_item(SCHNAPS, unit=Unit.GRAM), min_age=18),
            msgspec.structs.replace(make_item(FIREWORK), sale_hours=["09:00-22:00"]),
            msgspec.structs.replace(make_item("3005"), deposit="9999"),
        )
    }
    prices = {
        "i3001": Price(item="3001", regular_minor=700),
        "i9001": Price(item=BOTTLE, regular_minor=100),
        "i3003": Price(item=SCHNAPS, regular_minor=9000, basis=1000),
        "i3004": Price(item=FIREWORK, regular_minor=2000),
        "i3005": Price(item="3005", regular_minor=2000),
    }
    async with opened_store(tmp_path, tills=2) as store:
        store.books.add(till_book(2, items=items, **prices))
        yield store


@pytest.fixture
def till(store: Store) -> Till:
    return store.till()


async def test_a_deposit_comes_goes_and_counts_with_its_line(store: Store, till: Till) -> None:
    await till.confirm_age(18)
    added = await till.scan("3001")
    assert isinstance(added, LineAdded)
    assert (added.line.n, added.total_minor) == (1, 800)
    changed = await till.set_quantity(6)
    assert isinstance(changed, LineChanged)
    assert changed.total_minor == 6 * 800
    assert code_of(await till.set_quantity(1, 2)) == "deposit_line"
    assert code_of(await till.void_line(2)) == "deposit_line"
    assert code_of(await till.set_price(1, 2, reason="")) == "deposit_line"
    view = await store.till().view()
    assert view is not None
    assert view.deposit_of == {2: 1}
    await till.scan(APPLES)
    await till.void_line(1)
    left = await till.view()
    assert left is not None
    assert [line.item for line in left.priced.lines] == ["1001"]
    assert code_of(await till.scan("3005")) == "deposit_missing"


async def test_b8_77_an_age_is_asked_for_whatever_way_the_goods_come(store: Store, till: Till) -> None:
    for code in ("3001", SCHNAPS, BEER, "2*3001"):
        asked = await till.scan(code)
        assert isinstance(asked, Refused)
        assert asked.code == "age_check"
        assert isinstance(asked.asks, AgeAsked)
        assert (asked.asks.years, asked.asks.born_by) == (18, "2008-01-01")
    assert await till.view() is None
    assert code_of(await till.confirm_age(18, born="2008-01-02")) == "too_young"
    assert code_of(await till.confirm_age(18, born="1.2.1990")) == "birth_date"
    rung = await till.confirm_age(18, born="2008-01-01")
    assert isinstance(rung, AgeConfirmed), "a refused try forgot the scan that waited"
    assert isinstance(await till.scan("3001"), LineAdded)
    assert isinstance(await till.scan(SCHNAPS), LineAdded)
    await till.weigh(500)
    await till.tender(TenderKind.CASH)
    sale = await last_sale(store)
    assert [(one.years, one.proof, one.by) for one in sale.age_checks] == [(18, AgeProof.BIRTH_DATE, "c1")]
    assert b"2008" not in msgspec.json.encode(sale), "the birth date is kept nowhere"
    assert code_of(await till.scan("3001")) == "age_check", "the next customer is asked anew"


async def test_what_waited_for_the_age_is_rung_up_by_confirming_it(till: Till) -> None:
    await till.scan("3*3001")
    rung = await till.confirm_age(18)
    assert isinstance(rung, LineAdded)
    assert (rung.line.item, rung.line.quantity, rung.total_minor) == ("3001", 3, 2400)


async def test_b8_77_a_cashier_under_age_needs_somebody_who_is_not(store: Store, till: Till) -> None:
    staffed(store)
    await till.people.sign_in("young", "1472")
    await till.scan("3001")
    asked = await till.confirm_age(18)
    assert isinstance(asked, Refused)
    assert isinstance(asked.asks, ApprovalAsked)
    assert isinstance(await till.confirm_age(18, approve=SUE), AgeConfirmed | LineAdded)
    await till.scan("3001")
    await till.tender(TenderKind.CASH)
    assert (await last_sale(store)).age_checks[0].by == "sue"


async def test_hours_hold_at_the_scan_and_when_the_sale_is_made(store: Store, till: Till) -> None:
    assert code_of(await till.scan(FIREWORK)) == "sale_hours", "08:00 in Shanghai"
    store.business.set(store.business.now_ms() + 13 * 3_600_000)
    assert isinstance(await till.scan(FIREWORK), LineAdded)
    store.business.set(store.business.now_ms() + 3_600_000)
    assert code_of(await till.tender(TenderKind.CASH)) == "sale_hours"
    await till.void_line()
    await till.scan(APPLES)
    assert isinstance(await till.tender(TenderKind.CASH), Paid)


@pytest.mark.parametrize(
    ("today", "born", "years"),
    [
        (date(2026, 2, 28), date(2008, 2, 29), 17),
        (date(2026, 3, 1), date(2008, 2, 29), 18),
        (date(2026, 12, 31), date(2009, 1, 1), 17),
        (date(2024, 2, 29), date(2006, 2, 28), 18),
    ],
)
def test_b8_77_ages_are_dates_not_ranges_of_days(today: date, born: date, years: int) -> None:
    assert age_on(today, born) == years


@given(st.dates(date(1990, 1, 1), date(2060, 12, 31)), st.integers(1, 80))
def test_b8_77_born_by_the_date_shown_is_old_enough_and_the_next_day_is_not(today: date, years: int) -> None:
    latest = latest_birth(today, years)
    assert age_on(today, latest) >= years
    assert age_on(today, date.fromordinal(latest.toordinal() + 1)) < years or (today.month, today.day) == (2, 29)


@pytest.mark.parametrize(
    ("hours", "time", "open_"),
    [
        ([], "03:00", True),
        (["06:00-22:00"], "05:59", False),
        (["06:00-22:00"], "06:00", True),
        (["06:00-22:00"], "22:00", False),
        (["22:00-02:00"], "23:30", True),
        (["22:00-02:00"], "01:59", True),
        (["22:00-02:00"], "02:00", False),
        (["06:00-24:00"], "23:59", True),
        (["08:00-12:00", "14:00-18:00"], "13:00", False),
        (["nonsense"], "12:00", False),
    ],
)
def test_windows_open_on_the_first_minute_and_close_on_the_last(hours: list[str], time: str, *, open_: bool) -> None:
    assert in_hours(hours, datetime.fromisoformat(f"2026-01-01T{time}")) is open_


async def test_a_price_by_hand_is_lower_has_a_reason_and_is_a_fact_of_the_sale(store: Store, till: Till) -> None:
    open_to_all(store, override_reasons=reasons("damaged", "shelf_label"))
    await till.scan(MILK)
    await till.scan(APPLES)
    assert code_of(await till.set_price(1299, 1, reason="damaged")) == "price_not_lower"
    assert code_of(await till.set_price(900, 1, reason="mood")) == "reason_needed"
    changed = await till.set_price(900, 1, reason="damaged")
    assert isinstance(changed, LineChanged)
    assert (changed.line.net_minor, changed.total_minor) == (900, 1400)
    assert changed.line.discounts[-1].reason == "price_override"
    await till.set_quantity(2, 1)
    assert isinstance(await till.tender(TenderKind.CASH), Paid)
    sale = await last_sale(store)
    (by_hand,) = sale.adjustments
    assert (by_hand.minor, by_hand.line, by_hand.price, by_hand.by) == (798, 1, UnitPrice(900), "c1")
    assert sale.total_minor == 2300


async def test_cents_are_dropped_by_hand_up_to_a_step_and_gone_when_the_total_changes(store: Store, till: Till) -> None:
    open_to_all(store, round_off_step=10)
    await till.scan(MILK)
    assert await till.round_off() == RoundedDown(9, 1290)
    assert await till.round_off(99) == RoundedDown(99, 1200)
    for minor in (0, -1, 5, 1299, 2000):
        assert code_of(await till.round_off(minor)) == "round_off_not"
    await till.scan(APPLES)
    view = await till.view()
    assert view is not None
    assert (view.priced.total_minor, view.adjustments) == (1799, ())
    await till.round_off()
    await till.tender(TenderKind.CASH)
    sale = await last_sale(store)
    assert (sale.total_minor, sale.adjustments[0].minor, sale.adjustments[0].by) == (1790, 9, "c1")
    assert sum(line.net_minor for line in sale.lines) == 1790


async def test_cents_are_not_dropped_where_the_store_does_not(till: Till) -> None:
    await till.scan(MILK)
    assert code_of(await till.round_off()) == "round_off_not"


async def test_more_cents_than_a_cashier_may_need_approval(store: Store, till: Till) -> None:
    staffed(store, round_off_step=10, round_off_max=50)
    await till.people.sign_in("anna", "2580")
    await till.scan(MILK)
    assert code_of(await till.round_off(99)) == "approval_needed"
    assert isinstance(await till.round_off(99, approve=SUE), RoundedDown)


async def test_a_rule_drops_cents_from_cash_alone(store: Store, till: Till) -> None:
    open_to_all(store, cash_step=10)
    await till.scan(MILK)
    view = await till.view()
    assert view is not None
    assert (view.due_minor, view.cash_due_minor, view.quick_cash) == (1299, 1290, (1290, 1300, 1500, 2000))
    paid = await till.tender(TenderKind.CASH, 2000)
    assert isinstance(paid, Paid)
    assert (paid.total_minor, paid.change_minor) == (1290, 710)
    (rule,) = (await last_sale(store)).adjustments
    assert (rule.minor, rule.by) == (9, "")
    await till.scan(MILK)
    card = await till.tender(TenderKind.BANK_CARD)
    assert isinstance(card, Paid)
    assert card.total_minor == 1299


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 3000), st.integers(0, 600))
def test_parts_of_what_is_taken_off_add_up_and_no_line_goes_below_zero(counts: list[int], off: int, price: int) -> None:
    sale = make_sale([("1001", count) for count in counts])
    priced = msgspec.convert({"lines": sale.lines, "total_minor": sale.total_minor, "saved_minor": 0}, type=_Basket)
    change = PriceChange(line=1, price=UnitPrice(price), reason="r")
    found = adjust(priced, [change], RoundOff(minor=off))  # type: ignore[arg-type]
    taken = sum(one.minor for one in found.adjustments)
    assert found.priced.total_minor == sale.total_minor - taken == sum(one.net_minor for one in found.priced.lines)
    assert all(one.net_minor >= 0 for one in found.priced.lines)
    for line in found.priced.lines:
        assert line.gross_minor - sum(one.minor for one in line.discounts) == line.net_minor


class _Basket(msgspec.Struct):
    lines: list[object]
    total_minor: int
    saved_minor: int


async def test_a_tare_is_taken_off_and_the_scale_must_be_still_and_changed(till: Till) -> None:
    await till.scan(PORK)
    assert code_of(await till.weigh(500, tare_g=500)) == "tare_range"
    tared = await till.weigh(1250, tare_g=14)
    assert isinstance(tared, LineChanged)
    assert tared.line.quantity == 1236
    assert code_of(await till.weigh_from_scale()) == "weight_silent"
    for weight, code in (
        (Weight(700, stable=False), "weight_moving"),
        (Weight(None, stable=True), "weight_moving"),
        (Weight(0, stable=True), "weight_empty"),
        (Weight(-5, stable=True), "weight_negative"),
        (Weight(700, stable=True, problems=(WeightProblem.OVERLOAD,)), "weight_overload"),
        (Weight(700, stable=True, problems=(WeightProblem.FAULT,)), "weight_fault"),
    ):
        till.scaled.note(weight)
        assert code_of(await till.weigh_from_scale()) == code
    till.scaled.note(Weight(700, stable=True))
    assert isinstance(await till.weigh_from_scale(), LineChanged)
    await till.scan(APPLES)
    await till.scan(PORK)
    till.scaled.note(Weight(702, stable=True))
    assert code_of(await till.weigh_from_scale()) == "weight_unchanged"
    till.scaled.note(Weight(0, stable=True))
    till.scaled.note(Weight(702, stable=True))
    assert isinstance(await till.weigh_from_scale(), LineChanged)


async def test_a_quantity_before_a_code(till: Till) -> None:
    added = await till.scan("3*" + APPLES)
    assert isinstance(added, LineAdded)
    assert (added.line.quantity, added.total_minor) == (3, 1500)
    assert code_of(await till.scan("3*")) == "quantity_code"
    assert code_of(await till.scan("0*" + APPLES)) == "quantity_range"


async def test_b1_7_two_pages_of_one_till_never_change_a_basket_they_do_not_see(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    seen = await till.view()
    assert seen is not None
    expects = Expects(seen.basket, seen.steps)
    assert isinstance(await till.scan(MILK, expects=expects), LineAdded)
    late = await till.set_quantity(9, expects=expects)
    assert isinstance(late, Refused)
    assert late.code == "changed_elsewhere"
    assert late.view == await till.view(), "and it is told what is there now"
    assert code_of(await till.void_basket(expects=expects)) == "changed_elsewhere"
    assert code_of(await till.tender(TenderKind.CASH, expects=expects)) == "changed_elsewhere"
    assert code_of(await till.scan(APPLES, expects=Expects(None, 0))) == "changed_elsewhere"
    assert code_of(await till.hold(expects=Expects(new_id(), 2))) == "changed_elsewhere"
    now = await till.view()
    assert now is not None
    assert isinstance(await till.tender(TenderKind.CASH, expects=Expects(now.basket, now.steps)), Paid)


async def test_a_basket_given_up_for_a_reason_is_told_to_hq(store: Store, till: Till) -> None:
    open_to_all(store, void_reasons=reasons("left", "no_money"))
    await till.scan(APPLES)
    assert code_of(await till.void_basket()) == "reason_needed"
    assert isinstance(await till.void_basket("left"), Voided)
    (void,) = [one for one in await events(store) if isinstance(one, BasketVoided)]
    assert (void.lines, void.total_minor, void.reason) == (1, 500, "left")


async def test_p1_what_people_changed_survives_as_it_was_when_the_process_ends(tmp_path: Path) -> None:
    async with opened_store(tmp_path / "one") as store:
        open_to_all(store, round_off_step=10)
        till = store.till()
        await till.confirm_age(18)
        await till.scan(MILK)
        await till.set_price(1111, reason="damaged")
        await till.round_off()
        before = await till.view()
    async with opened_store(tmp_path / "one", seed=2) as store:
        open_to_all(store, round_off_step=10)
        assert await store.till().view() == before
        assert before is not None
        assert before.priced.total_minor == 1110


@pytest.mark.parametrize(
    ("due", "keys"),
    [
        (12_840, (12_840, 12_900, 13_000, 14_000)),
        (40_479, (40_479, 40_500, 41_000, 42_000)),
        (10_000, (10_000,)),
        (0, ()),
        (50, (50, 100, 500, 1000)),
    ],
)
def test_quick_cash_is_what_customers_hand_over(due: int, keys: tuple[int, ...]) -> None:
    notes = (10_000, 5_000, 2_000, 1_000, 500, 100)
    assert quick_cash(due, notes)[: len(keys)] == keys
    if due > 10_000:
        assert quick_cash(due, (*notes, 50, 10))[: len(keys)] == keys, "coins too small for it change nothing"


def test_a_sale_keeps_what_people_decided() -> None:
    assert {"adjustments", "age_checks", "exchange", "shift"} <= {
        field.name for field in msgspec.structs.fields(SaleCompleted)
    }
