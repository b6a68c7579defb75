"""P9: receipt numbers are gapless per till and series and linked by the exact bytes of their events."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.record import epoch, receipts
from edge_agent.record.receipts import receipt_text, series_of
from edge_agent.till.results import Paid
from shared.hashchain import GENESIS, link
from shared.wire.events import (
    RECEIPT_LINK_BYTES,
    EpochOpened,
    SaleCompleted,
    SeriesOpened,
    TenderKind,
    decode_event,
    encode_event,
)
from tests.edge.tills import APPLES, Store, opened_store, store_settings
from tests.factories import new_id


async def events(store: Store) -> list[Any]:
    rows = await store.database.read(lambda db: db.execute("SELECT content FROM event ORDER BY n").fetchall())
    return [decode_event(content) for (content,) in rows]


async def sell(store: Store, till: str = "t1") -> Paid:
    at = store.till(till)
    await at.scan(APPLES)
    paid = await at.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    return paid


def check_receipts(found: list[Any]) -> None:
    """Numbers of each (till, series) run 1, 2, 3 ... and each receipt names the chain head before it."""
    heads: dict[tuple[str, str], tuple[int, bytes]] = {}
    for event in found:
        if isinstance(event, SeriesOpened):
            assert (event.till, event.series) not in heads
            heads[event.till, event.series] = (0, GENESIS)
        elif isinstance(event, SaleCompleted):
            key = (event.till, event.receipt.series)
            number, head = heads[key]
            assert event.receipt.number == number + 1
            assert event.receipt.previous == head[:RECEIPT_LINK_BYTES]
            heads[key] = (number + 1, link(head, encode_event(event)))


async def test_p9_first_start_opens_a_series_for_each_till(tmp_path: Path) -> None:
    async with opened_store(tmp_path, tills=2) as store:
        found = await events(store)
    assert isinstance(found[0], EpochOpened)
    assert found[0].reason == "first"
    assert [(event.till, event.reason, event.previous_series) for event in found[1:]] == [
        ("t1", "first", ""),
        ("t2", "first", ""),
    ]


async def test_p9_numbers_are_gapless_per_till_also_around_what_failed(tmp_path: Path) -> None:
    async with opened_store(tmp_path, tills=2) as store:
        await asyncio.gather(*(sell(store, till) for till in ("t1", "t2")))

        def broken(receipt: object) -> SaleCompleted:
            raise KeyError("pricing broke")

        with pytest.raises(KeyError):
            await store.database.run(lambda db: receipts.issue(db, "t1", broken, 0))
        await sell(store)
        found = await events(store)
    check_receipts(found)
    assert [event.receipt.number for event in found if isinstance(event, SaleCompleted)] == [1, 1, 2]


async def test_p9_a_till_added_later_gets_its_series_once(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        more = store_settings(tills=3)

        def add(db: Any) -> list[str]:
            return epoch.open_missing_series(db, more, store.clocks, store.mint)

        assert await store.database.run(add) == ["t2", "t3"]
        assert await store.database.run(add) == []
        await sell(store, "t3")
        check_receipts(await events(store))


async def test_p9_a_restored_database_never_gives_a_number_again(tmp_path: Path) -> None:
    folder, copy = tmp_path / "state", tmp_path / "copy.db"
    async with opened_store(folder) as store:
        before = [(await sell(store)).receipt for _ in range(3)]
    shutil.copy(folder / "agent.db", copy)
    async with opened_store(folder, seed=2) as store:
        lost = [(await sell(store)).receipt for _ in range(2)]
        assert lost[0] > before[-1]
    shutil.copy(copy, folder / "agent.db")
    async with opened_store(folder, seed=3) as store:
        after = [(await sell(store)).receipt for _ in range(2)]
        found = await events(store)
    assert not {*before, *lost} & set(after)
    check_receipts([event for event in found if not isinstance(event, EpochOpened)])
    opened = [event for event in found if isinstance(event, SeriesOpened)][-1]
    first_series = before[0].split("-")[0]
    assert (opened.reason, opened.previous_series, opened.previous_number) == ("restored", first_series, 3)
    assert len(opened.previous_head) == 32


@settings(max_examples=12, deadline=None)
@given(st.lists(st.sampled_from(["sell t1", "sell t2", "void", "restart", "restore"]), max_size=10))
def test_p9_receipts_are_gapless_under_any_history(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    folder = tmp_path_factory.mktemp("history")
    asyncio.run(_history(folder, steps))


async def _history(folder: Path, steps: list[str]) -> None:
    given_out: list[str] = []
    backup = folder / "backup.db"
    for seed, chunk in enumerate(_between_restarts(steps), start=1):
        async with opened_store(folder / "state", tills=2, seed=seed) as store:
            for step in chunk:
                await _do(store, step, given_out)
            check_receipts(await events(store))
        if not backup.exists():
            shutil.copy(folder / "state" / "agent.db", backup)
        if chunk[-1:] == ["restore"]:
            shutil.copy(backup, folder / "state" / "agent.db")
    assert len(given_out) == len(set(given_out))


async def _do(store: Store, step: str, given_out: list[str]) -> None:
    match step.split():
        case ["sell", till]:
            given_out.append(f"{till} {(await sell(store, till)).receipt}")
        case ["void"]:
            await store.till().scan(APPLES)
            await store.till().void_basket()


def _between_restarts(steps: list[str]) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for step in steps:
        runs[-1].append(step)
        if step in {"restart", "restore"}:
            runs.append([])
    return runs


def test_series_are_short_and_read_aloud_without_doubt() -> None:
    found = {series_of(new_id()) for _ in range(500)}
    assert len(found) == 500
    assert all(len(series) == 6 and not set(series) & set("ilou") for series in found)
    assert receipt_text("3f9a1c", 42) == "3f9a1c-000042"
