"""Promotions on the agent's disk: read by version, indexed once, and never a book with a row that cannot price."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from edge_agent.clock import DrivenBusinessClock
from edge_agent.disk.database import Database
from edge_agent.prices import timeline
from edge_agent.prices.books import PriceBooks
from edge_agent.prices.indexing import LARGE, lasting_index
from edge_agent.prices.keeper import PriceKeeper
from shared.pricing import BasketLine, Item, Price, PricingContext, PromotionIndex, price_basket
from shared.pricing.index import Listed
from shared.pricing.kinds import NForPrice, PercentOff
from shared.pricing.promotion_rows import PromotionUnreadable
from shared.pricing.scope import Scope
from shared.wire.desired import TimelineEntry
from tests.edge.hq import Book, MemoryBodies, entry, row
from tests.factories import START_MS, STORE, ZONE

CONTEXT = PricingContext(at_ms=START_MS, time_zone=ZONE)
HOUR_MS = 3_600_000


@pytest.fixture
async def bodies(database: Database) -> MemoryBodies:
    await database.run(
        lambda db: db.execute("INSERT INTO agent (one, agent, store, epoch) VALUES (1, 'a', ?, x'00')", (STORE,))
    )
    return MemoryBodies()


@pytest.fixture
def books() -> PriceBooks:
    return PriceBooks(DrivenBusinessClock(START_MS))


@pytest.fixture
def keeper(database: Database, bodies: MemoryBodies, books: PriceBooks, tmp_path: Path) -> PriceKeeper:
    return PriceKeeper(
        database,
        bodies,
        DrivenBusinessClock(START_MS),
        books=books,
        directory=tmp_path / "downloads",
        changed=lambda: None,
        random=lambda: 1.0,
    )


def book(promotions: dict[str, bytes]) -> Book:
    item = Item(item="1", names={"en": "Tea"}, receipt_name="TEA", category="food/tea")
    return Book({"1": row(item)}, {"1": row(Price(item="1", regular_minor=500))}, promotions=promotions)


async def settle(database: Database, keeper: PriceKeeper, *entries: TimelineEntry) -> None:
    await database.run(lambda db: timeline.replace_timeline(db, entries, STORE))
    await keeper.settle()


def total(books: PriceBooks, database: Database, version: int) -> object:
    lines = [BasketLine(n=1, item="1", quantity=3)]
    return database.run(lambda db: price_basket(lines, books.at(db, version), CONTEXT).total_minor)


async def test_a_version_prices_by_its_own_promotions(
    database: Database, bodies: MemoryBodies, keeper: PriceKeeper
) -> None:
    three = msgspec.json.encode(NForPrice(promotion="three", n=3, price_minor=1200))
    tenth = msgspec.json.encode(PercentOff(promotion="tenth", off_bp=1000, scope=Scope(categories=["food"])))
    await settle(
        database,
        keeper,
        entry(bodies, 1, book({"three": three}), START_MS),
        entry(bodies, 2, book({"three": three, "tenth": tenth}), START_MS + HOUR_MS),
        entry(bodies, 3, book({"tenth": tenth}), START_MS + 2 * HOUR_MS),
    )
    books = PriceBooks(DrivenBusinessClock(START_MS))
    # 15.00; three for 12.00; with 10 % off before it (13.50), still 12.00; 10 % off alone.
    assert [await total(books, database, version) for version in (1, 2, 3)] == [1200, 1200, 1350]  # type: ignore[misc]


async def test_an_index_is_built_once_a_version(database: Database, bodies: MemoryBodies, keeper: PriceKeeper) -> None:
    row_ = msgspec.json.encode(NForPrice(promotion="three", n=3, price_minor=1200))
    await settle(database, keeper, entry(bodies, 1, book({"three": row_}), START_MS))
    books = PriceBooks(DrivenBusinessClock(START_MS))
    first = await database.run(lambda db: books.at(db, 1).promotions())
    assert await database.run(lambda db: books.at(db, 1).promotions()) is first


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'{"kind":"lottery","promotion":"x"}', "kind 'lottery' is unknown to engine level"),
        (b'{"kind":"percent_off","promotion":"x","off_bp":500,"on_sundays":true}', "on_sundays"),
        (b'{"kind":"percent_off","promotion":"x","off_bp":0}', "off_bp is 1 to 10000"),
    ],
)
async def test_a_book_with_a_row_it_cannot_price_by_never_comes_into_force_and_says_so(
    database: Database, bodies: MemoryBodies, keeper: PriceKeeper, content: bytes, said: str
) -> None:
    good = entry(bodies, 1, book({}), START_MS)
    bad = entry(bodies, 2, book({"x": content}), START_MS)
    await settle(database, keeper, good)
    await settle(database, keeper, good, bad)
    books = PriceBooks(DrivenBusinessClock(START_MS))
    assert await database.run(books.in_force) == 1
    (problem,) = keeper.refusals
    assert problem.startswith("price_book: 2 is refused: promotion 'x'")
    assert said in problem
    # What comes after it is not held up.
    mended = entry(bodies, 3, book({}), START_MS)
    await settle(database, keeper, good, bad, mended)
    assert await database.run(books.in_force) == 3


async def test_no_scan_waits_for_the_index_of_a_new_book_and_a_change_of_prices_makes_none(
    database: Database, bodies: MemoryBodies, books: PriceBooks, keeper: PriceKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def noted(rows: Sequence[bytes]) -> PromotionIndex:
        made.append(len(rows))
        return lasting_index(rows)

    monkeypatch.setattr("edge_agent.prices.books.lasting_index", noted)
    three = book({"three": msgspec.json.encode(NForPrice(promotion="three", n=3, price_minor=1200))})
    dearer = replace(three, prices={"1": row(Price(item="1", regular_minor=600))})
    first, second = entry(bodies, 1, three, START_MS), entry(bodies, 2, dearer, START_MS + HOUR_MS)
    await settle(database, keeper, first, second, entry(bodies, 3, book({}), START_MS + 2 * HOUR_MS))
    assert made == [1, 0], "one for the first two books, one for the third"
    one, two = [await database.run(lambda db, n=n: books.at(db, n).promotions()) for n in (1, 2)]  # type: ignore[misc]
    assert one is two
    assert made == [1, 0], "a till found what the keeper had made ready"
    again = PriceBooks(DrivenBusinessClock(START_MS))  # as after a restart
    await database.read(again.prepare)
    assert made == [1, 0, 1], "what is sold by, and what comes next, without a second index for the same promotions"


class Knot:
    """Something in a cycle, such as a connection that was open while a book was indexed."""

    def __init__(self) -> None:
        self.itself = self


def test_a_large_book_is_out_of_the_collectors_way_and_nothing_that_dies_stays_beyond_the_next_one() -> None:
    """Pricing beside 5,000 promotions waited up to 50 ms for the collector, which walked through all of them."""
    rows = [
        msgspec.json.encode(PercentOff(promotion=f"p{n}", off_bp=500, scope=Scope(items=[f"i{n}", f"j{n}"])))
        for n in range(LARGE)
    ]
    knot = Knot()
    gone = weakref.ref(knot)
    index = lasting_index(rows)
    assert not any(isinstance(one, Listed) for one in gc.get_objects()), "the collector does not look at it"
    assert len(index) == LARGE
    del knot
    lasting_index(rows)
    assert gone() is None
    with pytest.raises(PromotionUnreadable):
        lasting_index([*rows, b"{}"])
    assert gc.isenabled()
