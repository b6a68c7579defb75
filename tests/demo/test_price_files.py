"""Price books as spreadsheets: exactly what head office's import reads back."""

from __future__ import annotations

from fractions import Fraction

from cloud.prices.columns import parse_row
from cloud.prices.sheets import read_sheet
from deploy.demo.catalogue import barcode, catalogue
from deploy.demo.dataset import Dataset, Product
from deploy.demo.price_files import items_file, prices_file
from deploy.demo.weekly_prices import Quote
from shared.body import BodyKind
from shared.pricing import Item, Price, Unit
from shared.pricing.price_list import Barcode


def rows_of(kind: BodyKind, content: bytes) -> list[Item | Price | None]:
    return [parse_row(kind, row.cells, 2) for row in read_sheet(content).rows]


def test_prices_keep_their_exact_fraction_through_the_file():
    quotes = {
        ("s1", 3): Quote(Fraction(500, 3), Fraction(5)),
        ("s1", 1): Quote(Fraction(199)),
        ("s2", 7): Quote(Fraction(2299, 10_000), Fraction(2199, 10_000)),
    }
    assert rows_of(BodyKind.PRICES, prices_file(quotes)) == [
        Price(item="p1", regular_minor=199),
        Price(item="p3", regular_minor=500, member_minor=15, basis=3),
        Price(item="p7", regular_minor=2299, member_minor=2199, basis=10_000),
    ]


def test_items_keep_their_names_codes_and_units_through_the_file():
    products = {9: Product(9, "GROCERY", "SAUCES, ETC", 'BBQ "HOT"', "National", "18 OZ")}
    dataset = Dataset((1,), products, (), (), frozenset({7}), frozenset())
    assert rows_of(BodyKind.ITEMS, items_file(catalogue(dataset, [7, 9]))) == [
        Item(
            item="p7",
            names={"en": "Item 7"},
            receipt_name="Item 7",
            barcodes=[Barcode(barcode(7))],
            unit=Unit.MILLILITRE,
        ),
        Item(
            item="p9",
            names={"en": 'Bbq "hot" 18 oz'},
            receipt_name='Bbq "hot" 18 oz',
            barcodes=[Barcode(barcode(9))],
            category='grocery/sauces, etc/bbq "hot"',
            brand="National",
        ),
    ]
