"""A PostgreSQL for one benchmark: the one named by --database, or one that is started and thrown away."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
from sqlalchemy import URL, make_url

from tests.provision import postgresql

DURABLE = {
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
}
"""A test's server need not survive a power cut; what is measured here waits for the disk as a real one does."""


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server on which a benchmark may make databases of its own."""

    admin: URL

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Make an empty database and yield its SQLAlchemy URL; drop it in the end."""
        own = f"storewire_bench_{name}_{os.getpid()}"
        self._run(f'CREATE DATABASE "{own}"')
        try:
            yield self.admin.set(database=own).render_as_string(hide_password=False)
        finally:
            self._run(f'DROP DATABASE IF EXISTS "{own}" WITH (FORCE)')

    def settings(self) -> dict[str, str]:
        """Return the settings that decide what a commit costs."""
        with psycopg.connect(libpq(self.admin)) as connection:
            names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
            return {name: str((connection.execute(f"SHOW {name}".encode()).fetchone() or [""])[0]) for name in names}

    def _run(self, statement: str) -> None:
        with psycopg.connect(libpq(self.admin), autocommit=True) as connection:
            connection.execute(statement.encode())


def libpq(url: URL | str) -> str:
    """Return a SQLAlchemy URL as libpq takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let the caller name a server of their own."""
    parser.add_argument("--database", default="", help="SQLAlchemy URL of a PostgreSQL whose user may make databases")


@contextmanager
def server(url: str) -> Iterator[Server]:
    """Yield the server at `url`, or one that runs until the block ends."""
    if url:
        yield Server(make_url(url))
        return
    binaries = postgresql.find_binaries()
    if binaries is None:
        raise SystemExit("no PostgreSQL 15 or newer here; name one with --database")
    with ExitStack() as stack:
        started = stack.enter_context(postgresql.running(binaries, settings=DURABLE))
        yield Server(make_url(started.url("postgres")))
