"""Pages of a table that begin behind a key instead of at a number: each costs the same, however many come before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import SQLColumnExpression
from sqlmodel import Session

from cloud.web.tables import PAGE_ROWS, Asked, Cut, Query, SqlSource

R = TypeVar("R")


@dataclass(frozen=True)
class KeysetSource(Generic[R]):
    """Rows from the database, cut by a column that no two rows share; by any other column they are cut by number."""

    plain: SqlSource[R]
    column: str
    """The column's key."""
    key: Callable[[R], str]
    """What a row has in it."""

    def cut(self, session: Session, asked: Asked) -> Cut[R]:
        """Return the page behind or before a key, or the first."""
        query = self.page(asked)
        if query is None:
            return self.plain.cut(session, asked)
        found = [self.plain.row(row) for row in session.execute(query)]
        if not found and (asked.after or asked.before):
            return self.cut(session, Asked(sort=asked.sort, descending=asked.descending, filters=asked.filters))
        more, rows = len(found) > PAGE_ROWS, found[:PAGE_ROWS]
        if asked.before:
            rows.reverse()
        earlier, later = (more, True) if asked.before else (bool(asked.after), more)
        steps = (self.key(rows[0]) if earlier else "", self.key(rows[-1]) if later else "")
        shown = self.plain.enrich(session, rows) if self.plain.enrich else rows
        return Cut(self.plain.count(session, asked), 1, shown, steps)

    def page(self, asked: Asked) -> Query | None:
        """Return what reads a page and one row more, away from its key; None where another column is sorted by."""
        order = next((one.order for one in self.plain.columns() if one.key == self.column == asked.sort), None)
        if not isinstance(order, SQLColumnExpression):
            return None
        falling = asked.descending != bool(asked.before)
        query = self.plain.query(asked).order_by(None)
        if place := asked.before or asked.after:
            query = query.where(order < place if falling else order > place)
        return query.order_by(order.desc() if falling else order.asc()).limit(PAGE_ROWS + 1)

    def rows(self, session: Session, asked: Asked, *, offset: int, limit: int) -> list[R]:
        """Return a stretch of them in the order asked for."""
        return self.plain.rows(session, asked, offset=offset, limit=limit)
