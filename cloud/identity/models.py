"""Tables of the people who use the console."""

from __future__ import annotations

from sqlmodel import Field

from cloud.database import Table, utc_ms
from cloud.database.retention import OPERATIONS, PASSING, STANDING


class ConsolePerson(Table, table=True):
    """Somebody with a sign-in of the console. A name is never used again: the audit log names people by it."""

    __tablename__ = "console_person"
    __table_args__ = STANDING

    name: str = Field(primary_key=True, max_length=32)
    role: str = Field(max_length=16)
    secret: str
    """The password's scrypt hash."""
    created_by: str
    created_ms: int = utc_ms()
    left_ms: int | None = utc_ms(default=None)
    once_until_ms: int | None = utc_ms(default=None)
    """Until when a password that somebody else told may be used, to be changed; null for one's own."""
    seen_ms: int | None = utc_ms(default=None)
    failed: int = 0
    """Refused sign-ins since the last one that was not."""
    failed_ms: int | None = utc_ms(default=None)


class ConsoleSession(Table, table=True):
    """A sign-in that lasts, by the hash of what the browser holds."""

    __tablename__ = "console_session"
    __table_args__ = PASSING

    token_hash: bytes = Field(primary_key=True)
    person: str = Field(foreign_key="console_person.name", index=True, max_length=32)
    since_ms: int = utc_ms()
    expires_ms: int = utc_ms()
    seen_ms: int | None = utc_ms(default=None)


class ApiToken(Table, table=True):
    """A bearer token of a person or program, by hash, with scopes, stores and expiry."""

    __tablename__ = "api_token"
    __table_args__ = OPERATIONS

    token_hash: bytes = Field(primary_key=True)
    name: str
    scopes: str
    stores: str = ""
    """The stores in whose name it may act; empty: all."""
    created_ms: int = utc_ms()
    expires_ms: int = utc_ms()
    revoked_ms: int | None = utc_ms(default=None)
