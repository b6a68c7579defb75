"""The till's use cases, each through its public door and a real database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from edge_agent.record import outbox, receipts
from edge_agent.record.receipts import Printed
from edge_agent.till.results import (
    Begun,
    Found,
    HeldNow,
    LineAdded,
    LineChanged,
    LineGone,
    MemberAttached,
    Paid,
    PartlyPaid,
    RecalledNow,
    Refused,
    TendersBack,
    Voided,
)
from edge_agent.till.till import Till
from shared.pricing import BasketLine, MemberFacts, Price, PricingContext, Unit, price_basket
from shared.pricing.price_list import Barcode
from shared.sealing import unseal
from shared.wire.desired import KnownMember
from shared.wire.events import MANIFEST_BYTES, MemberSwiped, SaleCompleted, TenderKind, decode_event
from tests.edge.tills import APPLES, CARD, HQ_SEALING_KEY, MILK, PORK, MemoryBooks, Store, opened_store, till_book
from tests.factories import STANDARD_ITEMS, make_item, new_id

MEMBER = KnownMember(member=UUID(int=7), cards=[b"x"], masked_name="王*", tier="gold", points=120)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path, tills=2) as store:
        yield store


@pytest.fixture
def till(store: Store) -> Till:
    return store.till()


async def events(store: Store) -> list[Any]:
    rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
    return [decode_event(content) for (content,) in rows]


async def last_sale(store: Store) -> SaleCompleted:
    return [event for event in await events(store) if isinstance(event, SaleCompleted)][-1]


def code_of(answer: object) -> str:
    assert isinstance(answer, Refused), answer
    assert answer.words.en
    assert answer.words.zh
    assert answer.words.next_en
    assert answer.words.next_zh
    return answer.code


async def test_rings_up_and_sells(store: Store, till: Till) -> None:
    added = await till.scan(APPLES)
    assert isinstance(added, LineAdded)
    assert (added.line.net_minor, added.total_minor, added.measure) == (500, 500, None)
    assert added.names["zh"] == "苹果"
    assert isinstance(await till.set_quantity(3), LineChanged)
    paid = await till.tender(TenderKind.CASH, 2000)
    assert isinstance(paid, Paid)
    assert (paid.total_minor, paid.change_minor, paid.lines) == (1500, 500, 1)
    sale = await last_sale(store)
    assert sale.id == paid.sale
    assert sale.receipt.number == 1
    assert paid.receipt == f"{sale.receipt.series}-000001"
    assert (sale.total_minor, sale.tenders[0].minor, sale.tenders[0].change_minor) == (1500, 1500, 500)
    assert (sale.business_date, sale.cashier, sale.till) == ("2026-01-01", "c1", "t1")


async def test_p4_a_sale_records_all_that_is_needed_to_find_its_price_again(store: Store, till: Till) -> None:
    store.members.known[CARD] = MEMBER
    await till.scan(APPLES)
    store.business.set(store.business.now_ms() + 5000)
    await till.scan(CARD)
    await till.scan(PORK)
    await till.weigh(1236)
    await till.coupon("c-1", supplier_minor=50, chain_minor=30)
    store.business.set(store.business.now_ms() + 60_000)
    await till.tender(TenderKind.CASH)
    sale = await last_sale(store)
    again = price_basket(
        [BasketLine(n=line.n, item=line.item, quantity=line.quantity, code=line.code) for line in sale.lines],
        store.books.books[sale.book.version],
        PricingContext(at_ms=sale.priced_ms, time_zone=sale.book.zone, member=MemberFacts(tier="gold")),
        sale.coupons,
    )
    assert (again.lines, again.total_minor, again.saved_minor) == (sale.lines, sale.total_minor, sale.saved_minor)
    assert sale.book.manifest == bytes.fromhex(store.books.books[1].hash)[:MANIFEST_BYTES]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "unreadable"),
        ("6901234567893", "check_digit"),
        ("hello", "no_known_format"),
        ("6900000000007", "unknown_item"),
        ("2001", "price_missing"),
        ("2002", "not_sellable"),
    ],
)
async def test_p4_what_cannot_be_sold_is_refused_with_words_and_never_costs_nothing(
    store: Store, till: Till, text: str, code: str
) -> None:
    items = {"2001": make_item("2001"), "2002": make_item("2002", sellable=False)}
    store.books.add(till_book(2, items=items, i2002=Price(item="2002", regular_minor=100)))
    assert code_of(await till.scan(text)) == code
    assert await till.view() is None


async def test_without_a_price_book_nothing_is_sold(tmp_path: Path) -> None:
    async with opened_store(tmp_path, books=MemoryBooks()) as store:
        store.books.current = None
        assert code_of(await store.till().scan(APPLES)) == "no_price_book"


async def test_a_weighed_item_waits_for_its_weight(till: Till) -> None:
    added = await till.scan(PORK)
    assert isinstance(added, LineAdded)
    assert added.measure is Unit.GRAM
    assert code_of(await till.tender(TenderKind.CASH)) == "weight_missing"
    assert code_of(await till.set_quantity(2)) == "wrong_measure"
    assert code_of(await till.pour(500)) == "wrong_measure"
    assert code_of(await till.weigh(0)) == "quantity_range"
    weighed = await till.weigh(1236)
    assert isinstance(weighed, LineChanged)
    assert weighed.total_minor == 4942


async def test_a_quantity_counts_packs_of_what_was_scanned(store: Store, till: Till) -> None:
    pack = make_item("1005", barcodes=["6901234567892", Barcode("16901234567899", pieces=6)])
    items = {item.item: item for item in STANDARD_ITEMS if item.item != "1001"}
    store.books.books[1].items = {**items, "1005": pack}
    store.books.books[1].prices["1005"] = Price(item="1005", regular_minor=100)
    added = await till.scan("16901234567899")
    assert isinstance(added, LineAdded)
    assert (added.line.quantity, added.line.code) == (6, "16901234567899")
    changed = await till.set_quantity(3)
    assert isinstance(changed, LineChanged)
    assert (changed.line.quantity, changed.total_minor) == (18, 1800)
    assert code_of(await till.set_quantity(0)) == "quantity_range"
    assert code_of(await till.set_quantity(9999)) == "quantity_range"
    first = await till.scan("6901234567892")
    assert isinstance(first, LineAdded)
    assert first.line.code == ""


async def test_voided_lines_stay_voided_and_take_their_coupons_along(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    await till.coupon("c-1", supplier_minor=50)
    await till.scan(MILK)
    assert await till.void_line(1) == LineGone(1, 1299)
    assert code_of(await till.void_line(1)) == "no_such_line"
    assert code_of(await till.coupon("c-2", supplier_minor=0)) == "coupon_value"
    view = await store.till().view()
    assert view is not None
    assert [line.n for line in view.priced.lines] == [2]
    await till.scan(APPLES)
    await till.tender(TenderKind.CASH)
    sale = await last_sale(store)
    assert [line.n for line in sale.lines] == [2, 3]
    assert sale.coupons == []


async def test_p1_a_basket_survives_as_it_was_when_the_process_ends(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        till = store.till()
        await till.scan(APPLES)
        await till.scan(PORK)
        await till.weigh(500)
        await till.scan(CARD)
        await till.void_line(1)
        await till.tender(TenderKind.CASH, 100)
        before = await till.view()
    async with opened_store(tmp_path, seed=2) as store:
        till = store.till()
        assert await till.view() == before
        assert before is not None
        assert before.due_minor == before.priced.total_minor - 100
        assert isinstance(await till.tender(TenderKind.CASH), Paid)


async def test_members_are_known_or_sealed_and_pay_member_prices_either_way(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    attached = await till.scan(CARD)
    assert isinstance(attached, MemberAttached)
    assert (attached.known, attached.total_minor) == (False, 450)
    await till.tender(TenderKind.CASH)
    sale = await last_sale(store)
    assert sale.member is not None
    assert sale.member.sealed_card is not None
    assert unseal(sale.member.sealed_card, HQ_SEALING_KEY.private_bytes_raw()) == CARD.encode()
    store.members.known[CARD] = MEMBER
    await till.scan(APPLES)
    attached = await till.scan(CARD)
    assert attached == MemberAttached(
        known=True, masked_name="王*", tier="gold", points=120, basket=attached.basket, total_minor=450
    )
    await till.tender(TenderKind.CASH)
    sale = await last_sale(store)
    assert sale.member is not None
    assert (sale.member.member, sale.member.sealed_card, sale.member.tier) == (MEMBER.member, None, "gold")
    assert not any(isinstance(event, MemberSwiped) for event in await events(store))


async def test_a_card_shown_first_opens_the_basket_and_is_an_event(store: Store, till: Till) -> None:
    attached = await till.scan(CARD)
    assert isinstance(attached, MemberAttached)
    swiped = (await events(store))[-1]
    assert isinstance(swiped, MemberSwiped)
    assert swiped.basket == attached.basket
    paid_for = await till.scan(APPLES)
    assert isinstance(paid_for, LineAdded)
    assert paid_for.total_minor == 450


async def test_a_mere_swipe_is_an_event_and_no_basket(store: Store, till: Till) -> None:
    attached = await till.swipe(CARD)
    assert isinstance(attached, MemberAttached)
    swiped = (await events(store))[-1]
    assert isinstance(swiped, MemberSwiped)
    assert swiped.basket is None
    assert await till.view() is None
    assert code_of(await till.swipe("12345")) == "not_a_card"
    assert code_of(await till.attach_card("12345")) == "not_a_card"


async def test_several_tenders_freeze_the_lines_until_paid_or_handed_back(store: Store, till: Till) -> None:
    await till.scan(MILK)
    part = await till.tender(TenderKind.CASH, 300)
    assert isinstance(part, PartlyPaid)
    assert part.due_minor == 999
    for answer in (await till.scan(APPLES), await till.void_basket(), await till.hold(), await till.void_line()):
        assert code_of(answer) == "payment_begun"
    back = await till.take_back_tenders()
    assert isinstance(back, TendersBack)
    assert [tender.minor for tender in back.tenders] == [300]
    await till.tender(TenderKind.CASH, 299)
    assert code_of(await till.tender(TenderKind.BANK_CARD, 1001)) == "tender_too_much"
    assert code_of(await till.tender(TenderKind.CASH, 0)) == "tender_amount"
    assert isinstance(await till.tender(TenderKind.BANK_CARD, reference="slip 5"), Paid)
    sale = await last_sale(store)
    assert [(tender.method, tender.minor) for tender in sale.tenders] == [("cash", 299), ("bank_card", 1000)]


async def test_a_basket_that_coupons_pay_for_is_still_a_sale(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    await till.coupon("c-1", supplier_minor=9000)
    paid = await till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    assert paid.total_minor == 0


async def test_p1_paying_twice_makes_one_sale(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    view = await till.view()
    assert view is not None
    first, second = await asyncio.gather(till.tender(TenderKind.CASH), till.tender(TenderKind.CASH))
    assert first == second
    assert await till.tender(TenderKind.CASH, basket=view.basket) == first
    assert await store.till().tender(TenderKind.CASH, basket=view.basket) == first
    await till.scan(MILK)
    assert await till.tender(TenderKind.CASH, basket=view.basket) == first
    other = await till.tender(TenderKind.CASH)
    assert isinstance(other, Paid)
    assert isinstance(first, Paid)
    assert other.sale != first.sale


async def test_nothing_to_pay_is_refused(till: Till) -> None:
    assert code_of(await till.tender(TenderKind.CASH)) == "no_open_basket"
    await till.begin()
    assert code_of(await till.tender(TenderKind.CASH)) == "basket_empty"


async def test_a_given_id_is_the_sales_id_and_can_be_asked_about(store: Store, till: Till) -> None:
    key = new_id()
    assert await till.find(key) == Found("none")
    assert await till.begin(key) == Begun(key, 0)
    await till.scan(APPLES)
    assert await till.begin(key) == Begun(key, 1)
    assert await till.find(key) == Found("open", steps=1)
    assert code_of(await till.begin(new_id())) == "basket_open"
    paid = await till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    assert paid.sale == key
    assert await till.find(key) == Found("paid", receipt=paid.receipt, total_minor=500)
    assert await store.till().begin(key) == paid


async def test_p8_a_basket_keeps_the_book_of_its_first_line(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    store.books.add(till_book(2, i1001=Price(item="1001", regular_minor=900)))
    again = await till.scan(APPLES)
    assert isinstance(again, LineAdded)
    assert again.total_minor == 1000
    await till.tender(TenderKind.CASH)
    assert (await last_sale(store)).book.version == 1
    next_customer = await till.scan(APPLES)
    assert isinstance(next_customer, LineAdded)
    assert next_customer.total_minor == 900


async def test_p8_a_recalled_basket_is_repriced_after_a_switch_and_says_so(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    held = await till.hold("the lady in green")
    assert isinstance(held, HeldNow)
    assert [one.name for one in await till.held()] == ["the lady in green"]
    same = await till.recall(held.basket)
    assert isinstance(same, RecalledNow)
    assert (same.repriced, same.before_minor, same.total_minor) == (False, 500, 500)
    await till.hold()
    store.books.add(till_book(2, i1001=Price(item="1001", regular_minor=900)))
    other_till = store.till("t2")
    recalled = await other_till.recall(held.basket)
    assert recalled == RecalledNow(held.basket, repriced=True, version=2, before_minor=500, total_minor=900)
    assert code_of(await till.recall(held.basket)) == "no_such_basket"
    paid = await other_till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    assert (await last_sale(store)).book.version == 2


async def test_p8_a_recalled_basket_keeps_its_prices_where_the_new_book_has_none(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    held = await till.hold()
    assert isinstance(held, HeldNow)
    book = till_book(2)
    del book.prices["1001"]
    store.books.add(book)
    recalled = await till.recall(held.basket)
    assert isinstance(recalled, RecalledNow)
    assert (recalled.repriced, recalled.version, recalled.without_price) == (False, 1, ("1001",))
    assert isinstance(await till.tender(TenderKind.CASH), Paid)


async def test_voiding_leaves_nothing_behind(store: Store, till: Till) -> None:
    before = len(await events(store))
    await till.scan(APPLES)
    assert isinstance(await till.void_basket(), Voided)
    assert await till.view() is None
    assert len(await events(store)) == before
    assert code_of(await till.void_basket()) == "no_open_basket"
    assert code_of(await till.hold()) == "no_open_basket"


async def test_a_basket_has_at_most_a_thousand_lines(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    await store.database.run(
        lambda db: db.executemany(
            "INSERT INTO basket_change SELECT basket, ?, content FROM basket_change WHERE n = 1",
            [(n,) for n in range(2, 1001)],
        )
    )
    assert code_of(await till.scan(APPLES)) == "basket_full"
    paid = await till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    assert paid.lines == 1000


async def test_a_till_that_was_never_set_up_cannot_make_a_receipt(store: Store) -> None:
    stranger = store.till("t9")
    await stranger.scan(APPLES)
    assert code_of(await stranger.tender(TenderKind.CASH)) == "till_unknown"


async def test_what_became_of_the_paper_is_kept(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    paid = await till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    await till.note_printed(paid.sale, Printed.UNCONFIRMED)
    row = await store.database.read(lambda db: receipts.find_by_event(db, paid.sale))
    assert row is not None
    assert (row.printed, row.text) == (Printed.UNCONFIRMED, paid.receipt)


async def test_a_sale_wakes_the_sender_at_once(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    await till.tender(TenderKind.CASH)
    await asyncio.wait_for(store.doorbell.wait(), 1)
    assert (await store.database.read(outbox.backlog)).count == 4
