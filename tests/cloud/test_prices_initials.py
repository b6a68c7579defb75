"""Initials of item names: by the reading a character has in its word."""

from __future__ import annotations

import pytest

from cloud.prices.columns import Bad, format_row, parse_row
from cloud.prices.initials import initials_of
from shared.body import BodyKind
from shared.pricing import Item


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("蒙牛纯牛奶250ml", "mncnn250ml"),
        ("金龙鱼 葵花籽油 5L", "jlykhzy5l"),
        ("重庆火锅底料", "cqhgdl"),
        ("长城干红", "ccgh"),
        ("乐事薯片（原味）", "lsspyw"),
        ("Milk 1 l", ""),
        ("", ""),
    ],
)
def test_initials_are_those_a_cashier_types(name: str, initials: str) -> None:
    assert initials_of(name) == initials


def test_a_sheet_says_ages_hours_deposits_and_initials_and_reads_back() -> None:
    cells = {
        "item": "3001",
        "name_zh": "啤酒",
        "min_age": "18",
        "sale_hours": "06:00-22:00 22:30-24:00",
        "deposit": "9001",
    }
    item = parse_row(BodyKind.ITEMS, cells, 2)
    assert isinstance(item, Item)
    assert (item.min_age, item.sale_hours, item.deposit) == (18, ["06:00-22:00", "22:30-24:00"], "9001")
    assert item.initials == "pj"
    columns = ("item", "name_zh", "min_age", "sale_hours", "deposit", "initials")
    texts = format_row(BodyKind.ITEMS, "", item, 2, columns)
    assert parse_row(BodyKind.ITEMS, dict(zip(columns, texts, strict=True)), 2) == item
    with pytest.raises(Bad):
        parse_row(BodyKind.ITEMS, {**cells, "sale_hours": "6-22"}, 2)
