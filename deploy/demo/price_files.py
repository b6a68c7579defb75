"""Price books as the spreadsheets that head office imports."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from deploy.demo.catalogue import CatalogueItem, item_code
from deploy.demo.weekly_prices import Quote, book_row


def items_file(items: Iterable[CatalogueItem]) -> bytes:
    """Return a CSV file of items."""
    return _csv(
        ("item", "name_en", "receipt_name", "barcodes", "category", "brand", "unit"),
        (
            (item.item, item.name, item.receipt_name, item.barcode, item.category, item.brand, item.unit)
            for item in items
        ),
    )


def prices_file(prices: Mapping[tuple[str, int], Quote]) -> bytes:
    """Return a CSV file of prices by (zone, product)."""
    return _csv(
        ("zone", "item", "regular", "member", "basis"),
        (_price_cells(zone, product, quote) for (zone, product), quote in sorted(prices.items())),
    )


def _price_cells(zone: str, product: int, quote: Quote) -> Sequence[str]:
    row = book_row(quote)
    member = "" if row.member_minor is None else _decimal(row.member_minor)
    return zone, item_code(product), _decimal(row.regular_minor), member, str(row.basis)


def _decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
