"""The report in a few lines, for whoever looks on; the README beside this says what each number means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOTHING_TO_SELL = "basket_without_lines"


def account(report: Mapping[str, Any]) -> str:
    """Return what a report found, in figures a newcomer can hold against the console."""
    empty = report["skipped"].get(_NOTHING_TO_SELL, 0)
    left_out = f" ({empty:,} of {report['baskets'] + empty:,} baskets hold nothing to sell)" if empty else ""
    tills, office = _dollars(report["tender_minor"]), _dollars(report["cloud_tender_minor"])
    books, applied = report["price_books_published"], report["price_books_applied"]
    balance = "balances" if report["ledger_balanced"] else "DOES NOT BALANCE"
    wrong = f"{report['lost']} lost, {report['duplicated']} doubled, {report['audit_differences']} priced otherwise"
    lines = (
        f"Sold         {report['baskets']:,} sales, {report['lines']:,} lines, {report['stores']} stores{left_out}",
        f"Money        {tills} in the tills, {office} known to head office",
        f"Wrong        {wrong} by head office",
        f"Points       {report['points_posted']:,} posted, the ledger {balance}",
        f"Prices       {books} weekly price books, {applied} in every store",
    )
    return "\n".join(lines)


def _dollars(minor: int) -> str:
    """Write an amount of the source's currency: whole cents, so integers all the way."""
    whole, cents = divmod(abs(minor), 100)
    return f"{'-' if minor < 0 else ''}{whole:,}.{cents:02} USD"
