"""Tables of pictures: the contents, and which item has which."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, utc_ms
from cloud.database.retention import STANDING


class Picture(Table, table=True):
    """A picture in the form that displays show, named by its content. One that no item has goes after a day."""

    __tablename__ = "picture"
    __table_args__ = STANDING

    hash: str = Field(primary_key=True, max_length=64)
    size: int
    content: bytes
    made_ms: int = utc_ms()


class ItemPicture(Table, table=True):
    """The one picture an item has. What it had before stands in the audit log."""

    __tablename__ = "item_picture"
    __table_args__ = (Index(None, "picture"), STANDING)

    item: str = Field(primary_key=True, max_length=128)
    picture: str = Field(foreign_key="picture.hash", max_length=64)
    set_by: str = Field(max_length=64)
    set_ms: int = utc_ms()
