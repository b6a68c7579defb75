"""Tables of tills that are not ours."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Field

from cloud.database import Table, utc_ms

BOOKS = {"info": {"retention": "books"}}


class BesideRequest(Table, table=True):
    """A request that changed something, under the id its sender made for it, and how it was answered."""

    __tablename__ = "beside_request"
    __table_args__ = BOOKS

    holder: str = Field(primary_key=True, max_length=100)
    key: str = Field(primary_key=True, max_length=64)
    act: str = Field(max_length=16)
    fields: str
    """Keyed hash of each field, JSON: another content under the same id is refused naming the field."""
    status: int
    answer: str
    """JSON, without anything personal."""
    cause: UUID = Field(index=True)
    """The id that its journals carry."""
    member_id: UUID | None = Field(default=None, index=True)
    at_ms: int = utc_ms()
