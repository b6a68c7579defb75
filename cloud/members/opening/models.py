"""Tables of taking over an existing base. The file itself is not kept, its checksum is."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}
OPERATIONS = {"info": {"retention": "operations"}}

LOADING = "loading"
LOADED = "loaded"
SIGNED = "signed"
REFUSED = "refused"


class MemberOpening(Table, table=True):
    """One file of members with balances, from its loading to its signature."""

    __tablename__ = "member_opening"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    """Follows from the file's checksum: the same file again goes on where it stopped."""
    name: str = Field(max_length=200)
    checksum: bytes
    status: str = Field(default=LOADING, max_length=16)
    rows: int
    done: int = 0
    """Rows of the file that are through."""
    known: int = 0
    """Rows left out because their reference was here already."""
    started_ms: int = utc_ms()
    started_by: str = Field(max_length=120)
    loaded_ms: int | None = utc_ms(default=None)
    closed_ms: int | None = utc_ms(default=None)
    closed_by: str = Field(default="", max_length=120)
    reason: str = Field(default="", max_length=500)
    sales_credited: int = 0


class OpeningTotal(Table, table=True):
    """What the file says all members together hold of a unit."""

    __tablename__ = "opening_total"
    __table_args__ = BOOKS

    opening_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True, max_length=32)
    """The members' kind of account."""
    unit: str = Field(primary_key=True, max_length=8)
    members: int
    amount: int = big_int()


class OpeningCard(Table, table=True):
    """A card that becomes its member's when the opening is signed."""

    __tablename__ = "opening_card"
    __table_args__ = OPERATIONS

    card_id: UUID = Field(primary_key=True)
    opening_id: UUID = Field(index=True)
    member_id: UUID = Field(index=True)
    first: bool = True
    """The card in use; the others of a row lead to the same member and are not taken at tills."""
