"""The witness and the epochs: a database that did not simply go on is found out, offline."""

from __future__ import annotations

import asyncio
import shutil
import stat
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from edge_agent.disk.database import Database
from edge_agent.record import first_start, outbox, retention, witness
from edge_agent.record.epoch import Epochs
from edge_agent.record.outbox import AckOutcome, Doorbell
from edge_agent.record.witness import Machine, Witness
from edge_agent.till.results import Found, Paid
from shared.wire.events import EpochOpened, GapDeclared, SaleCompleted, SeriesOpened, TenderKind, decode_event
from tests.edge.tills import APPLES, Store, open_clocks, opened_store, store_settings
from tests.factories import START_MS, make_mint, new_id

HQ, HQ2 = UUID(int=1), UUID(int=2)
DAY_MS = 24 * 3600 * 1000


async def sell(store: Store) -> Paid:
    till = store.till()
    await till.scan(APPLES)
    paid = await till.tender(TenderKind.CASH)
    assert isinstance(paid, Paid)
    return paid


async def present(store: Store) -> list[Any]:
    """Return the events of the present epoch, in order."""
    batch = await store.database.read(lambda db: outbox.take(db, 0, 1000, 1 << 30))
    return [] if batch is None else [decode_event(content) for content in batch.events]


async def reason_now(store: Store) -> str:
    opened = (await present(store))[0]
    assert isinstance(opened, EpochOpened)
    return opened.reason


