"""The agent's disk: one SQLite file, one writer, one reader.

Storage code is plain functions of a `sqlite3.Connection`. `Database.run` runs one of them in one transaction and
one thread hop, and returns only after the commit was synced to the disk (WAL, `synchronous=FULL`). What nobody has
paid for yet may be committed without waiting for the disk; it is synced with the next commit that waits, and at the
latest `UNSYNCED_SECONDS` after it was made.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import aiosqlite
import structlog

from edge_agent.disk.ballast import Ballast
from edge_agent.disk.durable_file import sync_folder
from edge_agent.disk.errors import DatabaseDamaged, DiskFailed, DiskFull
from edge_agent.disk.migrations import migrate

T = TypeVar("T")

BALLAST_BYTES = 16 * 1024 * 1024
"""Reserve for deletes and checkpoints on a full disk: several times the write-ahead log."""

UNSYNCED_SECONDS = 1.0
"""How much of the ringing up of a basket a power cut may take: less than the next item at a cashier's pace."""

_SYNCED = "FULL"
_BUSY_MS = 5000
_CACHE = "PRAGMA cache_size = -1000"
"""A megabyte of pages for each connection; what else is asked for often lies in the system's cache."""
_WRITER_PRAGMAS = (
    # Small pages, because a commit writes whole ones to the log, and a scan changes few bytes. First of all, because
    # it counts only for a file without a page.
    "PRAGMA page_size = 1024",
    _CACHE,
    f"PRAGMA busy_timeout = {_BUSY_MS}",
    "PRAGMA auto_vacuum = INCREMENTAL",  # counts only for a new file: pruned space goes back to the disk
    "PRAGMA journal_mode = WAL",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA foreign_keys = ON",
    "PRAGMA journal_size_limit = 16777216",
    # What was deleted does not stay readable on pages that are written anyway; for more, see `erases` of `run`.
    "PRAGMA secure_delete = FAST",
)
_READER_PRAGMAS = (_CACHE, f"PRAGMA busy_timeout = {_BUSY_MS}", "PRAGMA query_only = ON")
_PRIMARY_CODE = 0xFF
_PAGES_AT_ONCE = 2000
_BULK = {"event", "body_row", "item_search"}
"""Tables that grow to most of the file: their pages are not read at every start."""

_log = structlog.get_logger(__name__)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    """Turn SQLite's result codes into the errors this side knows."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        # Some errors of the binding itself carry no code.
        extended = getattr(error, "sqlite_errorcode", None) or 0
        code = extended & _PRIMARY_CODE
        if code == sqlite3.SQLITE_FULL or extended == sqlite3.SQLITE_IOERR_SHMSIZE:
            raise DiskFull(f"the disk of {path} is full") from error
        if code in {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
            raise DiskFailed(f"the disk failed on {path}: {error}") from error
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise DatabaseDamaged(f"{path} is damaged: {error}") from error
        raise


def _transaction(db: sqlite3.Connection, begin: str, fn: Callable[[sqlite3.Connection], T]) -> T:
    db.execute(begin)
    try:
        result = fn(db)
        db.execute("COMMIT")
    except BaseException:
        # A failed COMMIT may have rolled back by itself.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return result


def _set_synchronous(db: sqlite3.Connection, level: str) -> None:
    # As a script, because this pragma does its work while it is prepared, and `execute` keeps prepared statements.
    db.executescript(f"PRAGMA synchronous = {level}")


def _synced_transaction(db: sqlite3.Connection, fn: Callable[[sqlite3.Connection], T]) -> T:
    return _transaction(db, "BEGIN IMMEDIATE", fn)


def _unsynced_transaction(db: sqlite3.Connection, fn: Callable[[sqlite3.Connection], T]) -> T:
    """Commit to the log without a sync: whole after a power cut or not there, and nothing later without it."""
    _set_synchronous(db, "NORMAL")
    try:
        return _transaction(db, "BEGIN IMMEDIATE", fn)
    finally:
        _set_synchronous(db, _SYNCED)


def _erasing_transaction(db: sqlite3.Connection, fn: Callable[[sqlite3.Connection], T]) -> T:
    """Leave zeros where something was deleted, also on pages that come free, and fold the log that still has it."""
    # As scripts, for the reason given above; and not always, because freeing room on a full disk would need room.
    db.executescript("PRAGMA secure_delete = ON")
    try:
        result = _synced_transaction(db, fn)
    finally:
        db.executescript("PRAGMA secure_delete = FAST")
    _fold(db)
    return result


def _fold(db: sqlite3.Connection) -> None:
    """Fold the log into the file and shorten it, unless somebody reads just now or there is no room: later will do.

    What was committed is committed either way.
    """
    db.executescript("PRAGMA busy_timeout = 0")
    try:
        with suppress(sqlite3.OperationalError):
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        db.executescript(f"PRAGMA busy_timeout = {_BUSY_MS}")


class _Hop:
    """A SQLite connection that lives in a thread of its own."""

    def __init__(self, path: Path, target: str, pragmas: Sequence[str]) -> None:
        self._path = path
        self._target = target
        self._pragmas = pragmas
        self._raw: sqlite3.Connection | None = None
        self._thread = aiosqlite.Connection(self._connect, iter_chunk_size=64)

    def _connect(self) -> sqlite3.Connection:
        self._raw = sqlite3.connect(self._target, uri=True, isolation_level=None, cached_statements=256)
        return self._raw

    async def open(self, prepare: Callable[[sqlite3.Connection], object]) -> None:
        with _in_words(self._path):
            await self._thread
        try:
            await self.run(self._set)
            await self.run(prepare)
        except BaseException:
            await self.close()
            raise

    def _set(self, db: sqlite3.Connection) -> None:
        for pragma in self._pragmas:
            db.execute(pragma).close()

    async def close(self) -> None:
        await self._thread.close()

    async def run(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run `fn` in the thread. If the caller is cancelled meanwhile, `fn` still runs to its end."""
        raw = self._raw
        if raw is None:
            raise ValueError("the database is not open")
        with _in_words(self._path):
            # The private call, here and nowhere else: aiosqlite's public ones cost one hop between threads for
            # each statement, and a sale of a dozen statements would wait for a dozen hops.
            result: T = await self._thread._execute(fn, raw)  # type: ignore[no-untyped-call]  # noqa: SLF001
        return result


