"""The database: engine, sessions, bulk insertion, on SQLite and PostgreSQL alike."""

from cloud.database.columns import Table, big_int, utc_ms
from cloud.database.engine import Database

__all__ = ["Database", "Table", "big_int", "utc_ms"]
