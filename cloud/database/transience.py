"""Which database errors pass by themselves: they are tried again and never held against an event."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_TRANSIENT_CLASSES = ("08", "40", "53", "55", "57", "58")
"""SQLSTATE classes: connection, transaction rollback (deadlock, serialization), out of resources, object in use,
operator intervention (shutdown, cancel), system error."""
_SQLITE_PASSING = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_NOMEM")


def is_transient(error: BaseException) -> bool:
    """Tell whether an error says nothing about the data: busy, away, full, stopped, or in each other's way."""
    if isinstance(error, PoolTimeout | MemoryError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    if sqlstate:
        return str(sqlstate).startswith(_TRANSIENT_CLASSES)
    name = getattr(error.orig, "sqlite_errorname", None)
    if name:
        return str(name).startswith(_SQLITE_PASSING)
    # psycopg gives no code when the connection itself broke; SQLite gives none for misuse, which will not pass.
    return type(error.orig).__module__.startswith("psycopg") and type(error.orig).__name__ in {
        "OperationalError",
        "InterfaceError",
    }
