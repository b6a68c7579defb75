"""Items whose price the till asks for, as sheets write them."""

from __future__ import annotations

import pytest

from cloud.prices.columns import Bad, format_row, parse_row
from shared.body import BodyKind
from shared.pricing import Item, Price
from shared.pricing.price_list import OpenPrice


def _again(row: Item) -> Item | Price | None:
    columns = ("item", "name_zh", "initials", "open_price_from", "open_price_to")
    texts = format_row(BodyKind.ITEMS, "", row, 2, columns)
    return parse_row(BodyKind.ITEMS, dict(zip(columns, texts, strict=True)), 2)


@pytest.mark.parametrize(
    ("cells", "open_price"),
    [
        ({}, None),
        ({"open_price_from": "1", "open_price_to": "99.50"}, OpenPrice(100, 9_950)),
        ({"open_price_from": "5", "open_price_to": "5"}, OpenPrice(500, 500)),
    ],
)
def test_an_open_price_is_read_and_written(cells: dict[str, str], open_price: OpenPrice | None) -> None:
    row = parse_row(BodyKind.ITEMS, {"item": "9", "name_zh": "花束", **cells}, 2)
    assert isinstance(row, Item)
    assert row.open_price == open_price
    assert _again(row) == row


@pytest.mark.parametrize(
    "cells",
    [
        {"open_price_from": "1"},
        {"open_price_to": "1"},
        {"open_price_from": "2", "open_price_to": "1"},
        {"open_price_from": "0", "open_price_to": "1"},
        {"open_price_from": "1", "open_price_to": "2", "unit": "g"},
    ],
)
def test_an_open_price_without_sense_is_named(cells: dict[str, str]) -> None:
    with pytest.raises(Bad):
        parse_row(BodyKind.ITEMS, {"item": "9", "name_zh": "花束", **cells}, 2)
