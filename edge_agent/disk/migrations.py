"""Bring a database file to the schema this program knows: numbered SQL files, all of them or none."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from edge_agent.disk.errors import DatabaseTooNew

_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step: the schema version it leads to and its SQL."""

    version: int
    name: str
    sql: str


def shipped() -> list[Migration]:
    """Return the migrations that came with this program, in order, numbered from 1 without a hole."""
    found = sorted(
        (
            Migration(int(match[1]), entry.name, entry.read_text(encoding="utf-8"))
            for entry in files("edge_agent.schema").iterdir()
            if (match := _NAME.match(entry.name))
        ),
        key=lambda migration: migration.version,
    )
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"migrations are not numbered 1 to {len(found)}: {[m.name for m in found]}")
    return found


def migrate(db: sqlite3.Connection, migrations: Sequence[Migration] | None = None) -> int:
    """Apply what the database lacks in one transaction; return the schema version.

    Raise DatabaseTooNew when the file is ahead of this program: an older program must not guess at newer tables.
    """
    known = shipped() if migrations is None else migrations
    latest = known[-1].version if known else 0
    (current,) = db.execute("PRAGMA user_version").fetchone()
    if current > latest:
        raise DatabaseTooNew(
            f"the database has schema {current}, this program knows {latest}: install the newer program again"
        )
    pending = [migration for migration in known if migration.version > current]
    if pending:
        body = "\n".join(migration.sql for migration in pending)
        try:
            # One script: executescript would commit an open transaction first, so BEGIN has to be inside it.
            db.executescript(f"BEGIN IMMEDIATE;\n{body}\nPRAGMA user_version = {latest};\nCOMMIT;")
        except sqlite3.Error:
            if db.in_transaction:
                db.rollback()
            raise
    return latest
