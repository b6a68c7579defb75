"""The prepared text of all items finds what looking into each item finds, also after some have changed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cloud.prices.catalogue import Catalogue, folded
from shared.pricing import Item
from shared.pricing.price_list import Barcode

WORDS = st.sampled_from(["Milk", "milk 1", "奶", "牛奶", "ＭＩＬＫ", "\x01\x05", "a", "ab", "b a", '"\\', "  "])
NUMBERS = st.sampled_from(["1", "11", "a1", "A1", "奶1", "1\x02"])


@st.composite
def items(draw: st.DrawFn) -> dict[str, Item]:
    made = {}
    for number in draw(st.sets(NUMBERS)):
        texts = draw(st.lists(WORDS, min_size=1, max_size=2))
        codes = draw(st.lists(st.sampled_from(["1", "111", "A1"]), max_size=2))
        made[number] = Item(
            item=number,
            names=dict(zip(("en", "zh"), texts, strict=False)),
            receipt_name="x",
            barcodes=[Barcode(code) for code in codes],
            brand=draw(st.sampled_from(["", "b", "c"])),
            initials=draw(st.sampled_from(["", "a", "1a"])),
        )
    return made


def rank(item: Item, wanted: str) -> int | None:
    """How well it fits, told from the item itself."""
    names = [folded(name) for name in item.names.values()]
    fits = (
        folded(item.item) == wanted,
        any(folded(one.code) == wanted for one in item.barcodes),
        any(name.startswith(wanted) for name in names) or folded(item.item).startswith(wanted),
        any(wanted in name for name in names) or item.initials.startswith(wanted),
    )
    return next((place for place, fit in enumerate(fits) if fit), None)


@given(items(), items(), st.sets(NUMBERS), WORDS | NUMBERS, st.integers(1, 4))
def test_it_finds_what_looking_into_each_item_finds(
    before: dict[str, Item], after: dict[str, Item], hidden: set[str], typed: str, limit: int
) -> None:
    first = Catalogue().changed("1", (), before.values(), without=set())
    assert first.changed("2", before.values(), (), without=set(before)).numbers == []
    shelf = first.changed("2", [before[one] for one in after if one in before], after.values(), without=set(after))
    now = {**before, **after}
    assert sorted(shelf.numbers) == sorted(now)
    assert {k: n for k, n in shelf.values["brands"].items() if n} == {
        brand: sum(one.brand == brand for one in now.values()) for brand in {one.brand for one in now.values()}
    }
    wanted = folded(typed)
    if not wanted:
        return
    best = sorted(
        (place, min(map(folded, one.names.values())), one.item)
        for one in now.values()
        if one.item not in hidden and (place := rank(one, wanted)) is not None
    )
    assert shelf.find(wanted, limit, dict.fromkeys(hidden)) == [number for _, _, number in best[:limit]]
