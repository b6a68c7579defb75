"""Goods that come back: to the cent, never more than was sold, by the ways they were paid; exchanges; undone sales."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.receipt.compose import compose
from edge_agent.record.receipts import receipt_text
from edge_agent.till.asks import ReceiptAsked
from edge_agent.till.results import LineAdded, NothingUnresolved, Paid, PartlyPaid, Refused, TendersBack
from edge_agent.till.returning import planning
from edge_agent.till.returning.planning import Back
from edge_agent.till.returning.results import Returned, ReturnView
from edge_agent.till.simulated_gateway import Mood, SimulatedGateway
from edge_agent.till.till import Till
from shared.receipt.layout import lay_out
from shared.receipt.plain import to_text
from shared.wire.events import GoodsReturned, SaleReturned, TenderKind
from tests.edge.staffing import MAX, SUE, open_to_all, reasons, staffed
from tests.edge.test_till import code_of, events, last_sale
from tests.edge.tills import APPLES, MILK, PORK, Store, opened_store
from tests.factories import make_sale

DAY_MS = 86_400_000
WECHAT = TenderKind.WECHAT


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path, tills=2) as store:
        yield store


@pytest.fixture
def till(store: Store) -> Till:
    return store.till()


async def sold(till: Till, *texts: str, method: TenderKind = TenderKind.CASH) -> Paid:
    for text in texts:
        await till.scan(text)
    paid = await till.tender(method)
    assert isinstance(paid, Paid), paid
    return paid


async def last_return(store: Store) -> SaleReturned:
    return [one for one in await events(store) if isinstance(one, SaleReturned)][-1]


async def test_what_comes_back_is_found_by_code_or_number_and_counted_once(store: Store, till: Till) -> None:
    paid = await sold(till, f"3*{APPLES}", MILK)
    other = store.till("t2")
    for text in (paid.receipt, f"t1/{paid.receipt}", str(paid.sale), f"https://r.example/{paid.sale.hex}"):
        found = await other.returns.find(text)
        assert isinstance(found, ReturnView), text
        assert [(line.left, line.left_minor) for line in found.lines] == [(3, 1500), (1, 1299)]
    back = await other.returns.take(paid.receipt, {1: 2}, reason="changed_mind")
    assert isinstance(back, Returned)
    assert (back.total_minor, [tender.method for tender in back.tenders]) == (1000, ["cash"])
    again = await till.returns.take(str(paid.sale), {1: 2})
    assert isinstance(again, Refused)
    assert (again.code, again.detail) == ("returned_before", "1: 1")
    rest = await till.returns.take(paid.receipt)
    assert isinstance(rest, Returned)
    assert rest.total_minor == 500 + 1299
    assert code_of(await till.returns.take(paid.receipt)) == "nothing_returned"
    event = await last_return(store)
    assert (event.original, [(line.of_line, line.quantity) for line in event.lines]) == (paid.sale, [(1, 1), (2, 1)])
    assert await till.view() is None


async def test_a_number_that_several_tills_have_asks_which(store: Store) -> None:
    first, second = await sold(store.till("t1"), APPLES), await sold(store.till("t2"), MILK)
    assert first.receipt == second.receipt
    own = await store.till("t2").returns.find(second.receipt)
    assert isinstance(own, ReturnView)
    assert own.sale == second.sale, "this till's own first"
    asked = await store.till("t3").returns.find(first.receipt)
    assert isinstance(asked, Refused)
    assert asked.asks == ReceiptAsked(("t1", "t2"))
    for text in ("abcdef-000099", "t9/" + first.receipt, "t1/99", "99", "9/1", str(UUID(int=1))):
        assert code_of(await store.till().returns.find(text)) == "no_such_receipt"
    for text in ("nonsense", "1/", "1/2/3", "1-1", "t1/abc", "1/ 1"):
        assert code_of(await store.till().returns.find(text)) == "receipt_form"


async def test_a_till_s_number_and_a_bare_number_find_the_receipt(store: Store) -> None:
    first, second = await sold(store.till("t1"), APPLES), await sold(store.till("t2"), MILK)
    for text, sale in [
        (f"1/{first.receipt}", first.sale),
        (f"2/{second.receipt}", second.sale),
        (f"T2 {second.receipt.upper()}", second.sale),
        ("t1/1", first.sale),
        ("2/1", second.sale),
        ("2/000001", second.sale),
        (" 1 ", first.sale),
    ]:
        found = await store.till("t1").returns.find(text)
        assert isinstance(found, ReturnView), text
        assert found.sale == sale, text


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(1, 5000), st.data())
def test_money_3_parts_of_a_line_pay_back_exactly_what_was_paid(quantity: int, net: int, data: st.DataObject) -> None:
    import msgspec  # noqa: PLC0415

    line = msgspec.structs.replace(make_sale([("1001", quantity)]).lines[0], net_minor=net)
    back, left = Back(), quantity
    while left:
        part = data.draw(st.integers(1, left))
        got = planning.share_of(line, part, back, "")
        assert got.refund_minor >= 0
        back = Back(back.quantity + part, back.refund_minor + got.refund_minor, back.tax_minor + got.tax_minor)
        left -= part
    assert (back.refund_minor, back.tax_minor) == (net, line.tax_minor)


async def test_what_was_rounded_off_or_lowered_by_hand_comes_back_in_proportion(store: Store, till: Till) -> None:
    open_to_all(store, round_off_step=100)
    await till.scan(f"2*{MILK}")
    await till.scan(APPLES)
    await till.set_price(400, reason="damaged")
    await till.round_off()
    paid = await till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    assert paid.total_minor == 2900
    parts = [await till.returns.take(paid.receipt, {n: 1}) for n in (1, 1, 2)]
    assert sum(one.total_minor for one in parts if isinstance(one, Returned)) == 2900


async def test_money_goes_back_the_way_it_came_phones_before_cash(store: Store) -> None:
    gateway = SimulatedGateway()
    till = store.till(gateways={WECHAT: gateway})
    await till.scan(MILK)
    assert isinstance(await till.tender(TenderKind.CASH, 300), PartlyPaid)
    paid = await till.tender(WECHAT)
    assert isinstance(paid, Paid)
    await till.scan(PORK)
    await till.void_line()
    await till.void_basket()
    back = await till.returns.take(paid.receipt)
    assert isinstance(back, Returned)
    assert [(one.method, one.minor) for one in back.tenders] == [("wechat", 999), ("cash", 300)]
    assert back.tenders[0].reference.startswith("sim-back-")
    assert len(gateway.taken) == 2


async def test_p1_a_refund_is_on_the_disk_before_it_is_asked_and_found_again_after_a_power_cut(tmp_path: Path) -> None:
    gateway = SimulatedGateway()
    async with opened_store(tmp_path) as store:
        till = store.till(gateways={WECHAT: gateway})
        paid = await sold(till, MILK, method=WECHAT)
        gateway.mood = Mood.LOSE_REPLY
        assert code_of(await till.returns.take(paid.receipt)) == "refund_waiting"
        assert code_of(await till.returns.take(paid.receipt)) == "payment_unresolved"
    async with opened_store(tmp_path, seed=2) as store:
        till = store.till(gateways={WECHAT: gateway})
        assert code_of(await till.scan(APPLES)) == "payment_unresolved"
        (plan,) = await till.returns.waiting()
        assert plan.total_minor == 1299
        back = await till.resolve_payments()
        assert isinstance(back, Returned)
        assert len(gateway.taken) == 2, "asked once"
        assert isinstance(await till.resolve_payments(), NothingUnresolved)
        assert (await last_return(store)).id == plan.id
        assert await till.returns.waiting() == []
        assert isinstance(await till.scan(APPLES), LineAdded)


async def test_two_taps_on_a_return_pay_back_once(store: Store) -> None:
    gateway = SimulatedGateway()
    till = store.till(gateways={WECHAT: gateway})
    paid = await sold(till, MILK, method=WECHAT)
    answers = await asyncio.gather(*(till.returns.take(paid.receipt) for _ in range(3)))
    assert sum(isinstance(one, Returned) for one in answers) == 1
    assert len(gateway.taken) == 2


async def test_a_refund_that_is_refused_is_paid_in_cash_with_approval(store: Store) -> None:
    gateway = SimulatedGateway()
    till = store.till(gateways={WECHAT: gateway})
    staffed(store)
    await till.people.sign_in("anna", "2580")
    paid = await sold(till, MILK, method=WECHAT)
    gateway.mood = Mood.REFUSE
    assert code_of(await till.returns.take(paid.receipt)) == "approval_needed"
    assert code_of(await till.returns.take(paid.receipt, approve=SUE)) == "refund_refused"
    (plan,) = await till.returns.waiting()
    assert code_of(await till.returns.refund_in_cash(plan.id)) == "approval_needed"
    back = await till.returns.refund_in_cash(plan.id, approve=SUE)
    assert isinstance(back, Returned)
    assert [(one.method, one.minor) for one in back.tenders] == [("cash", 1299)]
    assert (await last_return(store)).approved_by == "sue"


async def test_b7_72_without_a_receipt_only_with_approval_and_up_to_a_limit(store: Store, till: Till) -> None:
    staffed(store, return_reasons=reasons("faulty"))
    await till.people.sign_in("anna", "2580")
    goods = [("1001", 2)]
    assert code_of(await till.returns.take_without_receipt(goods, reason="faulty", approve=MAX)) == "no_receipt_never"
    staffed(store, return_reasons=reasons("faulty"), no_receipt_max=1000)
    assert code_of(await till.returns.take_without_receipt(goods, reason="faulty")) == "approval_needed"
    assert code_of(await till.returns.take_without_receipt(goods, reason="faulty", approve=SUE)) == "approval_too_low"
    assert code_of(await till.returns.take_without_receipt(goods, approve=MAX)) == "reason_needed"
    many = await till.returns.take_without_receipt([("1001", 3)], reason="faulty", approve=MAX)
    assert code_of(many) == "no_receipt_limit"
    back = await till.returns.take_without_receipt(goods, reason="faulty", approve=MAX)
    assert isinstance(back, Returned)
    assert back.total_minor == 900, "the lowest price anybody pays: the members'"
    event = (await events(store))[-1]
    assert isinstance(event, GoodsReturned)
    assert (event.approved_by, event.cashier, event.lines[0].quantity) == ("max", "anna", 2)


async def test_a_return_comes_in_time_or_not_at_all(store: Store, till: Till) -> None:
    open_to_all(store, return_days=7)
    paid = await sold(till, APPLES)
    store.business.set(store.business.now_ms() + 7 * DAY_MS)
    assert isinstance(await till.returns.find(paid.receipt), ReturnView)
    store.business.set(store.business.now_ms() + DAY_MS)
    assert code_of(await till.returns.take(paid.receipt)) == "receipt_too_old"


async def test_the_last_sale_is_undone_as_a_whole_and_once(store: Store, till: Till) -> None:
    assert code_of(await till.returns.void_last_sale()) == "no_sale_to_void"
    paid = await sold(till, APPLES, MILK)
    back = await till.returns.void_last_sale()
    assert isinstance(back, Returned)
    assert (back.original, back.total_minor) == (paid.sale, paid.total_minor)
    event = await last_return(store)
    assert event.void
    assert event.receipt.number == 2
    assert code_of(await till.returns.void_last_sale()) == "no_sale_to_void"


async def test_an_exchange_makes_return_and_sale_at_once(store: Store, till: Till) -> None:
    paid = await sold(till, f"2*{APPLES}")
    await till.scan(MILK)
    part = await till.returns.exchange(paid.receipt, {1: 1}, reason="size")
    assert isinstance(part, PartlyPaid)
    assert part.due_minor == 799
    assert not any(isinstance(one, SaleReturned) for one in await events(store)), "nothing is back before it is paid"
    assert code_of(await till.returns.exchange(paid.receipt, {1: 1})) == "exchange_begun"
    bought = await till.tender(TenderKind.CASH)
    assert isinstance(bought, Paid)
    back, sale = await last_return(store), await last_sale(store)
    assert (back.exchange, sale.exchange) == (sale.id, back.id)
    for event, other in ((sale, back), (back, sale)):
        paper = await store.database.read(lambda db, one=event: compose(db, store.settings, store.books, one.id, 0))  # type: ignore[misc]
        number = receipt_text(other.receipt.series, other.receipt.number)
        assert number in to_text(lay_out(paper, 32)), "each paper names the other one"
        assert str(other.id)[:8] not in to_text(lay_out(paper, 32))
    assert [(one.method, one.minor) for one in back.tenders] == [("exchange", 500)]
    assert [(one.method, one.minor) for one in sale.tenders] == [("exchange", 500), ("cash", 799)]
    assert back.receipt.number + 1 == sale.receipt.number


async def test_an_exchange_for_less_gives_the_rest_in_cash_and_one_given_up_leaves_nothing(
    store: Store, till: Till
) -> None:
    paid = await sold(till, MILK)
    await till.scan(APPLES)
    done = await till.returns.exchange(paid.receipt)
    assert isinstance(done, Paid)
    assert [(one.method, one.minor) for one in (await last_return(store)).tenders] == [("exchange", 500), ("cash", 799)]
    first = await sold(till, APPLES)
    await till.scan(MILK)
    assert isinstance(await till.returns.exchange(first.receipt), PartlyPaid)
    assert isinstance(await till.take_back_tenders(), TendersBack)
    found = await till.returns.find(first.receipt)
    assert isinstance(found, ReturnView)
    assert found.lines[0].left == 1


async def test_an_exchange_looks_once_more_when_it_is_made(store: Store, till: Till) -> None:
    paid = await sold(till, APPLES)
    await till.scan(MILK)
    assert isinstance(await till.returns.exchange(paid.receipt), PartlyPaid)
    assert isinstance(await store.till("t2").returns.take(f"t1/{paid.receipt}"), Returned)
    assert code_of(await till.tender(TenderKind.CASH)) == "returned_before"
