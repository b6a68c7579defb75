"""Tables whose rows are never changed nor deleted: the database itself refuses, whoever asks.

Released migrations call `install`, so what it does to a table stays as it is; something else is another function.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, event

_MARK = "append_only"
_POSTGRESQL_FUNCTION = """
CREATE OR REPLACE FUNCTION storewire_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$
"""


def guard(table: Table) -> None:
    """Let the table's triggers be made together with the table, by its migration too."""
    table.info = {**table.info, _MARK: True}  # models share what they say of retention: a mark is this table's alone
    event.listen(table, "after_create", _after_create)


def is_guarded(table: Table) -> bool:
    """Tell whether a model's table is append-only."""
    return bool(table.info.get(_MARK))


def install(connection: Connection, table: str) -> None:
    """Make the database refuse UPDATE, DELETE and TRUNCATE on a table, by the migration that creates or rebuilds it."""
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
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
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
