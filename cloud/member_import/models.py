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
TAKING_BACK = "taking_back"
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
    undone: int = 0
    """Of these, rows that are taken back."""
    known: int = 0
    """Rows left out because their reference was here already."""
    started_ms: int = utc_ms()
    started_by: str = Field(max_length=120)
    loaded_ms: int | None = utc_ms(default=None)
    closed_ms: int | None = utc_ms(default=None)
    closed_by: str = Field(default="", max_length=120)
    reason: str = Field(default="", max_length=500)
    sales_credited: int = 0


class OpeningUpload(Table, table=True):
    """A file that somebody uploaded, from its dry run to its loading. Its content goes as soon as it is not needed."""

    __tablename__ = "opening_upload"
    __table_args__ = OPERATIONS

    id: UUID = Field(primary_key=True)
    name: str = Field(max_length=200)
    size: int
    status: str = Field(default="waiting", max_length=16, index=True)
    content: bytes | None = None
    """Compressed and encrypted: it holds people. Null when it is through."""
    total: int = 0
    """Rows to look at in what is under way."""
    done: int = 0
    rows: int = 0
    known: int = 0
    cards: int = 0
    unread_cards: int = 0
    """Of these, in use and not of the form that tills read."""
    totals: str = ""
    """What members hold by the file: JSON."""
    bad: int = 0
    """How many rows are wrong."""
    problems: str = ""
    """The first of them: JSON."""
    opening_id: UUID | None = None
    asked_by: str = Field(max_length=120)
    asked_ms: int = utc_ms()
    reason: str = Field(default="", max_length=500)
    checked_ms: int | None = utc_ms(default=None)
    finished_ms: int | None = utc_ms(default=None)
    ended_by: str = Field(default="", max_length=120)
    runner: str = Field(default="", max_length=36)
    beat_ms: int | None = utc_ms(default=None)
    starts: int = 0
    problem: str = Field(default="", max_length=300)


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
