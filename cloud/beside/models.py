"""Tables of tills that are not ours."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Field

from cloud.database import Table, big_int
from cloud.database.retention import BOOKS


class BesideUndone(Table, table=True):
    """How much of an earning at a till that is not ours was taken back so far; none: nothing of it."""

    __tablename__ = "beside_undone"
    __table_args__ = BOOKS

    request: UUID = Field(primary_key=True)
    """The request that earned."""
    points: int = big_int(default=0)
    minor: int = big_int(default=0)
    """The spend that went with them."""
    whole: bool = False
    """Whether all of it is: then the visit is taken back too, and nothing more can be."""
