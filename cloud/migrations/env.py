"""Where Alembic begins: it runs on the connection, and in the transaction, that `cloud.migrations` hands it."""

from __future__ import annotations

from alembic import context

from cloud.database import Table

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Table.metadata,
    # SQLite's DDL is transactional too; Alembic only doubts it because of what Python's driver does by itself, and
    # our engine says BEGIN itself.
    transactional_ddl=True,
    **context.config.attributes["autogenerate"],
)
context.run_migrations()
