"""Looking things up, practising, copies, and codes that move money."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge_agent.prices import search
from edge_agent.till.results import HeldNow, LineAdded, MemberAttached, Paid, PriceChecked, Refused, Reprinted
from edge_agent.till.simulated_gateway import SimulatedGateway
from edge_agent.till.till import Till
from shared.pricing import Item, Price
from shared.wire.events import TenderKind
from shared.wire.policies import QuickKey
from shared.wire.till_events import ReceiptReprinted
from tests.edge.agents import running, until
from tests.edge.hq import MemoryHq, entry
from tests.edge.staffing import open_to_all
from tests.edge.test_agent import book, ready
from tests.edge.test_till import code_of, events
from tests.edge.tills import APPLES, CARD, MILK, Store, opened_store, store_settings, till_book
from tests.factories import STANDARD_ITEMS, START_MS, make_item

WECHAT_CODE, ALIPAY_CODE, UNIONPAY_CODE = "134650000000000001", "2800000000000000001", "6200000000000000001"


def named(item: str, zh: str, initials: str, *, sellable: bool = True) -> Item:
    found = make_item(item, name=f"Item {item}", zh=zh, sellable=sellable)
    return msgspec.structs.replace(found, initials=initials)


MORE = [
    named("2101", "蒙牛纯牛奶250ml", "mncnn"),
    named("2102", "伊利纯牛奶1L", "ylcnn"),
    named("2103", "金龙鱼葵花籽油", "jlykhzy"),
    named("2104", "停售牛奶", "tsnn", sellable=False),
]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with opened_store(tmp_path, tills=2) as store:
        items = {item.item: item for item in MORE}
        store.books.add(till_book(2, items=items, **{f"i{n}": Price(item=n, regular_minor=500) for n in items}))
        await store.database.run(lambda db: search.index(db, [*STANDARD_ITEMS, *MORE]))
        yield store


@pytest.fixture
def till(store: Store) -> Till:
    return store.till()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("210", ["2101", "2102", "2103", "2104"]),
        ("mnc", ["2101"]),
        ("MNCNN", ["2101"]),
        ("纯牛奶", ["2102", "2101"]),
        ("牛奶 蒙牛", ["2101"]),
        ("葵花", ["2103"]),
        ("apples", ["1001"]),
        ("milk", ["1002"]),
        ("zzz", []),
        ("   ", []),
        ("%", []),
        ("'", []),
    ],
)
async def test_items_are_found_by_number_initials_and_parts_of_names(till: Till, text: str, found: list[str]) -> None:
    assert [one.item for one in await till.catalogue.search(text)] == found


async def test_what_is_not_for_sale_is_shown_last_and_refused_when_chosen(store: Store, till: Till) -> None:
    hits = await till.catalogue.search("牛奶")
    assert [(one.item, one.sellable) for one in hits][-1] == ("2104", False)
    assert code_of(await till.scan("2104")) == "not_sellable"
    checked = await till.catalogue.price_check("2101")
    assert isinstance(checked, PriceChecked)
    assert (checked.regular_minor, checked.version) == (500, 2)
    assert code_of(await till.catalogue.price_check("9999")) == "unknown_item"
    assert await till.view() is None, "looking opens no basket"


async def test_quick_keys_are_hqs_and_only_what_can_be_sold(store: Store, till: Till) -> None:
    keys = [QuickKey(item=item, words={"en": item, "zh": "键"}, page="veg") for item in ("2101", "2104", "0000")]
    open_to_all(store, quick_keys=keys)
    (key,) = await till.catalogue.quick_keys()
    assert (key.item, key.page, key.found.price_minor) == ("2101", "veg", 500)


async def test_practice_sells_nothing_counts_nothing_and_is_marked(store: Store, till: Till) -> None:
    before = await events(store)
    await till.people.practise(on=True)
    assert isinstance(await till.scan(CARD), MemberAttached)
    await till.scan(APPLES)
    view = await till.view()
    assert view is not None
    assert view.practice
    held = await till.hold("try")
    assert isinstance(held, HeldNow)
    assert [one.id for one in await till.held()] == [held.basket]
    assert await store.till("t2").held() == [], "a practice basket is nobody else's"
    assert code_of(await store.till("t2").recall(held.basket)) == "no_such_basket"
    await till.recall(held.basket)
    assert code_of(await till.people.practise(on=False)) == "basket_first"
    paid = await till.tender(TenderKind.CASH, 1000, basket=held.basket)
    assert isinstance(paid, Paid)
    assert paid.receipt == "TRAIN-000001"
    assert await till.tender(TenderKind.CASH, basket=held.basket) == paid, "a second tap practises too"
    for answer in (await till.drawer.open(0), await till.reprint(), await till.returns.take(paid.receipt)):
        assert code_of(answer) in {"practice_only", "no_such_receipt"}
    assert await events(store) == before, "nothing of it is an event"
    await till.people.practise(on=False)
    await till.scan(APPLES)
    real = await till.tender(TenderKind.CASH)
    assert isinstance(real, Paid)
    assert real.receipt.endswith("-000001"), "no real number was used up"


async def test_practice_goes_on_over_a_power_cut(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        await store.till().people.practise(on=True)
        await store.till().scan(APPLES)
    async with opened_store(tmp_path, seed=2) as store:
        paid = await store.till().tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert paid.receipt.startswith("TRAIN-")


async def test_a_copy_is_counted_and_told(store: Store, till: Till) -> None:
    assert code_of(await till.reprint()) == "no_such_receipt"
    await till.scan(APPLES)
    paid = await till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    assert await till.reprint() == Reprinted(paid.sale, paid.receipt, 1)
    assert await store.till("t2").reprint(f"t1/{paid.receipt}") == Reprinted(paid.sale, paid.receipt, 2)
    copies = [(one.original, one.copy) for one in await events(store) if isinstance(one, ReceiptReprinted)]
    assert copies == [(paid.sale, 1), (paid.sale, 2)]


async def test_p2_a_payment_code_goes_to_its_own_service_and_is_kept_nowhere(store: Store) -> None:
    wechat = SimulatedGateway()
    till = store.till(gateways={TenderKind.WECHAT: wechat})
    await till.scan(MILK)
    for code, answer in (
        (UNIONPAY_CODE, "payment_code"),
        (ALIPAY_CODE, "payment_code"),
        (APPLES, "not_a_payment_code"),
    ):
        refused = await till.pay_by_code(code)
        assert isinstance(refused, Refused)
        assert refused.code == answer, code
    paid = await till.pay_by_code(WECHAT_CODE)
    assert isinstance(paid, Paid)
    dump = await store.database.read(lambda db: "\n".join(db.iterdump()))
    assert WECHAT_CODE not in dump
    assert isinstance(await till.scan(APPLES), LineAdded)


async def test_looking_something_up_leaves_a_second_tap_its_answer(store: Store, till: Till) -> None:
    await till.scan(APPLES)
    paid = await till.tender(TenderKind.CASH)
    seen = till.changes.count
    await till.catalogue.search("milk")
    await till.catalogue.price_check("1002")
    assert till.changes.count == seen, "no page has anything new to show"
    assert await till.tender(TenderKind.CASH) == paid


async def test_p8_items_are_found_once_their_prices_are_here_and_at_the_moment_of_a_switch(tmp_path: Path) -> None:
    hq = MemoryHq(store_settings())
    hq.timeline = [entry(hq.bodies, 1, book(), START_MS), entry(hq.bodies, 2, book(milk_minor=600), START_MS + 60_000)]
    async with running(tmp_path, hq) as agent:
        await ready(agent)
        till = agent.agent._tills.served["t1"].station.till
        await until(lambda: hq.reported is not None and 2 in hq.reported.staged, "the next prices")
        assert [one.price_minor for one in await till.catalogue.search("mil")] == [450]
        agent.clock.set(START_MS + 60_000)
        (found,) = await till.catalogue.search("mil")
        assert found.price_minor == 600
