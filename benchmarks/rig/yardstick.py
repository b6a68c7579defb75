"""The yardstick for ingest: the same rows into the same tables by bare COPY with a conflict check, nothing else.

Rows are read from the database that ingest has filled, some hundred sales at a time; only the writing is timed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from benchmarks.rig.databases import libpq
from benchmarks.rig.figures import now

SALES_AT_ONCE = 500
_BY_SALE = {
    "event": "event_id",
    "sale": "id",
    "sale_line": "sale_id",
    "sale_discount": "sale_id",
    "sale_coupon": "sale_id",
    "sale_tender": "sale_id",
    "journal": "cause",
    "posting": "cause",
}
_RECEIPTS = "receipt_number"
_TYPES = {"character varying": "text", "bigint": "int8", "integer": "int4", "smallint": "int2", "boolean": "bool"}

Rows = list[tuple[Any, ...]]


class Table:
    """One table: its columns, and the statements that stage and insert rows."""

    def __init__(self, connection: psycopg.Connection[Any], name: str) -> None:
        found = connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s ORDER BY ordinal_position",
            (name,),
        ).fetchall()
        self.name = name
        self.columns = [column for column, _ in found]
        self.types = [_TYPES.get(kind, kind) for _, kind in found]
        parts = {
            "table": sql.Identifier(name),
            "stage": sql.Identifier(f"stage_{name}"),
            "columns": sql.SQL(", ").join(map(sql.Identifier, self.columns)),
        }
        self.make_stage = sql.SQL("CREATE TEMPORARY TABLE {stage} (LIKE {table}) ON COMMIT DELETE ROWS").format(**parts)
        self.copy = sql.SQL("COPY {stage} ({columns}) FROM STDIN (FORMAT BINARY)").format(**parts)
        self.insert = sql.SQL("INSERT INTO {table} SELECT * FROM {stage} ON CONFLICT DO NOTHING").format(**parts)
        self.select = sql.SQL("SELECT {columns} FROM {table}").format(**parts)


def copy_seconds(source_url: str, empty_url: str) -> tuple[float, int, int]:
    """Return the seconds that writing all sales took, how many sales and how many rows they were."""
    with psycopg.connect(libpq(source_url)) as source, psycopg.connect(libpq(empty_url)) as target:
        tables = [Table(source, name) for name in (*_BY_SALE, _RECEIPTS)]
        for table in tables:
            target.execute(table.make_stage)
        target.commit()
        seconds, sales, rows = 0.0, 0, 0
        for count, chunk in _chunks(source, tables):
            began = now()
            for table in tables:
                _write(target, table, chunk[table.name])
            target.commit()
            seconds += now() - began
            sales, rows = sales + count, rows + sum(map(len, chunk.values()))
    return seconds, sales, rows


def _write(target: psycopg.Connection[Any], table: Table, rows: Rows) -> None:
    if not rows:
        return
    with target.cursor() as cursor:
        with cursor.copy(table.copy) as copy:
            copy.set_types(table.types)
            for row in rows:
                copy.write_row(row)
        cursor.execute(table.insert)


def _chunks(source: psycopg.Connection[Any], tables: Sequence[Table]) -> Iterator[tuple[int, dict[str, Rows]]]:
    receipts = _receipts(source, next(table for table in tables if table.name == _RECEIPTS))
    ids = [found for (found,) in source.execute("SELECT id FROM sale ORDER BY id")]
    for start in range(0, len(ids), SALES_AT_ONCE):
        few = ids[start : start + SALES_AT_ONCE]
        chunk = {_RECEIPTS: [row for one in few for row in receipts[one]]}
        for table in tables:
            if table.name in _BY_SALE:
                key = sql.Identifier(_BY_SALE[table.name])
                query = sql.SQL("{} WHERE {} = ANY(%s)").format(table.select, key)
                chunk[table.name] = source.execute(query, (few,)).fetchall()
        yield len(few), chunk


def _receipts(source: psycopg.Connection[Any], table: Table) -> dict[UUID, Rows]:
    """Return the receipt numbers by event: there is no index to ask for a few of them."""
    place = table.columns.index("event_id")
    found: dict[UUID, Rows] = defaultdict(list)
    for row in source.execute(table.select):
        found[row[place]].append(row)
    return found
