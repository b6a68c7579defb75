"""Looking things up at the till's page: by a part of the name, once each time; prices without a sale; full width."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.prices import search
from edge_agent.till.looking.catalogue import Catalogue
from edge_agent.till.results import FoundByName, PriceChecked
from tests.edge.person import Person, person
from tests.edge.tills import APPLES, MILK


async def index(at: Person) -> None:
    items = list(at.store.books.books[1].items.values())
    await at.store.database.run(lambda db: search.index(db, items))


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was searched for."""
    sought: list[str] = []
    search_ = Catalogue.search

    async def counted(self: Catalogue, text: str) -> list[FoundByName]:
        sought.append(text)
        return await search_(self, text)

    monkeypatch.setattr(Catalogue, "search", counted)
    return sought


@pytest.mark.parametrize("text", ["App", "zzz", "牛", "10"])
async def test_a_search_walks_over_the_names_once(tmp_path: Path, searches: list[str], text: str) -> None:
    async with person(tmp_path) as at:
        await index(at)
        await at.types(text)
        if at.screen.question is not None and at.screen.question.options:
            await at.types("1")
        assert searches == [text]


async def test_another_search_is_another_walk(tmp_path: Path, searches: list[str]) -> None:
    async with person(tmp_path) as at:
        await index(at)
        await at.types("App", "zzz", "牛", "1")
        assert searches == ["App", "zzz", "牛"]
        assert await at.lines() == [("1002", 1)]


async def test_a_price_is_asked_by_code_by_name_and_by_what_is_chosen(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await index(at)
        await at.presses("F6")
        await at.types("牛")
        question = at.screen.question
        assert question is not None
        assert (at.asked, [one.value for one in question.options]) == ("check", ["1002"])
        await at.types("1")
        detail = at.detail
        assert isinstance(detail, PriceChecked)
        assert (at.asked, detail.item, detail.regular_minor) == ("check", "1002", 1_299)
        await at.scans(APPLES)
        detail = at.detail
        assert isinstance(detail, PriceChecked)
        assert detail.item == "1001"
        await at.types("zzz")
        assert (at.asked, at.told) == ("check", "unknown_item")
        await at.presses("Escape")
        assert (at.asked, await at.lines()) == ("", []), "nothing was sold by asking"


async def test_what_an_input_method_writes_in_full_width_is_read_as_what_is_meant(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        await index(at)
        await at.types("３＊")
        await at.scans(MILK)
        assert await at.lines() == [("1002", 3)]
        await at.types("＊２", "１００１")
        assert await at.lines() == [("1002", 2), ("1001", 1)]
        await at.types("ａｐｐ", "１")
        assert await at.lines() == [("1002", 2), ("1001", 1), ("1001", 1)]
        await at.presses("+")
        await at.types("￥５０．００")
        assert at.screen.paid is not None
        assert at.screen.paid.change_minor == 5_000 - at.screen.paid.total_minor


async def test_names_in_full_width_are_found_as_they_are_typed(tmp_path: Path) -> None:
    async with person(tmp_path) as at:
        milk = at.store.books.books[1].items["1002"]
        wide = msgspec.structs.replace(milk, names={"zh": "鲜牛奶（２Ｌ）"})
        await at.store.database.run(lambda db: search.index(db, [wide]))
        for text in ("（2l", "(2L)", "奶（２"):
            assert [one.item for one in await at.till.catalogue.search(text)] == ["1002"]


@pytest.mark.parametrize("text", ["cnn", "没有这个"])
async def test_letters_that_no_name_has_lead_to_another_search(tmp_path: Path, text: str) -> None:
    async with person(tmp_path) as at:
        await index(at)
        await at.types(text)
        assert (at.asked, at.screen.sound) == ("found", "refused")
        assert f"未找到“{text}”" in (await at.shown())["pane"]
        await at.types("牛", "1")
        assert await at.lines() == [("1002", 1)]
