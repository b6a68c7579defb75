"""Plain SQL reads of HQ's database while it runs, on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

_WAIT_SECONDS = 5


class DatabaseAway(RuntimeError):
    """The database does not answer just now."""


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Return a statement's rows. Raise DatabaseAway; the caller asks again later."""
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        try:
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_WAIT_SECONDS)) as db:
                return db.execute(statement).fetchall()
        except sqlite3.Error as error:
            raise DatabaseAway(str(error)) from error
    import psycopg  # noqa: PLC0415 - only where the run uses PostgreSQL

    try:
        with psycopg.connect(server_url(url), connect_timeout=_WAIT_SECONDS) as server:
            return server.execute(statement.encode()).fetchall()
    except psycopg.Error as error:
        raise DatabaseAway(str(error)) from error


def server_url(url: str) -> str:
    """Return the URL as PostgreSQL's own client takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://", 1)