def _make_private(path: Path) -> None:
    """Make the file before SQLite can, its name synced too: its -wal and -shm files take its mode."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        sync_folder(path.parent)
    except OSError as error:
        raise DiskFailed(f"the database {path} cannot be made or written: {error.strerror}") from error


def _check_start(db: sqlite3.Connection, path: Path) -> None:
    """Check what selling needs, in a time that does not grow with the years; `Database.check` sees the rest."""
    tables = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (table,) in tables:
        if table not in _BULK:
            _check(db, path, f"PRAGMA quick_check('{table}')")


def _check(db: sqlite3.Connection, path: Path, pragma: str) -> None:
    finding = db.execute(pragma).fetchone()[0]
    if finding != "ok":
        raise DatabaseDamaged(f"{path} is damaged: {finding}")


class Database:
    """The open database. Make one with `Database.opened`."""

    def __init__(self, path: Path, ballast: Ballast) -> None:
        self.path = path
        self._ballast = ballast
        self._full = False
        self._room_changed = asyncio.Event()
        self._unsynced = asyncio.Event()
        self._writer = self._new_writer()
        self._reader = _Hop(path, f"{path.absolute().as_uri()}?mode=ro", _READER_PRAGMAS)

    def _new_writer(self) -> _Hop:
        return _Hop(self.path, self.path.absolute().as_uri(), _WRITER_PRAGMAS)

    @classmethod
    @asynccontextmanager
    async def opened(cls, path: Path, *, ballast_bytes: int = BALLAST_BYTES) -> AsyncIterator[Database]:
        """Open the file, made if missing: check it, bring it to this program's schema, take the ballast.

        Raise DatabaseDamaged, DatabaseTooNew, DiskFull or DiskFailed.
        """
        database = cls(path, Ballast(path.with_name(f"{path.name}.ballast"), ballast_bytes))
        await database._open()  # a constructor that has to wait
        try:
            yield database
        finally:
            await database._close()

    async def _open(self) -> None:
        await asyncio.to_thread(_make_private, self.path)
        try:
            await self._writer.open(self._prepare)
        except DiskFull:
            # Even opening needs a little room; the ballast is there for this.
            self._ballast.release()
            self._writer = self._new_writer()
            await self._writer.open(self._prepare)
        try:
            # A process that was killed may have left commits in the log that no disk has yet. What is built on them,
            # here and at HQ, must not outlast them.
            await asyncio.to_thread(sync_log, self.path)
            await self._reader.open(lambda _db: None)
        except BaseException:
            await self._writer.close()
            raise
        if not self._ballast.restore():
            self._note_full()

    def _prepare(self, db: sqlite3.Connection) -> None:
        _set_synchronous(db, _SYNCED)
        _check_start(db, self.path)
        migrate(db)

    async def _close(self) -> None:
        await self._reader.close()
        await self._writer.close()

    @property
    def is_full(self) -> bool:
        """Whether the disk ran full and the reserve is not whole again: only transactions that make room run."""
        return self._full

    async def run(
        self,
        fn: Callable[[sqlite3.Connection], T],
        *,
        makes_room: bool = False,
        synced: bool = True,
        erases: bool = False,
    ) -> T:
        """Run `fn` in one transaction and one thread hop; return what it returns after the commit is on the disk.

        Without `synced` it returns when the commit is in the log: a killed process loses nothing, a power cut may lose
        it, with all that was committed so after it (see `keep_synced`). Never for what a customer has paid for. With
        `erases` nothing that it deletes stays readable in the file.

        An exception rolls everything back. Raise DiskFull when there is no room; from then on every transaction
        is refused so, except those that make room (acks, pruning, voiding), until `make_room` succeeds.
        """
        if self._full and not makes_room:
            raise DiskFull(f"the disk of {self.path} is full; selling goes on when there is room again")
        try:
            if synced:
                transaction = _erasing_transaction if erases else _synced_transaction
                return await self._writer.run(lambda db: transaction(db, fn))
            try:
                return await self._writer.run(lambda db: _unsynced_transaction(db, fn))
            finally:
                self._unsynced.set()  # also for a caller that is cancelled: it does not stop the transaction
        except DiskFull:
            self._note_full()
            raise

    async def read(self, fn: Callable[[sqlite3.Connection], T]) -> T:
        """Run `fn` on one snapshot of what is committed, beside the writer."""
        return await self._reader.run(lambda db: _transaction(db, "BEGIN", fn))

    async def keep_synced(self, within_seconds: float = UNSYNCED_SECONDS) -> NoReturn:
        """Sync what was committed without, so long after it at the latest. Runs until it is cancelled.

        Raise DiskFailed.
        """
        while True:
            await self._unsynced.wait()
            await asyncio.sleep(within_seconds)
            self._unsynced.clear()
            await asyncio.to_thread(sync_log, self.path)

    async def room_changed(self) -> None:
        """Return when the disk has run full or has room again, also when that happened before the call."""
        await self._room_changed.wait()
        self._room_changed.clear()

    async def check(self) -> None:
        """Check the whole file beside the reader and the writer; takes about a second for each 100 MB.

        Raise DatabaseDamaged. The agent runs it in the background after its start.
        """
        target = f"{self.path.absolute().as_uri()}?mode=ro"
        # Used by one thread after the other, and by this one only to interrupt it: an agent that is told to end
        # does not wait for a file of gigabytes.
        with _in_words(self.path), closing(sqlite3.connect(target, uri=True, check_same_thread=False)) as db:
            checking = asyncio.ensure_future(asyncio.to_thread(_check, db, self.path, "PRAGMA quick_check(1)"))
            try:
                await asyncio.shield(checking)
            except asyncio.CancelledError:
                db.interrupt()
                await asyncio.gather(checking, return_exceptions=True)
                raise

    async def make_room(self, prune: Callable[[sqlite3.Connection], T]) -> T:
        """Run `prune`, give what it freed back to the disk, and take the reserve again if there is room.

        Safe to call at any time; the agent calls it now and then, and at once when `is_full`.
        """
        result = await self.run(prune, makes_room=True)
        if self._full:
            await self._writer.run(_give_back_all)
        else:
            await self._writer.run(_give_back_much)
        if self._full and self._ballast.restore():
            self._full = False
            self._room_changed.set()
            _log.warning("disk has room again", path=str(self.path))
        return result

    def _note_full(self) -> None:
        if not self._full:
            self._room_changed.set()
            _log.error("disk full: selling stops", path=str(self.path))
        self._full = True
        self._ballast.release()


def sync_log(path: Path) -> None:
    """Put SQLite's log on the disk. It takes no locks on that file, so opening and closing it here drops none."""
    try:
        log = os.open(path.with_name(f"{path.name}-wal"), os.O_RDONLY)
        try:
            os.fdatasync(log)
        finally:
            os.close(log)
    except OSError as error:
        raise DiskFailed(f"the disk failed on the log of {path}: {error.strerror}") from error


def _give_back_all(db: sqlite3.Connection) -> None:
    """Shorten the file and empty the log, waiting for readers: on a full disk nothing else matters."""
    _vacuum(db, pages=0)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _give_back_much(db: sqlite3.Connection) -> None:
    """Empty the log, and shorten a file that is mostly free, a little at a time: free pages are soon used again.

    No till waits for it.
    """
    _fold(db)
    (free,), (pages,) = (db.execute(f"PRAGMA {name}").fetchone() for name in ("freelist_count", "page_count"))
    if free * 2 > pages:
        _vacuum(db, _PAGES_AT_ONCE)


def _vacuum(db: sqlite3.Connection, pages: int) -> None:
    # As a script, because it frees one page a step and `execute` takes only one of a statement without columns.
    db.executescript(f"PRAGMA incremental_vacuum({pages})")
