"""What HQ called back comes to no line, whichever way it was found, and is not paid for where it stands already."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.prices import search
from shared.codes import Recall
from shared.pricing.price_list import Barcode, OpenPrice
from shared.wire.policies import QuickKey
from tests.edge.person import Person, person
from tests.edge.tills import APPLES

BY_GTIN = Recall(gtin=APPLES, reason="glass")
BY_ITEM = Recall(item="1001", reason="glass")


async def call_back(at: Person, recall: Recall) -> None:
    at.store.settings = msgspec.structs.replace(at.store.settings, recalls=[recall])


async def scanned(at: Person) -> None:
    await at.scans(APPLES)


async def typed_number(at: Person) -> None:
    await at.types("1001")


async def typed_times_number(at: Person) -> None:
    await at.types("3*1001")


async def found_by_name(at: Person) -> None:
    await at.types("Appl", "1")


async def by_quick_key(at: Person) -> None:
    await at.presses("F3")
    await at.types("1")


async def at_an_asked_price(at: Person) -> None:
    """Called back between the question for its price and the answer."""
    recalls = at.store.settings.recalls
    at.store.settings = msgspec.structs.replace(at.store.settings, recalls=[])
    items = at.store.books.books[1].items
    items["1001"] = msgspec.structs.replace(items["1001"], open_price=OpenPrice(least_minor=100, most_minor=900))
    await at.types("1001")
    assert at.asked == "open_price"
    at.store.settings = msgspec.structs.replace(at.store.settings, recalls=recalls)
    await at.types("5")


async def after_an_age_check(at: Person) -> None:
    items = at.store.books.books[1].items
    recalls = at.store.settings.recalls
    at.store.settings = msgspec.structs.replace(at.store.settings, recalls=[])
    items["1001"] = msgspec.structs.replace(items["1001"], min_age=18)
    await at.types("1001")
    assert at.asked == "age"
    at.store.settings = msgspec.structs.replace(at.store.settings, recalls=recalls)
    await at.types("1")


WAYS = [
    scanned, typed_number, typed_times_number, found_by_name, by_quick_key, at_an_asked_price, after_an_age_check
]  # fmt: skip


@pytest.mark.parametrize("recall", [BY_GTIN, BY_ITEM], ids=["gtin", "item"])
@pytest.mark.parametrize("way", WAYS)
async def test_what_was_called_back_is_not_rung_up_however_it_is_found(
    tmp_path: Path, way: object, recall: Recall
) -> None:
    async with person(tmp_path, quick_keys=[QuickKey(item="1001", words={"en": "Apples"})]) as at:
        items = at.store.books.books[1].items
        await at.store.database.run(lambda db: search.index(db, items.values()))
        await call_back(at, recall)
        await way(at)  # type: ignore[operator]
        assert (at.told, await at.lines()) == ("recalled", [])


async def test_another_pack_of_the_item_is_sold_when_it_is_scanned_and_not_when_it_is_chosen(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        items = at.store.books.books[1].items
        both = [*items["1001"].barcodes, Barcode("4006381333931")]
        items["1001"] = msgspec.structs.replace(items["1001"], barcodes=both)
        await call_back(at, Recall(gtin="04006381333931", reason="glass"))
        await at.scans("4006381333931")
        assert at.told == "recalled"
        await at.types("1001")
        assert at.told == "recalled"
        await at.scans(APPLES)
        assert await at.lines() == [("1001", 1)]


async def test_what_is_called_back_after_its_scan_is_not_paid_for(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await at.scans(APPLES)
        await at.presses("F4")
        await at.types("")
        await call_back(at, BY_GTIN)
        await at.presses("F5")
        await at.types("1")
        await at.presses("+")
        await at.types("")
        assert at.told == "recalled"
        assert at.screen.paid is None
        assert at.screen.notice is not None
        assert at.screen.notice.what.startswith("1: "), "which line it is"
        await at.presses("Escape", "Delete")
        assert await at.lines() == []
