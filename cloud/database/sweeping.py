"""What was deleted or overwritten should not stay readable in the database's own files."""

from __future__ import annotations

from sqlmodel import Session

from cloud.database.columns import Table
from cloud.database.engine import Database
from cloud.database.retention import Retention, retention_of


def about_people() -> list[str]:
    """Return the tables whose rows go or are blanked when somebody leaves."""
    return [table.name for table in Table.metadata.sorted_tables if retention_of(table) is Retention.IDENTITY]


def overwrite_what_goes(session: Session) -> None:
    """Have this transaction's deletions leave zeros behind, even on pages that SQLite would not write otherwise."""
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("PRAGMA secure_delete = ON")


def sweep(database: Database) -> None:
    """After a commit that erased something: fold SQLite's log into its file, have PostgreSQL reuse dead rows' room.

    Older backups, and PostgreSQL's own log until it is recycled, still hold what was erased.
    """
    if database.is_postgresql:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM {', '.join(about_people())}")
        return
    with database.engine.connect() as connection:
        driver = connection.connection.driver_connection
        if driver is not None:
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
