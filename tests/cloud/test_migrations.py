"""Migrations: they make what the models say, whole or not at all, and never touch what a newer program made."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.exc import DBAPIError

from cloud.audit.models import AuditEntry
from cloud.database import Database, Table, append_only
from cloud.errors import Conflict
from cloud.migrations import revisions
from cloud.migrations.revisions import Upgrade
from cloud.org.models import Store, Till

STALE = 'the models have moved on: python -m cloud.migrations.freeze "what changed" (or --again before a release)'
APPEND_ONLY = {"journal", "posting", "reversal", "lot_back", "ledger_seal", "audit_entry", "audit_link"}
NEWEST = "0001"

LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"

def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer(), primary_key=True))
    with op.batch_alter_table("store") as store:  # a type makes SQLite build the table anew
        store.alter_column("name", existing_type=sa.String(), type_=sa.String(length=200))
        store.add_column(sa.Column("floor_area", sa.Integer(), nullable=True))
    {then}
"""

MakeDatabase = Callable[[], Database]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDatabase]:
    """Make databases without any table."""
    made: list[Database] = []
    numbers = count()
    names: list[str] = []

    def make_one() -> Database:
        name = f"empty_{next(numbers)}"
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / name}.db"
        else:
            names.append(name)
            url = request.getfixturevalue("postgresql_server").create(name)
        made.append(Database(url))
        return made[-1]

    yield make_one
    for database in made:
        database.close()
    for name in names:
        request.getfixturevalue("postgresql_server").drop(name)


@pytest.fixture
def empty(make: MakeDatabase) -> Database:
    return make()


