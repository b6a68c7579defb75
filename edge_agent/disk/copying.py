"""Copies of the agent's database, for an upgrade and the way back from one.

A copy is never a way to undo what was sold: it is put back only where nothing was recorded since it was made.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from edge_agent.disk.durable_file import sync_folder
from edge_agent.disk.errors import DatabaseDamaged, DatabaseTooNew, DiskFailed, StorageError
from edge_agent.disk.migrations import shipped

_RECORDED = """
SELECT (SELECT coalesce(max(n), 0) FROM event), (SELECT count(*) FROM basket), (SELECT count(*) FROM basket_change),
       (SELECT count(*) FROM payment_attempt)
"""
"""Whatever a cashier does leaves a mark in one of these."""


class RecordedSince(StorageError):
    """The database holds what the copy lacks, so the copy must not take its place."""


def check_fits(path: Path) -> int:
    """Return the schema version of a database this program can work on; 0 when there is none yet.

    Raise DatabaseTooNew or DatabaseDamaged.
    """
    if not path.exists():
        return 0
    latest = shipped()[-1].version
    (found,) = _asked(path, "PRAGMA user_version")
    if found > latest:
        raise DatabaseTooNew(f"the database has schema {found}, this program knows {latest}: install a newer program")
    return found


def back_up(path: Path, to: Path) -> None:
    """Copy the database as one file, checked and synced. Raise DatabaseDamaged or DiskFailed.

    It may be in use: SQLite copies a whole state of it. An earlier copy stays until the new one is whole.
    """
    draft = to.with_name(f"{to.name}.new")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_opened(path)) as source, closing(sqlite3.connect(draft)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE").fetchall()
            finding = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if finding != "ok":
            raise DatabaseDamaged(f"{path} is damaged: {finding}")
        _sync(draft)
        draft.replace(to)
        sync_folder(to.parent)
    except (sqlite3.Error, OSError) as error:
        raise DiskFailed(f"{path} cannot be copied to {to}: {error}") from error


def put_back(copy: Path, path: Path) -> None:
    """Let the copy take the database's place. Nobody may have the database open.

    Raise RecordedSince when the database knows more than the copy, DatabaseDamaged when one cannot be read, DiskFailed.
    """
    now, then = _asked(path, _RECORDED), _asked(copy, _RECORDED)
    if now != then:
        raise RecordedSince(
            f"{path} holds events up to {now[0]}, {copy} up to {then[0]}, or their baskets differ: what was recorded"
            " between would be lost"
        )
    draft = path.with_name(f"{path.name}.back")
    try:
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        draft.write_bytes(copy.read_bytes())
        _sync(draft)
        # First the log: alone it would be played into the wrong file.
        for suffix in ("-wal", "-shm"):
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise DiskFailed(f"{copy} cannot be put back to {path}: {error.strerror}") from error


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _asked(path: Path, question: str) -> tuple[int, ...]:
    try:
        with closing(_opened(path)) as db:
            row: tuple[int, ...] = db.execute(question).fetchone()
            return row
    except sqlite3.Error as error:
        raise DatabaseDamaged(f"{path} cannot be read: {error}") from error


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
