"""Tables whose rows are never changed nor deleted: the database itself refuses, whoever asks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, event

_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION storewire_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$
"""


def guard(table: Table) -> None:
    """Let the table's triggers be made together with the table."""
    event.listen(table, "after_create", _after_create)


def install(connection: Connection, table: str) -> None:
    """Make the database refuse UPDATE and DELETE on a table. A migration that creates such a table calls this."""
    for statement in _statements(connection.dialect.name, table):
        connection.exec_driver_sql(statement)


def _after_create(target: Table, connection: Connection, **_options: Any) -> None:
    install(connection, target.name)


def _statements(dialect: str, table: str) -> list[str]:
    if dialect == "postgresql":
        return [
            _POSTGRESQL_FUNCTION,
            # For each statement, not each row: inserting pays nothing.
            (
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION storewire_append_only()"
            ),
        ]
    return [
        (
            f"CREATE TRIGGER {table}_no_{act} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        for act in ("update", "delete")
    ]
