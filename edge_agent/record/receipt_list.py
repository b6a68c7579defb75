"""The receipts of a day as text, read from the agent's disk beside the running process or without one."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from edge_agent.disk.agent_row import store_settings
from edge_agent.hq import identity
from edge_agent.record import receipts
from edge_agent.record.receipts import ReceiptRow
from edge_agent.settings import EdgeSettings
from edge_agent.standing import read_database
from shared.calendar import local_time
from shared.money import money_text
from shared.wire.desired import StoreSettings
from shared.wire.events import SaleReturned

_SIGNS = {SaleReturned.__struct_config__.tag: -1}
_TITLES = ("till", "receipt", "kind", "made", "total", "paper")


def read_receipts(settings: EdgeSettings, business_date: str | None = None) -> list[str]:
    """Return the lines to show for a business date (YYYY-MM-DD), by default the last one that has receipts.

    Raise IdentityMissing, DatabaseDamaged, or ValueError for a date that is none.
    """
    identity.load(settings.state_dir)
    if business_date is not None:
        _check_date(business_date)
    if not settings.database_path.exists():
        return ["no receipts: the agent has never run"]
    return read_database(settings.database_path, lambda db: _lines(db, business_date))


def _check_date(text: str) -> None:
    try:
        fits = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).strftime("%Y-%m-%d") == text
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"a business date looks like 2026-01-31, got {text!r}")


def _lines(db: sqlite3.Connection, business_date: str | None) -> list[str]:
    settings = store_settings(db)
    days = receipts.business_days(db)
    if settings is None or not days:
        return ["no receipts yet"]
    day = business_date or days[-1]
    found = receipts.of_day(db, day)
    if not found:
        return [f"no receipts on {day}; there are some from {days[0]} to {days[-1]}"]
    return [f"business date {day}, store {settings.store}", *_table(found, settings), *_sums(found, settings)]


def _table(found: Sequence[ReceiptRow], settings: StoreSettings) -> list[str]:
    zone, money = ZoneInfo(settings.time_zone), _money(settings)
    rows = [_TITLES]
    for one in found:
        made = local_time(one.at_ms, zone).strftime("%Y-%m-%d %H:%M:%S")
        total = money(_SIGNS.get(one.kind, 1) * one.total_minor)
        rows.append((one.till, one.text, one.kind, made, total, one.printed.value))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_TITLES))]
    return ["  ".join(_fill(row, widths)).rstrip() for row in rows]


def _fill(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Pad each cell to its column; money to the right."""
    total = _TITLES.index("total")
    return [
        cell.rjust(width) if column == total else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _sums(found: Sequence[ReceiptRow], settings: StoreSettings) -> list[str]:
    money = _money(settings)
    sums: dict[str, tuple[int, int]] = {}
    for one in found:
        count, total = sums.get(one.till, (0, 0))
        sums[one.till] = count + 1, total + _SIGNS.get(one.kind, 1) * one.total_minor
    return [f"{till}: {count} receipts, {money(total)} {settings.currency}" for till, (count, total) in sums.items()]


def _money(settings: StoreSettings) -> Callable[[int], str]:
    return partial(money_text, exponent=settings.exponent)
