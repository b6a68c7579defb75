"""What receipts are called where people read of them: till, series and number, as the console's search takes them."""

from __future__ import annotations

from typing import Protocol


class Numbered(Protocol):
    """A sale, or whatever else has a receipt number."""

    till_id: str
    receipt_series: str
    receipt_number: int


def receipt_name(row: Numbered) -> str:
    """Return what a receipt is called: `t1/k3m9x2-38`, with the till, as tills of a store may share a series."""
    return printed_name(row.till_id, f"{row.receipt_series}-{row.receipt_number}")


def printed_name(till: str, receipt: str) -> str:
    """Return the same from what a journal keeps, `series-number` beside the till; either may be empty."""
    return f"{till}/{receipt}" if till and receipt else receipt
