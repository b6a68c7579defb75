"""Many rows at once: COPY on PostgreSQL, executemany on SQLite, with the answer to 'which of them were new'.

Rows are tuples in the order of `columns`, or mappings of one shape. Column defaults of the models do not apply:
every column that may not be null has to be given. All of it happens inside the session's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from cloud.database.columns import Table

Row = Sequence[Any]
Key = tuple[Any, ...]

_FEW = 32
"""Up to so many rows travel as parameters of one statement: COPY writes faster, but takes three more round trips."""
_COPY_TYPES = {
    "UUID": "uuid",
    "BYTEA": "bytea",
    "BIGINT": "int8",
    "INTEGER": "int4",
    "SMALLINT": "int2",
    "VARCHAR": "text",
    "TEXT": "text",
    "BOOLEAN": "bool",
    "DATE": "date",
}


@dataclass(frozen=True)
class _Plan:
    """What one table and set of columns need: statements, and how each column's values reach the driver."""

    insert: str
    insert_few: str
    insert_new: str
    insert_new_few: str
    stage: str
    stage_clear: str
    copy: str
    copy_stage: str
    copy_types: tuple[str, ...]
    convert: tuple[Callable[[Any], Any] | None, ...]
    key_of: Callable[[Row], Key]


def insert_new(session: Session, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> set[Key]:
    """Insert the rows whose primary key, or other unique key, is not taken; return the primary keys inserted.

    A key that another open transaction is about to insert is waited for, so the answer is true once both are through.
    """
    if not rows:
        return set()
    columns = tuple(rows[0])
    return insert_new_tuples(session, table, columns, [tuple(row[name] for name in columns) for row in rows])


def insert(session: Session, table: type[Table], rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that are known to be new. Raise sqlalchemy.exc.IntegrityError when one is not."""
    if rows:
        columns = tuple(rows[0])
        insert_tuples(session, table, columns, [tuple(row[name] for name in columns) for row in rows])


def insert_new_tuples(session: Session, table: type[Table], columns: tuple[str, ...], rows: Sequence[Row]) -> set[Key]:
    """Do what `insert_new` does, for rows as tuples."""
    if not rows:
        return set()
    known = insert_unless_known(session, table, columns, rows)
    key_of = _plan(table, columns, session.connection().dialect).key_of
    return {key_of(row) for row in rows} - known


def insert_unless_known(
    session: Session, table: type[Table], columns: tuple[str, ...], rows: Sequence[Row]
) -> set[Key]:
    """Do what `insert_new_tuples` does and return the other primary keys: those that were there, almost always none.

    So nothing is said, sent or hashed about the many rows that are new.
    """
    if not rows:
        return set()
    connection = session.connection()
    plan = _plan(table, columns, connection.dialect)
    if connection.dialect.name != "postgresql":
        return {plan.key_of(row) for row in rows} - _insert_new_one_by_one(connection, plan, rows)
    with _driver_errors(connection, plan.insert_new), _cursor(connection) as cursor:
        if len(rows) <= _FEW:
            new = set(cursor.execute(plan.insert_new_few, _arrays(plan, rows)).fetchall())
            return {plan.key_of(row) for row in rows} - new
        cursor.execute(plan.stage)
        cursor.execute(plan.stage_clear)
        _copy(cursor, plan.copy_stage, plan, rows)
        return set(cursor.execute(plan.insert_new, [len(rows)]).fetchall())


def insert_tuples(session: Session, table: type[Table], columns: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Do what `insert` does, for rows as tuples."""
    if not rows:
        return
    connection = session.connection()
    plan = _plan(table, columns, connection.dialect)
    with _driver_errors(connection, plan.insert), _cursor(connection) as cursor:
        if connection.dialect.name != "postgresql":
            cursor.executemany(plan.insert, _converted(plan, rows))
        elif len(rows) <= _FEW:
            cursor.execute(plan.insert_few, _arrays(plan, rows))
        else:
            _copy(cursor, plan.copy, plan, rows)


def _insert_new_one_by_one(connection: Connection, plan: _Plan, rows: Sequence[Row]) -> set[Key]:
    """SQLite tells which rows were new only one statement at a time; a statement costs it microseconds."""
    new: set[Key] = set()
    with _driver_errors(connection, plan.insert_new), _cursor(connection) as cursor:
        for row, values in zip(rows, _converted(plan, rows), strict=True):
            if cursor.execute(plan.insert_new, values).rowcount > 0:
                new.add(plan.key_of(row))
    return new


def _copy(cursor: Any, statement: str, plan: _Plan, rows: Sequence[Row]) -> None:
    with cursor.copy(statement) as copy:
        copy.set_types(plan.copy_types)
        packed, write = copy.formatter.write_row, copy.writer.write
        for row in _converted(plan, rows):
            if data := packed(row):  # what `copy.write_row` does, without a call for each row
                write(data)


def _arrays(plan: _Plan, rows: Sequence[Row]) -> list[list[Any]]:
    """Return the rows column by column; the driver wants one exact type in an array, and enums are texts too."""
    return [
        [None if value is None else str.__str__(value) for value in column] if kind == "text" else list(column)
        for kind, column in zip(plan.copy_types, zip(*rows, strict=True), strict=True)
    ]


def _converted(plan: _Plan, rows: Sequence[Row]) -> Sequence[Row]:
    """Bring values into the driver's form: on SQLite a UUID is text, on PostgreSQL everything already fits."""
    changes = [(index, convert) for index, convert in enumerate(plan.convert) if convert is not None]
    if not changes:
        return rows
    converted = []
    for row in rows:
        values = list(row)
        for index, convert in changes:
            values[index] = convert(values[index])
        converted.append(values)
    return converted


@lru_cache(maxsize=256)
def _plan(table: type[Table], columns: tuple[str, ...], dialect: Dialect) -> _Plan:
    local = sa.inspect(table).local_table
    keys = tuple(column.name for column in local.primary_key.columns)
    quote = dialect.identifier_preparer.quote
    names, name, stage = ", ".join(map(quote, columns)), quote(local.name), quote(f"stage_{local.name}")
    is_postgresql = dialect.name == "postgresql"
    types = [local.columns[column].type.dialect_impl(dialect) for column in columns]
    binary = "FROM STDIN (FORMAT BINARY)"
    insert = f"INSERT INTO {name} ({names})"
    values = f"VALUES ({', '.join('?' * len(columns))})"
    copy_types = tuple(_copy_type(kind.compile(dialect)) for kind in types) if is_postgresql else ()
    key_names = ", ".join(map(quote, keys))
    returning = f"ON CONFLICT DO NOTHING RETURNING {key_names}"
    few = f"{insert} SELECT * FROM unnest({', '.join(f'%s::{kind}[]' for kind in copy_types)})"  # noqa: S608
    return _Plan(
        insert=f"{insert} {values}",
        insert_few=few,
        insert_new_few=f"{few} {returning}",
        insert_new=(
            # What was there is looked for only when fewer rows came in than were given.
            f"WITH new AS ({insert} SELECT {names} FROM pg_temp.{stage} {returning}) "  # noqa: S608
            f"SELECT DISTINCT {key_names} FROM pg_temp.{stage} WHERE (SELECT count(*) FROM new) < %s "
            f"AND ({key_names}) NOT IN (SELECT {key_names} FROM new)"
            if is_postgresql
            else f"{insert} {values} ON CONFLICT DO NOTHING"
        ),
        # Made anew when missing: a rollback takes a temporary table away with everything else.
        stage=f"CREATE TEMPORARY TABLE IF NOT EXISTS {stage} (LIKE {name}) ON COMMIT DELETE ROWS",
        stage_clear=f"DELETE FROM pg_temp.{stage}",  # noqa: S608
        copy=f"COPY {name} ({names}) {binary}",
        copy_stage=f"COPY pg_temp.{stage} ({names}) {binary}",
        copy_types=copy_types,
        convert=() if is_postgresql else tuple(kind.bind_processor(dialect) for kind in types),
        key_of=_key_of(columns, keys),
    )


def _copy_type(compiled: str) -> str:
    name = compiled.partition("(")[0]
    if name not in _COPY_TYPES:
        raise TypeError(f"no binary COPY for columns of type {compiled}")
    return _COPY_TYPES[name]


def _key_of(columns: tuple[str, ...], keys: tuple[str, ...]) -> Callable[[Row], Key]:
    positions = [columns.index(key) for key in keys]
    if len(positions) > 1:
        return itemgetter(*positions)
    only = positions[0]
    return lambda row: (row[only],)


@contextmanager
def _cursor(connection: Connection) -> Iterator[Any]:
    cursor = connection.connection.cursor()
    try:
        yield cursor
    finally:
        cursor.close()


@contextmanager
def _driver_errors(connection: Connection, statement: str) -> Iterator[None]:
    """Raise the driver's own errors as SQLAlchemy's, like every other statement of the session does."""
    driver = connection.dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        wrapped = DBAPIError.instance(
            statement, None, error, driver.Error, dialect=connection.dialect, hide_parameters=True
        )
        raise wrapped from error
