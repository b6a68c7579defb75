"""Goods that come back: by label and weight without a receipt, with their deposits by one, and when all has come."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from edge_agent.till.results import LineAdded, Paid, Refused
from edge_agent.till.returning.results import Brought, Foreseen, Returned, ReturnView
from edge_agent.till.till import Till
from shared.pricing import Price
from shared.wire.events import SaleReturned, TenderKind
from tests.edge.person import person
from tests.edge.staffing import open_to_all
from tests.edge.test_till import code_of, events
from tests.edge.test_till_scanning import BOOK, CHEESE, EGGS, GTIN, HAM, LABELS, label
from tests.edge.tills import APPLES, MemoryBooks, Store, opened_store, till_book
from tests.factories import make_item

BEER, BOTTLE = "3001", "3002"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    beer = msgspec.structs.replace(make_item(BEER, name="Beer"), deposit=BOTTLE)
    items = {**BOOK.items, BEER: beer, BOTTLE: make_item(BOTTLE, name="Bottle")}
    prices = {f"i{number}": price for number, price in BOOK.prices.items()}
    prices |= {"i3001": Price(item=BEER, regular_minor=799), "i3002": Price(item=BOTTLE, regular_minor=500)}
    async with opened_store(tmp_path, books=MemoryBooks(till_book(1, items=items, **prices))) as opened:
        open_to_all(opened, no_receipt_max=100_000)
        opened.settings = msgspec.structs.replace(opened.settings, labels=LABELS)
        yield opened


@pytest.fixture
def till(store: Store) -> Till:
    return store.till()


async def bought(till: Till, *texts: str) -> Paid:
    for text in texts:
        await till.scan(text)
    paid = await till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid), paid
    return paid


@pytest.mark.parametrize(
    ("text", "count", "item", "quantity"),
    [
        (APPLES, 3, "1001", 3),
        ("1001", 1, "1001", 1),
        (label("24", HAM, 1100, 314), 1, HAM, 314),  # an old price is no reason to keep the goods
        (label("22", HAM, 2000), 1, HAM, 1000),
        (label("21", HAM, 1250), 1, HAM, 314),
        (label("21", EGGS, 1500), 2, EGGS, 6),
        (HAM, 1, HAM, None),
        (f"01{GTIN}17200101", 1, CHEESE, 1),  # past its date: that is why it comes back
    ],
)
async def test_what_comes_back_is_named_as_it_is_scanned(
    till: Till, text: str, count: int, item: str, quantity: int | None
) -> None:
    found = await till.returns.look_at(text, count)
    assert isinstance(found, Brought), found
    assert (found.item, found.quantity) == (item, quantity)
    assert found.names


@pytest.mark.parametrize(
    ("text", "count", "code"),
    [
        ("6900000000007", 1, "goods_unknown"),
        ("nothing", 1, "goods_unknown"),
        (label("21", "2999", 1251), 1, "goods_unknown"),
        (HAM, 3, "weighed_times"),
        (label("22", HAM, 2000), 2, "weighed_times"),
    ],
)
async def test_what_nobody_can_take_back_is_said_at_once(till: Till, text: str, count: int, code: str) -> None:
    assert code_of(await till.returns.look_at(text, count)) == code


async def test_weighed_goods_pay_back_by_their_weight(till: Till) -> None:
    """39.80 a kilogram, members 35.80: nobody can say what was paid, so it is the lower."""
    back = await till.returns.take_without_receipt([(HAM, 314), (EGGS, 2)])
    assert isinstance(back, Returned)
    assert back.total_minor == 1124 + 1000


async def test_a_deposit_comes_back_with_its_goods_and_only_once(store: Store, till: Till) -> None:
    paid = await bought(till, f"3*{BEER}", APPLES)
    found = await till.returns.find(paid.receipt)
    assert isinstance(found, ReturnView)
    assert [(line.item, line.deposit_of) for line in found.lines] == [(BEER, 0), (BOTTLE, 1), ("1001", 0)]
    foreseen = await till.returns.foresee(paid.receipt, {1: 1})
    assert isinstance(foreseen, Foreseen)
    assert ([one.item for one in foreseen.goods], foreseen.total_minor) == ([BEER, BOTTLE], 799 + 500)
    for wanted, total in [({1: 1}, 799 + 500), ({2: 1}, 500), ({1: 2}, 2 * 799 + 500)]:
        back = await till.returns.take(paid.receipt, wanted)
        assert isinstance(back, Returned)
        assert back.total_minor == total
    assert code_of(await till.returns.take(paid.receipt, {2: 1})) == "returned_before"
    gone = [one for one in await events(store) if isinstance(one, SaleReturned)]
    assert sum(line.quantity for one in gone for line in one.lines if line.of_line == 2) == 3


async def test_who_names_the_deposit_says_how_much_of_it_comes_back(till: Till) -> None:
    paid = await bought(till, f"3*{BEER}")
    back = await till.returns.take(paid.receipt, {1: 3, 2: 1})
    assert isinstance(back, Returned)
    assert back.total_minor == 3 * 799 + 500


async def test_a_receipt_of_which_nothing_is_left_names_the_receipt_it_came_back_by(till: Till) -> None:
    paid = await bought(till, APPLES)
    back = await till.returns.take(paid.receipt)
    assert isinstance(back, Returned)
    again = await till.returns.find(paid.receipt)
    assert isinstance(again, Refused)
    assert (again.code, again.detail) == ("all_returned", f"{back.receipt} (2026-01-01)")


async def test_the_page_brings_the_deposit_along_and_says_when_nothing_is_left(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        book = at.store.books.books[1]
        book.items[BEER] = msgspec.structs.replace(make_item(BEER, name="Beer"), deposit=BOTTLE)
        book.items[BOTTLE] = make_item(BOTTLE, name="Bottle")
        book.prices |= {
            BEER: Price(item=BEER, regular_minor=799),
            BOTTLE: Price(item=BOTTLE, regular_minor=500),
        }
        paid = await bought(at.till, f"2*{BEER}", APPLES)
        await at.presses("F9")
        await at.types("1", paid.receipt, "1", "1")
        assert at.screen.question is not None
        assert [one.number for one in at.screen.question.options] == [0, 3], "the deposit needs no choosing"
        await at.types("0")
        pane = (await at.shown())["pane"]
        assert book.items[BOTTLE].names["zh"] in pane
        assert "12.99" in pane
        await at.types("1")
        await at.presses("F9")
        await at.types("1", paid.receipt, "0", "1")
        assert at.told == ""
        await at.presses("F9")
        await at.types("1", paid.receipt)
        assert at.told == "all_returned"
        assert "已全部退回" in (await at.shown())["banner"]


async def test_a_quantity_before_a_label_multiplies_its_pieces_and_never_a_weight(till: Till) -> None:
    added = await till.scan(label("21", EGGS, 1000), count=3)
    assert isinstance(added, LineAdded)
    assert (added.line.quantity, added.total_minor) == (6, 3000)
    for text in (label("22", HAM, 2000), label("24", HAM, 1250, 314), HAM):
        assert code_of(await till.scan(text, count=3)) == "weighed_times"
        assert code_of(await till.scan(f"3*{text}")) == "weighed_times"
    assert code_of(await till.ring_item(HAM, count=2)) == "weighed_times"
    view = await till.view()
    assert view is not None
    assert len(view.priced.lines) == 1
