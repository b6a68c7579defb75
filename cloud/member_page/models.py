"""Tables of the member's page: attempts to sign in, who is signed in where, and who somebody is in WeChat."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from cloud.database import Table, utc_ms

IDENTITY = {"info": {"retention": "identity"}}
_ASKED = text("code_hash IS NULL AND phone IS NOT NULL")


class MemberSignIn(Table, table=True):
    """Somebody asked for a code. The page writes this row whoever asks; the code is made where messages are sent."""

    __tablename__ = "member_sign_in"
    __table_args__ = (
        Index("ix_member_sign_in_made_ms_asked", "made_ms", postgresql_where=_ASKED, sqlite_where=_ASKED),
        IDENTITY,
    )

    id: UUID = Field(primary_key=True)
    token_hash: bytes = Field(unique=True)
    """Of what the browser that asked holds: a code counts nowhere else."""
    phone: bytes | None = None
    """Encrypted with the context `member_sign_in/<id>` until the code is sent."""
    phone_index: bytes = Field(index=True)
    language: str = Field(max_length=8)
    code_hash: bytes | None = None
    """Keyed; null until the code is made, and for ever where the phone is no member's."""
    tries: int = 0
    made_ms: int = utc_ms()
    expires_ms: int = utc_ms(index=True)
    proven_ms: int | None = utc_ms(default=None)
    """When the right code was typed."""


class MemberSession(Table, table=True):
    """A browser in which a member is signed in."""

    __tablename__ = "member_session"
    __table_args__ = IDENTITY

    token_hash: bytes = Field(primary_key=True)
    member_id: UUID = Field(index=True)
    by: str = Field(max_length=16)
    """`phone` or `wechat`."""
    since_ms: int = utc_ms()
    expires_ms: int = utc_ms(index=True)


class MemberWechat(Table, table=True):
    """Who a member is for our official account."""

    __tablename__ = "member_wechat"
    __table_args__ = IDENTITY

    openid_index: bytes = Field(primary_key=True)
    openid: bytes
    """Encrypted with the context `member_wechat/<member id>`."""
    member_id: UUID = Field(index=True)
    linked_ms: int = utc_ms()
