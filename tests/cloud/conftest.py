"""The chain's database for tests, on SQLite and on PostgreSQL, with every table and nothing in them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import text

from cloud.database import Database
from cloud.identity import people
from cloud.store_days import staff
from shared.pins import hash_secret
from tests.cloud import apps
from tests.provision import databases, postgresql
from tests.provision.postgresql import PostgresqlServer

_CHEAP = (4, 1, 1)
_MODEL_DATABASE = "storewire_test"
_numbers = count(1)

_LARGE_BYTES = 256 * 1024
_EMPTY_ALL = text(
    f"""
    DO $$
    DECLARE name text; size bigint; large text := ''; found boolean;
    BEGIN
      PERFORM set_config('session_replication_role', 'replica', true);  -- append-only tables too, in tests alone
      FOR name, size IN
        SELECT table_name, pg_relation_size(table_name::regclass)
        FROM pg_tables, format('%I.%I', schemaname, tablename) AS table_name
        WHERE schemaname = 'public' AND tablename <> 'alembic_version'
      LOOP
        IF size > {_LARGE_BYTES} THEN large := large || ', ' || name; CONTINUE; END IF;
        EXECUTE 'SELECT EXISTS (SELECT 1 FROM ' || name || ')' INTO found;
        IF found THEN EXECUTE 'DELETE FROM ' || name; END IF;
      END LOOP;
      -- A few rows are deleted in no time; TRUNCATE makes the files of a table, and of all that refer to it, anew.
      IF large <> '' THEN EXECUTE 'TRUNCATE ' || substr(large, 3) || ' CASCADE'; END IF;
      PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
    END $$
    """  # noqa: S608 - a number of ours
)


@pytest.fixture(autouse=True)
def _apps_are_taken_back() -> Iterator[None]:
    yield
    apps.take_back()


@pytest.fixture(autouse=True, scope="session")
def _passwords_take_no_time() -> Iterator[None]:
    """A hash says what it costs: whoever signs in does all that they do anywhere, only sooner."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (people, staff):
            patch.setattr(module, "hash_secret", partial(hash_secret, cost=_CHEAP))
        yield


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgresqlServer]:
    """One PostgreSQL server per test process. Skips, by name and count, where there are no binaries."""
    binaries = postgresql.find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL 15 or newer on this machine: `make setup` installs one")
    with postgresql.running(binaries) as server:
        yield server


@pytest.fixture(scope="session")
def _postgresql_tables(postgresql_server: PostgresqlServer) -> str:
    """The URL of a database with all tables."""
    url = postgresql_server.create(_MODEL_DATABASE)
    databases.build(url)
    return url


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """An empty embedded database with all tables."""
    database = databases.new_sqlite(tmp_path / "cloud.db")
    yield database
    database.close()


@pytest.fixture
def postgresql_database(_postgresql_tables: str) -> Iterator[Database]:
    """An empty PostgreSQL database with all tables. Mark the test `postgresql`."""
    database = Database(_postgresql_tables)
    with database.engine.begin() as connection:
        connection.execute(_EMPTY_ALL)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database with all tables; the test runs once on each kind."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found


@pytest.fixture
def postgresql_url(postgresql_server: PostgresqlServer) -> Iterator[str]:
    """The URL of a PostgreSQL database of its own without any table: for migrations and for real processes."""
    name = f"own_{next(_numbers)}"
    yield postgresql_server.create(name)
    postgresql_server.drop(name)
