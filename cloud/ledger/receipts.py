"""From what a journal says of its receipt to the receipt itself."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.sales.models import ReceiptNumber, SaleReturn


class Printed(NamedTuple):
    """A receipt as journals name it: store, till, and `series-number`."""

    store: str
    till: str
    text: str


def sales_of(session: Session, printed: Collection[Printed]) -> dict[Printed, UUID]:
    """Return the sale behind each receipt: its own, or the one that a return was of. Those not found are absent."""
    wanted = {one: cut for one in printed if (cut := _cut(one.text)) is not None}
    if not wanted:
        return {}
    row, back = table_of(ReceiptNumber), table_of(SaleReturn)
    # A superset by columns: rows are matched below, so that five thousand receipts stay one short statement.
    events = {
        (found.store_id, found.till_id, found.series, found.number): found.event_id
        for found in session.execute(
            select(row.c.store_id, row.c.till_id, row.c.series, row.c.number, row.c.event_id).where(
                row.c.store_id.in_({one.store for one in wanted}),
                row.c.series.in_({series for series, _ in wanted.values()}),
                row.c.number.in_({number for _, number in wanted.values()}),
            )
        )
    }
    found = {
        one: events[one.store, one.till, *cut] for one, cut in wanted.items() if (one.store, one.till, *cut) in events
    }
    returns = select(back.c.id, back.c.original_sale_id).where(back.c.id.in_(set(found.values())))
    originals: dict[UUID, UUID] = {row.id: row.original_sale_id for row in session.execute(returns)}
    return {one: originals.get(event, event) for one, event in found.items()}


def _cut(text: str) -> tuple[str, int] | None:
    series, _, number = text.rpartition("-")
    return (series, int(number)) if series and number.isascii() and number.isdigit() and len(number) < 10 else None
