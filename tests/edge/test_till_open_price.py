"""Items whose price is asked for at the till: the bounds, the approval beyond them, the sale and its audit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from edge_agent.till.asks import ApprovalAsked, PriceAsked
from edge_agent.till.results import LineAdded, Paid, Refused
from edge_agent.till.till import Till
from shared.money import UnitPrice
from shared.pricing.price_list import OpenPrice
from shared.wire.events import TenderKind
from shared.wire.till_events import AdjustmentKind
from tests.edge.person import person
from tests.edge.staffing import SUE, staffed
from tests.edge.test_till_offers import prices_again, sales
from tests.edge.tills import APPLES, MILK, MemoryBooks, Store, opened_store, till_book
from tests.factories import STANDARD_ITEMS

ITEM = "1001"
OPEN = next(one for one in STANDARD_ITEMS if one.item == ITEM)
OPEN = msgspec.structs.replace(OPEN, open_price=OpenPrice(100, 1_000))


@asynccontextmanager
async def selling(folder: Path, *, signed_in: bool = False) -> AsyncIterator[tuple[Store, Till]]:
    async with opened_store(folder, books=MemoryBooks(till_book(items={ITEM: OPEN}))) as store:
        till = store.till()
        if signed_in:
            staffed(store)
            await till.people.sign_in("anna", "2580")
        yield store, till


async def test_a_scan_asks_for_the_price_and_rings_nothing_up(tmp_path: Path) -> None:
    async with selling(tmp_path) as (_store, till):
        answer = await till.scan(f"3*{APPLES}")
        assert isinstance(answer, Refused)
        asks = answer.asks
        assert isinstance(asks, PriceAsked)
        assert (asks.least_minor, asks.most_minor, asks.suggested_minor, asks.count) == (100, 1_000, 500, 3)
        assert await till.view() is None


async def test_the_price_stands_on_the_sale_for_every_piece_and_the_engine_comes_to_it_again(tmp_path: Path) -> None:
    async with selling(tmp_path) as (store, till):
        added = await till.ring_at(APPLES, 730, 2)
        assert isinstance(added, LineAdded)
        await till.scan(MILK)
        await till.set_quantity(3, 1)
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert paid.total_minor == 3 * 730 + 1_299
        (sale,) = await sales(store)
        assert (sale.lines[0].price, sale.lines[0].quantity) == (UnitPrice(730), 3)
        assert sale.adjustments == []
        assert not prices_again(sale, store), "the book alone does not say it"


async def test_two_of_them_at_two_prices_are_two_lines(tmp_path: Path) -> None:
    async with selling(tmp_path) as (store, till):
        await till.ring_at(APPLES, 200)
        await till.ring_at(APPLES, 300)
        await till.tender(TenderKind.CASH)
        (sale,) = await sales(store)
        assert [line.net_minor for line in sale.lines] == [200, 300]


@pytest.mark.parametrize("minor", [99, 1_001])
async def test_beyond_its_bounds_somebody_else_approves_and_is_named(tmp_path: Path, minor: int) -> None:
    async with selling(tmp_path, signed_in=True) as (store, till):
        answer = await till.ring_at(APPLES, minor)
        assert isinstance(answer, Refused)
        assert isinstance(answer.asks, ApprovalAsked)
        assert isinstance(await till.ring_at(APPLES, minor, approve=SUE), LineAdded)
        await till.tender(TenderKind.CASH)
        (sale,) = await sales(store)
        assert sale.total_minor == minor
        (kept,) = sale.adjustments
        assert (kept.kind, kept.minor, kept.reason, kept.by) == (AdjustmentKind.PRICE_OVERRIDE, 0, "open_price", "anna")
        assert kept.approved_by == "sue"


@pytest.mark.parametrize("minor", [0, -1, 10**9])
async def test_what_is_no_price_is_refused(tmp_path: Path, minor: int) -> None:
    async with selling(tmp_path) as (_store, till):
        answer = await till.ring_at(APPLES, minor)
        assert isinstance(answer, Refused)
        assert answer.code == "open_price_amount"


async def test_a_power_cut_keeps_the_price(tmp_path: Path) -> None:
    async with selling(tmp_path) as (_store, till):
        await till.ring_at(APPLES, 730)
    async with selling(tmp_path) as (_store, till):
        view = await till.view()
        assert view is not None
        assert view.priced.total_minor == 730


async def test_the_page_asks_for_the_price_of_three(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        at.store.books.books[1].items[ITEM] = OPEN
        await at.types("3*")
        await at.scans(APPLES)
        assert at.asked == "open_price"
        await at.types("2.50")
        assert (await at.lines(), await at.total()) == ([(ITEM, 3)], 750)
        await at.scans(APPLES)
        await at.types("")
        assert await at.total() == 750 + 500
