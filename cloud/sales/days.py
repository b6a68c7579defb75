"""Business days added up per store, kept in step with the sales by whoever writes sales."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from itertools import chain

from sqlalchemy import BigInteger, Date, String, select, true
from sqlmodel import Session

from cloud.database.rowset import Columns, rowset, table_of, upsert_into
from cloud.sales.models import StoreDay

_SHAPE: Columns = {
    "store_id": String(),
    "business_date": Date(),
    "sales": BigInteger(),
    "lines": BigInteger(),
    "total_minor": BigInteger(),
    "returns": BigInteger(),
    "refund_minor": BigInteger(),
    "voids": BigInteger(),
    "void_minor": BigInteger(),
}
_SUMS = tuple(_SHAPE)[2:]


def add_sales(session: Session, sold: Iterable[tuple[str, date, int, int]]) -> None:
    """Add new sales to their days. Each is (store, business date, its lines, its total in minor units)."""
    _add(session, ((store, day, (1, lines, total, 0, 0, 0, 0)) for store, day, lines, total in sold))


def add_returns(
    session: Session, returned: Iterable[tuple[str, date, int]], voided: Iterable[tuple[str, date, int]] = ()
) -> None:
    """Add new returns to the days they happened on. Each is (store, business date, its refund in minor units).

    `voided` are sales undone right after they were paid: they came back too, and are counted as such beside.
    """
    plain = ((store, day, (0, 0, 0, 1, refund, 0, 0)) for store, day, refund in returned)
    undone = ((store, day, (0, 0, 0, 1, refund, 1, refund)) for store, day, refund in voided)
    _add(session, chain(plain, undone))


def _add(session: Session, rows: Iterable[tuple[str, date, tuple[int, ...]]]) -> None:
    days: defaultdict[tuple[str, date], list[int]] = defaultdict(lambda: [0] * len(_SUMS))
    for store, day, amounts in rows:
        sums = days[store, day]
        for place, amount in enumerate(amounts):
            sums[place] += amount
    if not days:
        return
    source = rowset(session, "added", _SHAPE, [(*key, *sums) for key, sums in sorted(days.items())])
    kept = table_of(StoreDay)
    insert = upsert_into(session, StoreDay).from_select(
        # In key order, so that two transactions wait for each other instead of deadlocking. SQLite's grammar needs a
        # WHERE before ON CONFLICT.
        list(_SHAPE),
        select(*source.c).where(true()).order_by(source.c.store_id, source.c.business_date),
    )
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["store_id", "business_date"],
            set_={name: kept.c[name] + insert.excluded[name] for name in _SUMS},
        )
    )
