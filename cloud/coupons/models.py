"""Tables of coupons. A coupon is one row that one sale uses; how many are open also stands in the ledger."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}

ISSUED = "issued"
RESERVED = "reserved"
USED = "used"
VOIDED = "voided"
EXPIRED = "expired"

CODES = "codes"
PERSONAL = "personal"
PUBLIC = "public"
NEXT_VISIT = "next_visit"


class CouponBatch(Table, table=True):
    """Coupons of one kind: which promotion of the price books they stand for, and when and how often they count."""

    __tablename__ = "coupon_batch"
    __table_args__ = BOOKS

    id: str = Field(primary_key=True, max_length=32)
    kind: str = Field(max_length=16)
    """`codes` (anybody who has one), `personal` (one member's), `public` (one code for all), `next_visit` (given by a
    sale)."""
    promotion: str = Field(index=True)
    """The promotion of the price book that a till applies."""
    promotion_kind: str = ""
    starts: date
    ends: date
    """Both days included; days are the store's."""
    days_valid: int = 0
    """Of a coupon, from the day it was given, within the batch's own dates; 0: as long as the batch."""
    most: int
    """How many there may be in all; for a public code, how often it may be used."""
    taken: int = 0
    promised: int = 0
    """How many more are set aside as prizes of draws that go on."""
    per_member: int = 0
    """How often one member may have it; 0: no limit."""
    released_by_return: bool = True
    """Whether a coupon can be used again when everything bought with it came back."""
    public_code: str | None = Field(default=None, unique=True, max_length=13)
    closed: bool = False
    """Nothing more is given or set aside of it."""
    title: str = Field(default="", max_length=200)
    """What head office calls it."""
    author: str
    made_ms: int = utc_ms()


class Coupon(Table, table=True):
    """One coupon. Of a public code there is one for each use."""

    __tablename__ = "coupon"
    __table_args__ = (
        Index(
            "ix_coupon_basket_id_reserved", "basket_id",
            postgresql_where=text("state = 'reserved'"), sqlite_where=text("state = 'reserved'"),
        ),
        BOOKS,
    )  # fmt: skip

    code: str = Field(primary_key=True, max_length=50)
    batch: str = Field(index=True, max_length=32)
    state: str = Field(max_length=16)
    member_id: UUID | None = Field(default=None, index=True)
    starts: date
    ends: date
    given_ms: int = utc_ms()
    basket_id: UUID | None = None
    """The basket it is reserved for."""
    agent_id: str = Field(default="", max_length=32)
    """Whose basket that is."""
    reserved_until_ms: int | None = utc_ms(default=None)
    used_sale: UUID | None = Field(default=None, index=True)
    used_ms: int | None = utc_ms(default=None)
    used_store: str = Field(default="", max_length=32)
    off_minor: int = big_int(default=0)
    """What it took off, in the minor units of that store's money."""
    run_id: UUID | None = Field(default=None, index=True)
    """The run that gave it."""
    given_sale: UUID | None = Field(default=None, index=True)
    """The sale that gave it, for the next visit."""


class CouponConflict(Table, table=True):
    """A sale that took a coupon off although it was not its to use: the sale stands, a person looks."""

    __tablename__ = "coupon_conflict"
    __table_args__ = BOOKS

    sale_id: UUID = Field(primary_key=True)
    code: str = Field(primary_key=True, max_length=50)
    store_id: str = Field(max_length=32)
    reason: str = Field(max_length=32)
    """How the coupon stood: `unknown`, `used`, `reserved`, `voided`, `expired`."""
    at_ms: int = big_int()
    decision: str = Field(default="", max_length=16)
    """What a person made of it: `stands`, `misuse`; empty while nobody has looked."""
    decided_by: str | None = None
    decided_ms: int | None = utc_ms(default=None)
    note: str = ""
    """What they found."""
