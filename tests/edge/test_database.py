"""The agent's disk: opened safely, never by an older program, and loud when it is full."""

from __future__ import annotations

import asyncio
import errno
import itertools
import os
import sqlite3
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge_agent.disk.ballast import Ballast
from edge_agent.disk.database import Database
from edge_agent.disk.errors import DatabaseDamaged, DatabaseTooNew, DiskFailed, DiskFull
from edge_agent.disk.migrations import Migration, migrate, shipped
from edge_agent.till.results import Paid, Refused
from shared.wire.events import TenderKind
from tests.edge.tills import APPLES, opened_store


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(tmp_path / "agent.db", ballast_bytes=8192) as database:
        yield database


_NUMBERS = itertools.count()


def table(db: sqlite3.Connection) -> None:
    db.execute("CREATE TABLE note (text TEXT)")


def add(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO note VALUES ('x')")


def count(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM note").fetchone()[0])


async def test_p1_the_file_is_private_and_synced_at_every_commit(tmp_path: Path, database: Database) -> None:
    names = ("journal_mode", "synchronous", "foreign_keys", "page_size")
    found = await database._writer.run(lambda db: [db.execute(f"PRAGMA {name}").fetchone()[0] for name in names])
    assert found == ["wal", 2, 1, 1024]
    await database.run(table)
    for name in ("agent.db", "agent.db-wal", "agent.db-shm", "agent.db.ballast"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600, name


def synchronous(db: sqlite3.Connection) -> int:
    # This pragma is answered while it is prepared, so a prepared one would tell what was.
    cursor = db.execute(f"PRAGMA synchronous -- {next(_NUMBERS)}")
    return int(cursor.fetchone()[0])


async def test_p1_only_what_says_so_is_committed_unsynced(database: Database) -> None:
    await database.run(table)
    seen = [await database.run(synchronous, synced=False), await database.run(synchronous)]

    def fails(db: sqlite3.Connection) -> None:
        add(db)
        seen.append(synchronous(db))
        raise KeyError("halfway")

    with pytest.raises(KeyError):
        await database.run(fails, synced=False)
    assert [*seen, await database.run(synchronous), await database.run(count)] == [1, 2, 1, 2, 0]


async def test_what_was_committed_unsynced_is_synced_soon(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: asyncio.Queue[str] = asyncio.Queue()
    loop, sync = asyncio.get_running_loop(), os.fdatasync

    def noting(file: int) -> None:
        sync(file)
        loop.call_soon_threadsafe(synced.put_nowait, Path(f"/proc/self/fd/{file}").readlink().name)

    monkeypatch.setattr(os, "fdatasync", noting)
    await database.run(table)
    keeping = asyncio.create_task(database.keep_synced(within_seconds=0))
    for _ in range(2):
        await database.run(add, synced=False)
        async with asyncio.timeout(5):
            assert await synced.get() == "agent.db-wal"
    assert synced.empty()
    keeping.cancel()


async def test_what_a_killed_process_left_unsynced_is_synced_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut soon after would take it from under the witness and HQ, which look like an old copy put back."""
    synced: list[str] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(Path(f"/proc/self/fd/{file}").readlink().name))
    async with Database.opened(tmp_path / "left.db", ballast_bytes=0):
        assert synced == ["left.db-wal"]


async def test_a_log_that_cannot_be_synced_is_a_failed_disk(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(_file: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fdatasync", failing)
    await database.run(table, synced=False)
    with pytest.raises(DiskFailed, match="log"):
        async with asyncio.timeout(5):
            await database.keep_synced(within_seconds=0)


async def test_a_transaction_is_kept_whole_or_not_at_all(database: Database) -> None:
    await database.run(table)

    def half(db: sqlite3.Connection) -> None:
        add(db)
        raise KeyError("halfway")

    with pytest.raises(KeyError):
        await database.run(half)
    assert await database.run(count) == 0
    await database.run(add)
    assert await database.read(count) == 1
    with pytest.raises(DiskFailed, match="readonly"):
        await database.read(add)


async def test_a_cancelled_caller_leaves_no_open_transaction(database: Database) -> None:
    await database.run(table)
    task = asyncio.ensure_future(database.run(add))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await database.run(add)
    assert await database.read(count) == 2


async def test_refuses_a_database_of_a_newer_program(tmp_path: Path) -> None:
    path = tmp_path / "agent.db"
    async with Database.opened(path, ballast_bytes=0):
        pass
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(DatabaseTooNew, match="schema 99"):
        async with Database.opened(path, ballast_bytes=0):
            pass


@pytest.mark.parametrize("content", [b"not a database " * 1000, None])
async def test_says_that_a_file_is_damaged(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "agent.db"
    if content is None:
        async with Database.opened(path, ballast_bytes=0):
            pass
        pages = bytearray(path.read_bytes())
        pages[4096:12288] = b"\xff" * 8192
        content = bytes(pages)
    path.write_bytes(content)
    with pytest.raises(DatabaseDamaged, match="damaged"):
        async with Database.opened(path, ballast_bytes=0):
            pass


async def test_damage_in_the_bulk_of_the_file_is_found_beside_selling(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        await store.till().scan(APPLES)
        await store.till().tender(TenderKind.CASH)
        await store.database.check()
        root, size = await store.database.read(
            lambda db: db.execute(
                "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size WHERE name = 'body_row'"
            ).fetchone()
        )
    with (tmp_path / "agent.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"\xff" * size)
    async with opened_store(tmp_path, seed=2) as store:
        assert not isinstance(await store.till().scan(APPLES), Refused)
        with pytest.raises(DatabaseDamaged):
            await store.database.check()


async def test_says_that_the_disk_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "agent.db-wal").mkdir()
    with pytest.raises(DiskFailed):
        async with Database.opened(tmp_path / "agent.db", ballast_bytes=0):
            pass


def test_migrations_apply_all_or_none() -> None:
    db = sqlite3.connect(":memory:", isolation_level=None)
    first = Migration(1, "0001_a.sql", "CREATE TABLE a (x);")
    broken = Migration(2, "0002_b.sql", "CREATE TABLE b (x); CREATE TABLE a (x);")
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, [first, broken])
    assert db.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    assert migrate(db, [first]) == 1
    assert migrate(db, [first, Migration(2, "0002_b.sql", "CREATE TABLE b (x);")]) == 2
    assert db.execute("PRAGMA user_version").fetchone() == (2,)
    with pytest.raises(DatabaseTooNew):
        migrate(db, [first])
    db.close()


def test_shipped_migrations_are_numbered_without_a_hole() -> None:
    assert [migration.version for migration in shipped()] == list(range(1, len(shipped()) + 1))


def test_the_ballast_holds_real_blocks(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", 65536)
    assert not ballast.is_whole()
    assert ballast.restore()
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= 65536
    ballast.release()
    assert not ballast.is_whole()


@contextmanager
def no_room(database: Database) -> Iterator[None]:
    """Let SQLite believe that the disk ends where the file does; the ballast finds no room either."""
    restore = database._ballast._fill

    def refuse() -> None:
        raise OSError(28, "No space left on device")

    database._ballast._fill = refuse  # type: ignore[method-assign]
    try:
        yield
    finally:
        database._ballast._fill = restore  # type: ignore[method-assign]


async def limit_pages(database: Database, more: int) -> None:
    def limit(db: sqlite3.Connection) -> None:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + more}")

    await database._writer.run(limit)


async def test_p1_a_full_disk_stops_selling_loudly_and_loses_nothing(tmp_path: Path) -> None:
    async with opened_store(tmp_path) as store:
        till = store.till()
        sold = []
        await limit_pages(store.database, 3)
        with no_room(store.database):
            for _ in range(200):
                answer = await till.scan(APPLES)
                if not isinstance(answer, Refused):
                    answer = await till.tender(TenderKind.CASH)
                if isinstance(answer, Refused):
                    break
                assert isinstance(answer, Paid)
                sold.append(answer.sale)
            assert isinstance(answer, Refused)
            assert answer.code == "disk_full"
            assert store.database.is_full
            assert not (tmp_path / "agent.db.ballast").exists()
            again = await till.scan(APPLES)
            assert isinstance(again, Refused)
            await store.database.make_room(lambda _db: None)
            assert store.database.is_full
        await limit_pages(store.database, 10_000)
        await store.database.make_room(lambda _db: None)
        assert not store.database.is_full
        if await till.view():
            await till.void_basket()
        await till.scan(APPLES)
        paid = await till.tender(TenderKind.CASH)
        assert isinstance(paid, Paid)
        rows = await store.database.read(
            lambda db: db.execute("SELECT event, number FROM receipt ORDER BY number").fetchall()
        )
    assert [event for event, _number in rows] == [sale.bytes for sale in [*sold, paid.sale]]
    assert [number for _event, number in rows] == list(range(1, len(sold) + 2))


async def test_full_is_refused_but_what_makes_room_runs(tmp_path: Path, database: Database) -> None:
    await database.run(table)
    database._note_full()
    with pytest.raises(DiskFull):
        await database.run(add)
    await database.run(add, makes_room=True)
    assert await database.make_room(count) == 1
    assert not database.is_full
    await database.run(add)


async def test_p1_an_agent_starts_on_a_full_disk_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened_store(tmp_path) as store:
        await store.till().scan(APPLES)
        await store.till().tender(TenderKind.CASH)
    (tmp_path / "agent.db.ballast").unlink()

    def refuse(_ballast: Ballast) -> None:
        raise OSError(28, "No space left on device")

    def unwritable(path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    with monkeypatch.context() as full:
        full.setattr(Ballast, "_fill", refuse)
        full.setattr("edge_agent.record.witness.replace_file", unwritable)
        (tmp_path / "witness.json").unlink()
        async with opened_store(tmp_path, seed=2) as store:
            answer = await store.till().scan(APPLES)
            assert isinstance(answer, Refused)
            assert answer.code == "disk_full"
    async with opened_store(tmp_path, seed=3) as store:
        assert not isinstance(await store.till().scan(APPLES), Refused)


async def test_space_that_is_mostly_free_goes_back_to_the_disk(tmp_path: Path, database: Database) -> None:
    await database.run(table)
    await database.run(lambda db: db.execute("INSERT INTO note VALUES (zeroblob(8000000))").close())
    size = await database.make_room(lambda db: db.execute("PRAGMA page_count").fetchone()[0])
    await database.run(lambda db: db.execute("DELETE FROM note").close())
    sizes = [await database.make_room(lambda db: db.execute("PRAGMA page_count").fetchone()[0]) for _ in range(5)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] == size
    assert sizes[-1] <= size // 2
