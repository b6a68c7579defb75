"""Column types and the naming convention that every table shares."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData
from sqlmodel import Field, SQLModel

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Table(SQLModel):
    """Base of every table; subclass with `table=True` and a `__tablename__`."""

    metadata = MetaData(naming_convention=NAMING)


BIG_INT = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite only numbers rows by itself in a column it calls INTEGER."""


def big_int(**options: Any) -> Any:
    """A 64-bit integer column."""
    return Field(sa_type=BIG_INT, **options)


def utc_ms(**options: Any) -> Any:
    """A time in milliseconds since 1970 UTC."""
    return Field(sa_type=BIG_INT, **options)
