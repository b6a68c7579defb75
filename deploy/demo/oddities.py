"""Every kind of source row, and its way through the till or the named reason to skip it.

| row | what happens |
|---|---|
| ordinary | scanned; paper coupon and the chain's part of it handed over for the line |
| petrol by the thousandth of a gallon | scanned, the quantity entered as volume |
| petrol paid ahead (one piece of any amount) | scanned; priced at one cent, the amount entered as volume |
| value 0, goods given free with the card | scanned at book price, a chain coupon takes off the regular amount |
| quantity 0, value 0, with a coupon | the coupon is handed over for the basket's dearest line |
| coupon worth more than its line | the till caps it at the line; the rest is counted as `coupon_excess` |
| such a coupon in a basket without lines | skipped: `coupon_without_line` |
| quantity 0, value 0, nothing else | skipped: `empty_row` |
| quantity 0 with a value | skipped: `value_without_quantity` (no unit price can be known) |
| quantity without value or discount | skipped: `no_value` (no unit price can be known) |
| a basket without any line | skipped: `basket_without_lines` (its rows are under their reasons) |
"""

from __future__ import annotations

from enum import StrEnum

from deploy.demo.dataset import Row


class Way(StrEnum):
    """How a row goes through the till."""

    ORDINARY = "ordinary"
    FREE = "free"
    LOOSE_COUPON = "loose_coupon"


class Skip(StrEnum):
    """Why a row does not go through the till. Codes of the report."""

    EMPTY_ROW = "empty_row"
    VALUE_WITHOUT_QUANTITY = "value_without_quantity"
    NO_VALUE = "no_value"
    COUPON_WITHOUT_LINE = "coupon_without_line"


def way_of(row: Row) -> Way | Skip:
    """Say what happens with a row."""
    if row.quantity == 0:
        return _without_quantity(row)
    if row.member_amount > 0:
        return Way.ORDINARY
    return Way.FREE if row.retail_minor > 0 else Skip.NO_VALUE


def _without_quantity(row: Row) -> Way | Skip:
    if row.regular_amount > 0:
        return Skip.VALUE_WITHOUT_QUANTITY
    return Way.LOOSE_COUPON if row.coupon_minor > 0 else Skip.EMPTY_ROW
