"""Where a database stands, and the way to where this program is: forward only, all of it or nothing.

A database that a newer program has migrated is refused: an older one must not guess at tables it does not know.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from cloud.database import Database, Table
from cloud.errors import Conflict

SHIPPED = (Path(__file__).with_name("versions"),)
"""Where the revisions lie that came with this program."""
_LOCK = 0x5357_4D47
"""The number of PostgreSQL's advisory lock that two migrations at once take in turn."""
_LOCK_WAIT = "30s"
"""Longer than any transaction of ours: whoever reads for longer must not hold up the whole chain behind us."""


@dataclass(frozen=True)
class Upgrade:
    """What a migration did: the revision before (None: an empty database) and the one after."""

    before: str | None
    after: str


def configuration(versions: Sequence[Path] = SHIPPED) -> Config:
    """Return Alembic's configuration: no file, so that an installed package needs none."""
    config = Config()
    config.set_main_option("script_location", "cloud:migrations")
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", os.pathsep.join(map(str, versions)).replace("%", "%%"))
    config.attributes["autogenerate"] = {}
    return config


def newest(config: Config | None = None) -> str:
    """Return the revision this program brings a database to."""
    head = ScriptDirectory.from_config(config or configuration()).get_current_head()
    if head is None:
        raise LookupError("this program came without its migrations")
    return head


def current(connection: Connection) -> str | None:
    """Return the revision of a database, or None when it was never migrated."""
    return MigrationContext.configure(connection).get_current_revision()


def require_newest(database: Database, config: Config | None = None) -> str:
    """Return the database's revision. Raise Conflict, saying what to do, when it is not this program's."""
    config = config or configuration()
    with database.snapshot() as session:
        found = current(session.connection())
    wanted = newest(config)
    if found is None:
        raise Conflict(
            "the database is empty: a new deployment begins with `storewire-cloud init`, a lost one with its backup"
        )
    _refuse_unknown(found, config)
    if found != wanted:
        raise Conflict(
            f"the database is at revision {found}, this program needs {wanted}: "
            "back the database up, then run `storewire-cloud migrate`"
        )
    return found


def upgrade(database: Database, config: Config | None = None) -> Upgrade:
    """Bring a database to this program's revision in one transaction. Raise Conflict when it must not be touched."""
    config = config or configuration()
    wanted = newest(config)
    with _alone(database) as connection:
        before = current(connection)
        if before is None:
            _refuse_strange_tables(connection)
        else:
            _refuse_unknown(before, config)
        if before != wanted:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            _refuse_broken_references(connection)
    return Upgrade(before, wanted)


def _refuse_unknown(found: str, config: Config) -> None:
    known = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    if found not in known:
        raise Conflict(
            f"the database is at revision {found}, which is newer than this program (it knows up to {known[0]}): "
            "install the newer program again, or restore the backup made before the upgrade"
        )


def _refuse_strange_tables(connection: Connection) -> None:
    importlib.import_module("cloud.models")  # fills the metadata
    ours = sorted(set(inspect(connection).get_table_names()) & set(Table.metadata.tables))
    if ours:
        raise Conflict(
            f"the database says no revision, yet it has tables of these names: {', '.join(ours[:5])}; "
            "nothing was touched: give Storewire a database of its own, or restore a whole backup"
        )


def _refuse_broken_references(connection: Connection) -> None:
    """SQLite checked no foreign key while tables were rebuilt, so it checks them all now."""
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise Conflict(f"the migration would leave rows of {broken[0]} that refer to nothing: nothing was changed")


@contextmanager
def _alone(database: Database) -> Iterator[Connection]:
    """One transaction beside which nobody else migrates."""
    with database.engine.connect() as connection:
        if database.is_postgresql:
            with connection.begin():
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_WAIT}'")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield connection
            return
        # Rebuilding a table drops the old one, which would take the rows that refer to it along. SQLite switches
        # this only outside of a transaction.
        _switch_foreign_keys(connection, "OFF")
        try:
            with connection.begin():  # takes the write lock at once
                yield connection
        finally:
            _switch_foreign_keys(connection, "ON")


def _switch_foreign_keys(connection: Connection, state: str) -> None:
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.execute(f"PRAGMA foreign_keys = {state}")
