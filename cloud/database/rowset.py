"""Rows held in memory as a table inside one statement: join them, insert from them, on both databases alike.

PostgreSQL reads them from arrays (`unnest`), SQLite from JSON (`json_each`); either way they are parameters, so the
statement is the same text for 1 row and for 10,000. Only text, integers, booleans, dates and UUIDs travel this way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from operator import is_
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ARRAY, BindParameter, FromClause, Table, bindparam, column, func, select, type_coerce
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.types import TypeEngine
from sqlmodel import Session

from cloud.database.arrays import array_of
from cloud.database.columns import Table as Model

Columns = Mapping[str, TypeEngine[Any]]
"""Names and types of a rowset's columns, in the order of its values."""


def is_postgresql(session: Session) -> bool:
    """Tell which of the two databases a session speaks to."""
    return session.get_bind().dialect.name == "postgresql"


def table_of(model: type[Model]) -> Table:
    """Return the Core table behind a model: bulk statements need no objects."""
    return cast("Table", model.__table__)  # type: ignore[attr-defined]


def upsert_into(session: Session, model: type[Model]) -> PostgresqlInsert:
    """Return an INSERT that knows ON CONFLICT, of the session's dialect (the two share that interface)."""
    insert = postgresql_insert if is_postgresql(session) else sqlite_insert
    return cast("PostgresqlInsert", insert(table_of(model)))


def rowset(session: Session, name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> FromClause:
    """Return `rows` as a table called `name` with these columns, in any statement of this session."""
    if is_postgresql(session):
        return _from_arrays(name, columns, rows)
    return _from_json(name, columns, rows)


def _from_arrays(name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> FromClause:
    values = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [_array(column, kind) for column, kind in zip(values, columns.values(), strict=True)]
    shape = [column(label, kind) for label, kind in columns.items()]
    return func.unnest(*arrays).table_valued(*shape, name=name).render_derived(name=name)


def _array(values: Sequence[Any], kind: TypeEngine[Any]) -> BindParameter[Any]:
    packed = None if any(map(partial(is_, None), values)) else array_of(kind)
    return bindparam(None, values, type_=packed) if packed else bindparam(None, list(values), type_=ARRAY(kind))


def _from_json(name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> FromClause:
    each = func.json_each(json.dumps(rows, default=_sqlite_text)).table_valued("value", name=f"{name}_json")
    return select(
        *(
            type_coerce(func.json_extract(each.c.value, f"$[{index}]"), kind).label(label)
            for index, (label, kind) in enumerate(columns.items())
        )
    ).subquery(name)


def _sqlite_text(value: object) -> str:
    """Write a value as SQLAlchemy stores it in SQLite."""
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a rowset cannot carry {type(value).__name__}")
