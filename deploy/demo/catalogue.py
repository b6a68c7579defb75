"""The item catalogue: source products with generated barcodes, names from their descriptions, category paths."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deploy.demo.dataset import Dataset, Product

_PREFIX = "04"
"""GS1's range for numbers used within one company (040 to 049): no real product has such a code, and no scale
label either (those start with 02 and 20 to 29)."""
_RECEIPT_CHARACTERS = 24


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """An item as head office imports it.

    `unit` is `each`, or for petrol the till's volume, `ml`: there it counts what the source counts, thousandths of a
    gallon, or cents where petrol was paid ahead.
    """

    item: str
    name: str
    receipt_name: str
    barcode: str
    category: str
    brand: str
    unit: str


def barcode(product: int) -> str:
    """Return a product's EAN-13: the company-internal prefix, its number, the check digit."""
    digits = f"{_PREFIX}{product:010d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def item_code(product: int) -> str:
    """Return the item id of a product."""
    return f"p{product}"


def catalogue(dataset: Dataset, products: Iterable[int]) -> list[CatalogueItem]:
    """Return the items for the given products, in order of their numbers."""
    return [_item(dataset, product) for product in sorted(products)]


def _item(dataset: Dataset, product: int) -> CatalogueItem:
    known = dataset.products.get(product, Product(product))
    name = _name(known)
    return CatalogueItem(
        item=item_code(product),
        name=name,
        receipt_name=name[:_RECEIPT_CHARACTERS].rstrip(),
        barcode=barcode(product),
        category="/".join(_part(part) for part in (known.department, known.category, known.kind) if part.strip()),
        brand=known.brand,
        unit="ml" if product in dataset.fuel else "each",
    )


def _name(product: Product) -> str:
    words = product.kind or product.category or product.department
    text = " ".join(f"{words} {product.size}".split())
    return text.capitalize() if text else f"Item {product.id}"


def _part(text: str) -> str:
    """A path is joined by '/', so a part has none of its own."""
    return " ".join(text.replace("/", " & ").split()).lower()
