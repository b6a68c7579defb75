"""One engine per process; a session per request or job, which alone commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlmodel import Session

_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 10000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 67108864",  # a long read lets the log grow: afterwards it shrinks to 64 MiB again
    "PRAGMA secure_delete = FAST",  # what was deleted does not stay readable on pages that are written anyway
)


class Database:
    """The chain's database by URL: `sqlite:///path` (embedded) or `postgresql+psycopg://...` (server)."""

    def __init__(self, url: str, *, pool_size: int = 5) -> None:
        # Parameters stay out of error texts, which end in logs: a card number may be among them.
        self.engine = (
            _sqlite(url)
            if url.startswith("sqlite")
            else create_engine(
                url, pool_size=pool_size, max_overflow=pool_size, pool_pre_ping=True, hide_parameters=True
            )
        )

    @property
    def is_postgresql(self) -> bool:
        """Tell which of the two databases this is."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction: committed when the block ends well, rolled back when it raises.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so that two writers queue instead of failing.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """One transaction that only reads: on SQLite it takes no lock, so it never waits for a writer."""
        engine = self.engine.execution_options(storewire_reads=True)
        with Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 10}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves: the driver's own comes too late
        for pragma in _SQLITE_PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        reads = connection.get_execution_options().get("storewire_reads", False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
