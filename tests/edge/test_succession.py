"""P9: a till's first series on a disk says why it begins and follows the last receipt that HQ knows of that till."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from edge_agent.disk.agent_row import keep_settings
from edge_agent.disk.agent_row import store_settings as kept_settings
from edge_agent.disk.database import Database
from edge_agent.record import first_start, outbox
from shared.hashchain import GENESIS
from shared.wire.desired import LastReceipt, StoreSettings
from shared.wire.events import EpochOpened, SeriesOpened, decode_event
from tests.edge.tills import open_clocks, store_settings
from tests.factories import make_mint

ME, OTHER = "a2", "a1"
HEAD = bytes(range(32))


def told(last: LastReceipt | None, tills: int = 1) -> StoreSettings:
    """Return a store's settings whose first till had a receipt before."""
    settings = store_settings(tills=tills)
    first, *rest = settings.tills
    return msgspec.structs.replace(settings, tills=[msgspec.structs.replace(first, last_receipt=last), *rest])


async def begun(database: Database, settings: StoreSettings, *, sold_before: bool = False) -> list[Any]:
    """Start a fresh database by these settings and return its events."""
    clocks, _, _ = open_clocks()
    mint = make_mint(clocks.machine.wall_ms)
    await database.run(lambda db: first_start.claim(db, ME, settings.store, clocks, mint, sold_before=sold_before))
    await database.run(lambda db: keep_settings(db, settings))
    known = await database.read(kept_settings)
    assert known is not None
    await database.run(lambda db: first_start.take_settings(db, known, clocks, mint))
    batch = await database.read(lambda db: outbox.take(db, 0, 100, 1 << 20))
    assert batch is not None
    return [decode_event(content) for content in batch.events]


def last(agent: str, number: int = 41, head: bytes = HEAD) -> LastReceipt:
    return LastReceipt(agent=agent, series="abc123", number=number, head=head)


@pytest.mark.parametrize(
    ("known", "sold_before", "epoch_reason", "series_reason", "previous"),
    [
        (None, False, "first", "first", ("", 0, b"")),
        (last(OTHER), False, "first", "moved_till", ("abc123", 41, HEAD)),
        (last(OTHER, 0, GENESIS), False, "first", "moved_till", ("abc123", 0, GENESIS)),
        (last(ME), False, "new_disk", "new_disk", ("abc123", 41, HEAD)),
        (last(ME), True, "new_disk", "new_disk", ("abc123", 41, HEAD)),
        (None, True, "new_disk", "new_disk", ("", 0, b"")),
        (last(OTHER), True, "new_disk", "new_disk", ("abc123", 41, HEAD)),
    ],
    ids=["new store", "another PC", "another PC that sold nothing", "lost disk", "lost database", "nothing at HQ",
         "lost database before HQ heard of it"],
)  # fmt: skip
async def test_p9_first_series_states_its_reason_and_what_it_follows(
    database: Database,
    known: LastReceipt | None,
    sold_before: bool,
    epoch_reason: str,
    series_reason: str,
    previous: tuple[str, int, bytes],
) -> None:
    opened, series, *_ = await begun(database, told(known), sold_before=sold_before)
    assert isinstance(opened, EpochOpened)
    assert isinstance(series, SeriesOpened)
    assert (opened.reason, series.reason) == (epoch_reason, series_reason)
    assert (series.previous_series, series.previous_number, series.previous_head) == previous


async def test_p9_a_till_that_hq_knows_nothing_of_begins_as_first_beside_one_that_moved(database: Database) -> None:
    _, moved, first = await begun(database, told(last(OTHER), tills=2))
    assert (moved.till, moved.reason) == ("t1", "moved_till")
    assert (first.till, first.reason, first.previous_series) == ("t2", "first", "")


async def test_p9_what_this_disk_knows_counts_more_than_what_hq_knew(database: Database) -> None:
    await begun(database, told(None))
    before = await database.read(outbox.position)
    clocks, _, _ = open_clocks()
    mint = make_mint(clocks.machine.wall_ms)
    opened = await database.run(lambda db: first_start.take_settings(db, told(last(OTHER)), clocks, mint))
    assert opened == []
    assert await database.read(outbox.position) == before
