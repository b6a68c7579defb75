"""An item chosen from a search or a quick key, or typed by its own number, is sold whatever it is called."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.prices import search
from shared.wire.policies import QuickKey
from tests.edge.person import Person, person
from tests.edge.tills import APPLES

NUMBERS = ["p1026258", "1026258", "10262589", "123456789012345", "SKU-2026/0004711-red-x", "x" * 31 + "1"]
"""Item numbers as chains have them: seven digits, eight that are no EAN-8, letters, and the longest there may be."""


async def kept_as(at: Person, number: str) -> None:
    """Put an item with this number into the store's book, beside the others."""
    book = at.store.books.books[1]
    book.items[number] = msgspec.structs.replace(book.items["1001"], item=number, barcodes=[], names={"en": "Oatmilk"})
    book.prices[number] = msgspec.structs.replace(book.prices["1001"], item=number)
    await at.store.database.run(lambda db: search.index(db, book.items.values()))


@pytest.mark.parametrize("number", NUMBERS)
async def test_an_item_found_by_its_name_is_sold_whatever_its_number(tmp_path: Path, number: str) -> None:
    async with person(tmp_path) as at:
        await kept_as(at, number)
        await at.types("Oatm", "1")
        assert (at.told, await at.lines()) == ("", [(number, 1)])


@pytest.mark.parametrize("number", NUMBERS)
async def test_an_item_number_can_be_typed_however_long(tmp_path: Path, number: str) -> None:
    async with person(tmp_path) as at:
        await kept_as(at, number)
        await at.types("3*", number)
        assert (at.told, await at.lines()) == ("", [(number, 3)])
        await at.types(f"2*{number}")
        assert sum(count for _item, count in await at.lines()) == 5


async def test_a_quick_key_sells_its_item_also_after_an_age_check(tmp_path: Path) -> None:
    async with person(
        tmp_path, quick_keys=[QuickKey(item="p1026258", words={"en": "Oat"})], keys={"quick_keys": "F12"}
    ) as at:
        await kept_as(at, "p1026258")
        items = at.store.books.books[1].items
        items["p1026258"] = msgspec.structs.replace(items["p1026258"], min_age=18)
        await at.presses("F12")
        await at.types("1")
        assert at.asked == "age"
        await at.types("1")
        assert await at.lines() == [("p1026258", 1)]


async def test_a_number_that_is_also_a_barcode_of_other_goods_sells_what_was_chosen(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await kept_as(at, APPLES)
        items = at.store.books.books[1].items
        own = msgspec.structs.replace(items["1001"].barcodes[0], code="6920546800054")
        items[APPLES] = msgspec.structs.replace(items[APPLES], barcodes=[own])
        await at.types("Oatm", "1")
        assert await at.lines() == [(APPLES, 1)]
