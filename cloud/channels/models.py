"""The table of messages: what waits, what became of the rest. For whom they were is forgotten as soon as can be."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from cloud.channels.ports import Delivery
from cloud.database import Table, utc_ms

_WAITING = text(f"state = '{Delivery.QUEUED}'")


class MemberMessage(Table, table=True):
    """A message under an id its asker made: asked for twice, it is sent once."""

    __tablename__ = "member_message"
    __table_args__ = (
        Index("ix_member_message_next_ms_queued", "next_ms", postgresql_where=_WAITING, sqlite_where=_WAITING),
        Index("ix_member_message_recipient_index_made_ms", "recipient_index", "made_ms"),
        {"info": {"retention": "identity"}},
    )

    id: UUID = Field(primary_key=True)
    member_id: UUID | None = Field(default=None, index=True)
    channel: str = Field(max_length=16)
    template: str = Field(max_length=32)
    language: str = Field(max_length=8)
    personal: bytes | None = None
    """Recipient and parameters, encrypted with the context `message/<id>`; null once they are not needed."""
    recipient_index: bytes | None = None
    """By which the recipient's messages of the last day are counted; null after it."""
    digest: bytes
    """Keyed hash of everything asked: the same id with other content is refused."""
    state: str = Field(max_length=16, index=True)
    """`cloud.channels.ports.Delivery`."""
    code: str = Field(default="", max_length=64)
    """Why it failed, is not known, or waits."""
    reference: str = Field(default="", max_length=128)
    tries: int = 0
    made_ms: int = utc_ms()
    next_ms: int = utc_ms()
    """When it is tried, or asked about, next."""
    until_ms: int = utc_ms()
    """After this it is of no use to anybody, and fails."""
    sent_ms: int | None = utc_ms(default=None)
    changed_ms: int = utc_ms(index=True)
