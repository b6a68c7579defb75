"""Business days added up per store: always what the sales and returns themselves add up to."""

from __future__ import annotations

import random
from datetime import date

import msgspec
import pytest
from sqlalchemy import func, select

from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.sales.models import Sale, SaleReturn, StoreDay
from shared.wire.events import Event
from tests.cloud.ingesting import Outbox, count, open_store, take_in
from tests.factories import START_MS, make_return, make_sale

DAY_MS = 86_400_000
Days = dict[tuple[str, date], tuple[int, ...]]


def kept(database: Database) -> Days:
    row = table_of(StoreDay)
    with database.snapshot() as session:
        found = session.execute(select(row)).all()
    return {(one[0], one[1]): tuple(map(int, one[2:])) for one in found}


def added_up(database: Database) -> Days:
    """The same from the sales and returns themselves."""
    sale, back = table_of(Sale), table_of(SaleReturn)
    days: dict[tuple[str, date], list[int]] = {}
    with database.snapshot() as session:
        for store, day, *sums in session.execute(
            select(
                sale.c.store_id,
                sale.c.business_date,
                func.count(),
                func.sum(sale.c.line_count),
                func.sum(sale.c.total_minor),
            ).group_by(sale.c.store_id, sale.c.business_date)
        ):
            days[store, day] = [*map(int, sums), 0, 0, 0, 0]
        refund = back.c.total_minor
        sums_back = (func.count(), func.sum(refund), func.count().filter(back.c.void),
                     func.coalesce(func.sum(refund).filter(back.c.void), 0))  # fmt: skip
        for store, day, *sums in session.execute(
            select(back.c.store_id, back.c.business_date, *sums_back).group_by(back.c.store_id, back.c.business_date)
        ):
            days.setdefault((store, day), [0] * 7)[3:] = map(int, sums)
    return {key: tuple(sums) for key, sums in days.items()}


def trade() -> list[Event]:
    """Three days of sales, some of them returned a day later, one a day undone right after it was paid."""
    events: list[Event] = []
    for day in range(3):
        for _ in range(4):
            sale = make_sale([("1001", 2), ("1002", 1)], number=len(events) + 1, at_ms=START_MS + day * DAY_MS)
            events.append(sale)
            if len(events) % 3 == 0:
                back = make_return(sale, [(1, 1)], number=len(events) + 1, at_ms=sale.at_ms + DAY_MS)
                events.append(back)
        sale = make_sale(number=len(events) + 1, at_ms=START_MS + day * DAY_MS)
        undone = make_return(sale, number=len(events) + 2, at_ms=sale.at_ms + 1)
        events += [sale, msgspec.structs.replace(undone, void=True)]
    return events


@pytest.mark.parametrize("seed", range(3))
def test_days_are_what_sales_add_up_to_in_any_order_of_arrival(database: Database, seed: int) -> None:
    open_store(database)
    events = trade()
    random.Random(seed).shuffle(events)
    outbox = Outbox().add(*events)
    for first in range(1, len(events) + 1, 5):
        batch = outbox.batch(first, min(first + 4, len(events)))
        take_in(database, batch)
        take_in(database, batch)
    assert kept(database) == added_up(database)
    assert sum(sums[0] for sums in kept(database).values()) == 15
    assert sum(sums[3] for sums in kept(database).values()) == count(database, SaleReturn) > 3
    assert [sums[5:] for _, sums in sorted(kept(database).items())][:3] == [(1, 2_299)] * 3


def test_what_is_parked_does_not_count(database: Database) -> None:
    open_store(database)
    good, bad = make_sale(number=1), make_sale(number=2)
    wrong = msgspec.structs.replace(bad, total_minor=bad.total_minor + 1)
    take_in(database, Outbox().add(good, wrong).batch())
    ((_, sums),) = kept(database).items()
    assert sums == (1, len(good.lines), good.total_minor, 0, 0, 0, 0)
    assert kept(database) == added_up(database)


def test_each_store_has_its_own_days(database: Database) -> None:
    open_store(database)
    open_store(database, "s002", ["s002-a"])
    take_in(
        database,
        Outbox().add(make_sale(number=1)).batch(),
        Outbox("s002-a").add(make_sale(number=1, store="s002"), make_sale(number=2, store="s002")).batch(),
    )
    assert {store: sums[0] for (store, _), sums in kept(database).items()} == {"s001": 1, "s002": 2}
    assert kept(database) == added_up(database)
