"""How long rows are kept: each table names its class in `__table_args__`, and a test asks every table for it.

Erasing a member reads the class (`cloud.database.sweeping`), and whoever prunes, exports or answers an authority goes
by it. A class says what may go, not that something goes by itself.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import Table


class Retention(StrEnum):
    """How long a table's rows are kept."""

    BOOKS = "books"
    """As long as the law wants accounting records, and whatever explains them."""
    OPERATIONS = "operations"
    """For as long as it helps to run the shops."""
    IDENTITY = "identity"
    """About members: goes or is blanked when they leave."""
    STANDING = "standing"
    """What holds now: changed in place, there while the chain works by it."""
    PASSING = "passing"
    """Of use for seconds to days, then forgotten by a job or by whoever used it."""


BOOKS: dict[str, Any] = {"info": {"retention": str(Retention.BOOKS)}}
OPERATIONS: dict[str, Any] = {"info": {"retention": str(Retention.OPERATIONS)}}
IDENTITY: dict[str, Any] = {"info": {"retention": str(Retention.IDENTITY)}}
STANDING: dict[str, Any] = {"info": {"retention": str(Retention.STANDING)}}
PASSING: dict[str, Any] = {"info": {"retention": str(Retention.PASSING)}}


def retention_of(table: Table) -> Retention:
    """Return a table's class. Raise ValueError for one that names none, or one that there is not."""
    named = table.info.get("retention")
    if named is None:
        raise ValueError(f"table {table.name} does not say how long its rows are kept: see cloud/database/retention.py")
    return Retention(named)
