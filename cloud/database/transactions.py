"""Work in a transaction of its own, tried again where the database was only busy or away."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlmodel import Session

from cloud.database.engine import Database
from cloud.database.transience import is_transient
from cloud.errors import Unavailable

log = structlog.get_logger()

_ATTEMPTS = 3

R = TypeVar("R")


def in_transaction(database: Database, work: Callable[[Session], R]) -> R:
    """Run `work` in a transaction of its own, again when the database was busy or lost, a few times in all."""
    failure: Exception | None = None
    for _ in range(_ATTEMPTS):
        try:
            with database.session() as session:
                return work(session)
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("transaction failed, trying again", error=str(error).splitlines()[0])
            failure = error
    raise Unavailable("the database is away or too busy") from failure