async def test_a_database_that_went_on_keeps_its_epoch(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        await sell(store)
        before = await store.database.read(outbox.position)
    async with opened_store(tmp_path, seed=2) as store:
        assert await store.database.read(outbox.position) == before
        await store.epochs.write_witness()
        mode = (tmp_path / "witness.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


async def test_a_witness_that_lags_behind_is_no_reason(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        lagging = (tmp_path / "witness.json").read_bytes()
        await sell(store)
    (tmp_path / "witness.json").write_bytes(lagging)
    async with opened_store(tmp_path, seed=2) as store:
        assert await reason_now(store) == "first"


@pytest.mark.parametrize("witness_file", ["gone", "unreadable"])
async def test_a_database_without_its_witness_was_brought_from_elsewhere(tmp_path: Path, witness_file: str) -> None:
    async with opened_store(tmp_path) as store:
        paid = await sell(store)
    if witness_file == "gone":
        (tmp_path / "witness.json").unlink()
    else:
        (tmp_path / "witness.json").write_bytes(b"\0\0")
    async with opened_store(tmp_path, seed=2) as store:
        found = await present(store)
        assert await reason_now(store) == "restored"
    assert paid.sale in {event.id for event in found if isinstance(event, SaleCompleted)}


async def test_p1_a_restored_database_opens_an_epoch_and_resends_under_old_ids(tmp_path: Path) -> None:
    folder, copy = tmp_path / "state", tmp_path / "copy.db"
    async with opened_store(folder) as store:
        acked, unacked = await sell(store), await sell(store)
        at = await store.database.read(outbox.position)
        await store.epochs.take_ack(HQ, at.epoch, at.last_seq - 1)
    shutil.copy(folder / "agent.db", copy)
    async with opened_store(folder, seed=2) as store:
        await sell(store)
        lost_seq = (await store.database.read(outbox.position)).last_seq
    shutil.copy(copy, folder / "agent.db")
    async with opened_store(folder, seed=3) as store:
        opened, *rest = await present(store)
        assert await store.epochs.check_at_start() is None
    assert (opened.reason, opened.previous_epoch, opened.previous_seq) == ("restored", at.epoch, lost_seq)
    sales = [event.id for event in rest if isinstance(event, SaleCompleted)]
    assert sales == [unacked.sale]
    assert acked.sale not in sales
    assert isinstance(rest[-1], SeriesOpened)


async def test_a_disk_in_another_machine_opens_an_epoch(tmp_path: Path) -> None:
    async with opened_store(tmp_path, machine=Machine(system="m1", board="b1")) as store:
        await sell(store)
    async with opened_store(tmp_path, machine=Machine(system="m1"), seed=2) as store:
        assert await reason_now(store) == "first"
    async with opened_store(tmp_path, machine=Machine(system="m2", board="b1"), seed=3) as store:
        assert await reason_now(store) == "cloned"
    async with opened_store(tmp_path, machine=Machine(system="m2", board="b1"), seed=4) as store:
        assert (await present(store))[0].previous_epoch is not None


async def test_p1_a_basket_of_a_restored_database_cannot_claim_to_be_a_sale_made_since(tmp_path: Path) -> None:
    folder, copy = tmp_path / "state", tmp_path / "copy.db"
    key = new_id()
    async with opened_store(folder) as store:
        await store.till().begin(key)
        await store.till().scan(APPLES)
    shutil.copy(folder / "agent.db", copy)
    async with opened_store(folder, seed=2) as store:
        assert isinstance(await store.till().tender(TenderKind.CASH), Paid)
    shutil.copy(copy, folder / "agent.db")
    async with opened_store(folder, seed=3) as store:
        assert await store.till().find(key) == Found("none")
        paid = await store.till().tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        assert paid.sale != key


async def test_hqs_fork_opens_one_epoch_however_often_it_is_said(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        paid = await sell(store)
        old = await store.database.read(outbox.position)
        await store.epochs.take_ack(HQ, old.epoch, 1)
        fresh = await store.epochs.take_fork(HQ, old.epoch)
        assert fresh is not None
        assert await store.epochs.take_fork(HQ, old.epoch) is None
        await asyncio.wait_for(store.doorbell.wait(), 1)
        found = await present(store)
        again = await sell(store)
    assert found[0].reason == "forked"
    assert paid.sale in {event.id for event in found}
    assert again.receipt.split("-")[0] != paid.receipt.split("-")[0]


async def test_p1_a_restored_hq_gets_again_what_is_kept_and_hears_of_what_is_not(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        receipts = [(await sell(store)).receipt for _ in range(3)]
        at = await store.database.read(outbox.position)
        await store.epochs.take_ack(HQ, at.epoch, at.last_seq)
        later = store.machine.wall_ms() + 36 * DAY_MS
        await store.database.run(lambda db: retention.prune(db, later, 35, 1 << 40))
        assert await store.epochs.take_ack(HQ2, at.epoch, 2) is AckOutcome.HQ_LOST
        found = await present(store)
        next_receipt = (await sell(store)).receipt
    assert [type(event) for event in found] == [EpochOpened, SaleCompleted, GapDeclared]
    assert found[0].reason == "hq_restored"
    assert (found[2].epoch, found[2].first, found[2].last) == (at.epoch, 3, at.last_seq - 1)
    # HQ's own restore touches no paper: the series goes on.
    assert next_receipt.split("-")[0] == receipts[0].split("-")[0]


async def test_p1_a_fork_said_by_a_restored_hq_sends_everything_kept_again(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        sales = [(await sell(store)).sale for _ in range(3)]
        at = await store.database.read(outbox.position)
        await store.epochs.take_ack(HQ, at.epoch, at.last_seq)
        await store.epochs.take_fork(HQ2, at.epoch)
        found = await present(store)
    assert [event.id for event in found if isinstance(event, SaleCompleted)] == sales


async def test_an_ack_for_numbers_never_given_is_a_fork(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        at = await store.database.read(outbox.position)
        assert await store.epochs.take_ack(HQ, at.epoch, at.last_seq + 5) is AckOutcome.FORKED
        assert await reason_now(store) == "forked"


async def test_the_witness_follows_the_outbox_and_is_written_when_the_agent_ends(tmp_path: Path) -> None:
    path = tmp_path / "witness.json"
    async with opened_store(tmp_path) as store:
        keeper = asyncio.ensure_future(store.epochs.keep_witness())
        await asyncio.sleep(0)
        await sell(store)
        keeper.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeper
        found = witness.read(path)
        at = await store.database.read(outbox.position)
    assert found is not None
    assert (found.epoch, found.seq, found.head) == (at.epoch, at.last_seq, at.head)


def test_the_witness_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "witness.json"
    old = Witness(machine=Machine(), epoch=new_id(), seq=1, head=bytes(32))
    witness.write(path, old)
    (tmp_path / "witness.json.new").write_bytes(b"half of")
    assert witness.read(path) == old
    fresh = Witness(machine=witness.this_machine(), epoch=new_id(), seq=2, head=bytes(32))
    witness.write(path, fresh)
    assert witness.read(path) == fresh
    assert [entry.name for entry in tmp_path.iterdir()] == ["witness.json"]


async def test_an_agent_that_waits_for_its_first_settings_is_judged_too(tmp_path: Path) -> None:
    path = tmp_path / "witness.json"
    clocks, _business, machine_clock = open_clocks()
    mint = make_mint(machine_clock.wall_ms)
    async with Database.opened(tmp_path / "agent.db", ballast_bytes=0) as database:
        await database.run(
            lambda db: outbox.start_sequence(db, "s001-a", "s001", mint(), reason="first", wall_ms=START_MS)
        )
        epochs = Epochs(database, clocks, mint, doorbell=Doorbell(), witness_path=path, machine=Machine(system="m"))
        assert await epochs.check_at_start() is None
        before = await database.read(outbox.position)
        lost = Witness(machine=Machine(system="m"), epoch=before.epoch, seq=5, head=bytes(32))
        witness.write(path, lost)
        assert await epochs.check_at_start() == "restored"
        after = await database.read(outbox.position)
        assert (after.epoch != before.epoch, after.last_seq) == (True, 0)
        await database.run(lambda db: first_start.take_settings(db, store_settings(), clocks, mint))
        batch = await database.read(lambda db: outbox.take(db, 0, 10, 1 << 30))
    assert batch is not None
    opened, series = [decode_event(content) for content in batch.events]
    assert isinstance(opened, EpochOpened)
    assert isinstance(series, SeriesOpened)
    assert (opened.reason, series.reason) == ("restored", "restored")
