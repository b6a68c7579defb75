"""Hours of a store's business day added up, so that a page can draw them without looking at the sales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date
from functools import lru_cache
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Date, Integer, String, select, true
from sqlmodel import Session

from cloud.database.rowset import Columns, rowset, table_of, upsert_into
from cloud.sales.models import StoreHour
from shared.calendar import local_time

_SHAPE: Columns = {
    "store_id": String(),
    "business_date": Date(),
    "hour": Integer(),
    "sales": BigInteger(),
    "total_minor": BigInteger(),
}
_KEYS = ("store_id", "business_date", "hour")
_QUARTER_MS = 15 * 60 * 1000
_DAY_QUARTERS = 24 * 4
"""Every zone's offset is a whole number of these, so sales within one share their hour."""


def add_sales(session: Session, sold: Iterable[tuple[str, date, int, str, int]]) -> None:
    """Add new sales to their hours. Each is (store, business date, wall ms of the sale, zone, total in minor units)."""
    hours: defaultdict[tuple[str, date, int], list[int]] = defaultdict(lambda: [0, 0])
    for store, day, at_ms, zone, total_minor in sold:
        sums = hours[store, day, local_hour(at_ms // _QUARTER_MS, zone)]
        sums[0] += 1
        sums[1] += total_minor
    if not hours:
        return
    source = rowset(session, "added", _SHAPE, [(*key, *sums) for key, sums in sorted(hours.items())])
    kept = table_of(StoreHour)
    # In key order, so that two transactions wait for each other instead of deadlocking; see cloud/sales/days.py.
    insert = upsert_into(session, StoreHour).from_select(
        list(_SHAPE), select(*source.c).where(true()).order_by(*(source.c[name] for name in _KEYS))
    )
    session.execute(
        insert.on_conflict_do_update(
            index_elements=list(_KEYS),
            set_={name: kept.c[name] + insert.excluded[name] for name in ("sales", "total_minor")},
        )
    )


@lru_cache(maxsize=4096)
def local_hour(quarter: int, zone: str) -> int:
    """Return the hour on a store's clock, 0 to 23, in a quarter of an hour counted from 1970; UTC for no known zone."""
    try:
        return local_time(quarter * _QUARTER_MS, ZoneInfo(zone)).hour
    except (ValueError, OverflowError, OSError, KeyError):
        return local_time(quarter % _DAY_QUARTERS * _QUARTER_MS, UTC).hour