def url_of(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def described(database: Database) -> dict[str, Any]:
    """Return all that a database knows about its tables, in words, whatever the order they were made in."""
    inspector = sa.inspect(database.engine)
    tables: dict[str, list[str]] = {name: [] for name in inspector.get_table_names() if name != "alembic_version"}
    for what, found in (
        ("column", inspector.get_multi_columns()),
        ("key", inspector.get_multi_pk_constraint()),
        ("reference", inspector.get_multi_foreign_keys()),
        ("unique", inspector.get_multi_unique_constraints()),
        ("check", inspector.get_multi_check_constraints()),
        ("index", inspector.get_multi_indexes()),
    ):
        for (_, name), parts in found.items():
            if name in tables:
                several = parts if isinstance(parts, list) else [parts]
                tables[name] = sorted([*tables[name], *(f"{what} {_plain(part)}" for part in several)])
    return {**tables, "triggers": triggers(database), "without rowid": without_rowid(database)}


def _plain(found: Any) -> str:
    """Write what the inspector says as text: types and conditions are objects that equal only themselves."""
    if isinstance(found, dict):
        return str({name: _plain(part) for name, part in sorted(found.items())})
    return repr(found) if isinstance(found, sa.types.TypeEngine) else str(found)


def triggers(database: Database) -> dict[str, str]:
    query = (
        "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal"
        if database.is_postgresql
        else "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    )
    with database.snapshot() as session:
        return dict(session.connection().exec_driver_sql(query).all())


def without_rowid(database: Database) -> set[str]:
    if database.is_postgresql:
        return set()
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%WITHOUT ROWID%'"
    with database.snapshot() as session:
        return set(session.connection().exec_driver_sql(query).scalars())


def say(database: Database, statement: str) -> None:
    with database.session() as session:
        session.connection().exec_driver_sql(statement)


def test_the_migrations_make_what_the_models_say(make: MakeDatabase) -> None:
    migrated, modelled = make(), make()
    assert revisions.upgrade(migrated) == Upgrade(None, NEWEST)
    Table.metadata.create_all(modelled.engine)
    made, wanted = described(migrated), described(modelled)
    assert set(made) == set(wanted), STALE
    for name in wanted:
        assert made[name] == wanted[name], f"{name}: {STALE}"
    with migrated.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == [], STALE


def test_the_comparison_sees_what_alembic_does_not(make: MakeDatabase) -> None:
    plain, other = make(), make()
    for database in (plain, other):
        revisions.upgrade(database)
    assert described(plain) == described(other)
    say(other, "DROP INDEX ix_ingest_commit_to_seal")
    say(other, "CREATE INDEX ix_ingest_commit_to_seal ON ingest_commit (no) WHERE NOT audited")
    assert described(plain)["ingest_commit"] != described(other)["ingest_commit"]
    assert any("amount >= 0" in line for line in described(plain)["balance"])


def test_p5_what_is_append_only_refuses_every_change(empty: Database) -> None:
    revisions.upgrade(empty)
    assert {table.name for table in Table.metadata.sorted_tables if append_only.is_guarded(table)} == APPEND_ONLY
    with empty.session() as session:
        session.add(AuditEntry(at_ms=1, actor="a", action="b", subject="c"))
    acts = ["UPDATE {} SET actor = 'x'", "DELETE FROM {}"]
    for act in acts:
        with pytest.raises(DBAPIError, match="append-only"):
            say(empty, act.format("audit_entry"))
    if empty.is_postgresql:
        for table in APPEND_ONLY:
            with pytest.raises(DBAPIError, match="append-only"):
                say(empty, f"TRUNCATE {table} CASCADE")
    else:
        names = {f"{table}_no_{act}" for table in APPEND_ONLY for act in ("update", "delete")}
        assert set(triggers(empty)) == names


def test_migrating_again_changes_nothing(empty: Database) -> None:
    revisions.upgrade(empty)
    before = described(empty)
    assert revisions.upgrade(empty) == Upgrade(NEWEST, NEWEST)
    assert described(empty) == before
    assert revisions.require_newest(empty) == NEWEST


def test_an_empty_database_is_refused_in_words(empty: Database) -> None:
    with pytest.raises(Conflict, match="storewire-cloud init"):
        revisions.require_newest(empty)


def test_a_newer_database_is_refused_and_left_alone(empty: Database) -> None:
    revisions.upgrade(empty)
    say(empty, "UPDATE alembic_version SET version_num = '9999'")
    before = described(empty)
    for act in (revisions.upgrade, revisions.require_newest):
        with pytest.raises(Conflict, match="revision 9999, which is newer than this program"):
            act(empty)
    assert described(empty) == before


def test_tables_of_somebody_else_are_left_alone(empty: Database) -> None:
    say(empty, "CREATE TABLE member (id INTEGER)")
    with pytest.raises(Conflict, match="tables of these names: member"):
        revisions.upgrade(empty)
    assert sa.inspect(empty.engine).get_table_names() == ["member"]


KILLED = """
import os, signal, sys
from cloud.database import Database, append_only
from cloud.migrations import revisions

install, calls = append_only.install, []

def dying(connection, table):
    install(connection, table)
    calls.append(table)
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)

append_only.install = dying
revisions.upgrade(Database(sys.argv[1]))
"""
UPGRADE = """
import sys
from cloud.database import Database
from cloud.migrations import revisions

print(revisions.upgrade(Database(sys.argv[1])).before)
"""


def start(program: str, database: Database, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, url_of(database)]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)


def test_a_migration_that_is_killed_leaves_nothing(empty: Database, tmp_path: Path) -> None:
    with start(KILLED, empty, tmp_path) as process:
        assert process.wait(60) == -signal.SIGKILL
    assert sa.inspect(empty.engine).get_table_names() == []
    assert revisions.upgrade(empty) == Upgrade(None, NEWEST)


def test_of_two_who_migrate_at_once_one_does(empty: Database, tmp_path: Path) -> None:
    with start(UPGRADE, empty, tmp_path) as one, start(UPGRADE, empty, tmp_path) as other:
        said = {process.communicate(timeout=60)[0].strip() for process in (one, other)}
        assert (one.returncode, other.returncode) == (0, 0)
    assert said == {"None", NEWEST}


class Later:
    """The same program, one release later."""

    def __init__(self, folder: Path, *, then: str = "pass") -> None:
        folder.mkdir()
        (folder / "0002_later.py").write_text(LATER.format(then=then))
        self.config = revisions.configuration([*revisions.SHIPPED, folder])


def found_store(database: Database) -> None:
    with database.session() as session:
        session.add(Store(id="s1", name="One", time_zone="UTC", currency="EUR", price_zone="main"))
        session.flush()
        session.add(Till(store_id="s1", id="t1", number=1))


def test_a_later_release_asks_for_the_migration_and_keeps_every_row(empty: Database, tmp_path: Path) -> None:
    later = Later(tmp_path / "versions")
    revisions.upgrade(empty)
    found_store(empty)
    with pytest.raises(Conflict, match=r"at revision 0001, this program needs 0002: back .*`storewire-cloud migrate`"):
        revisions.require_newest(empty, later.config)
    assert revisions.upgrade(empty, later.config) == Upgrade("0001", "0002")
    assert revisions.require_newest(empty, later.config) == "0002"
    with empty.session() as session:
        assert session.get(Till, ("s1", "t1")) is not None
        connection = session.connection()
        assert connection.exec_driver_sql("SELECT floor_area FROM store").scalars().all() == [None]
        if not empty.is_postgresql:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    with pytest.raises(Conflict, match="newer than this program"):
        revisions.require_newest(empty)


@pytest.mark.parametrize("then", ["raise RuntimeError('half way')", "op.execute('SELECT nothing FROM nowhere')"])
def test_a_migration_that_fails_leaves_the_revision_before(empty: Database, tmp_path: Path, then: str) -> None:
    later = Later(tmp_path / "versions", then=then)
    revisions.upgrade(empty)
    found_store(empty)
    before = described(empty)
    with pytest.raises((RuntimeError, DBAPIError)):
        revisions.upgrade(empty, later.config)
    assert described(empty) == before
    assert revisions.require_newest(empty) == "0001"


def test_rows_that_would_refer_to_nothing_undo_the_migration(sqlite_database: Database, tmp_path: Path) -> None:
    """SQLite looks at references only when a migration is through."""
    later = Later(tmp_path / "versions", then="op.execute('DELETE FROM store')")
    found_store(sqlite_database)
    with pytest.raises(Conflict, match="rows of till that refer to nothing"):
        revisions.upgrade(sqlite_database, later.config)
    assert revisions.require_newest(sqlite_database) == "0001"


@pytest.mark.postgresql
def test_a_migration_does_not_queue_behind_a_long_reader(
    postgresql_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database(postgresql_url)
    revisions.upgrade(database)
    monkeypatch.setattr(revisions, "_LOCK_WAIT", "100ms")
    with database.snapshot() as session:
        session.connection().exec_driver_sql("SELECT count(*) FROM store")
        with pytest.raises(DBAPIError, match="lock timeout"):
            revisions.upgrade(database, Later(tmp_path / "versions").config)
    assert revisions.require_newest(database) == "0001"
    database.close()
