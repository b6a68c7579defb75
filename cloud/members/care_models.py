"""Tables of caring for members: rules, notices, people found twice, cases for the review desk, answers to tills."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}
OPERATIONS = {"info": {"retention": "operations"}}


class MemberRule(Table, table=True):
    """A version of one of the typed rules of `cloud.members.rules`, JSON. Never changed: a new one follows."""

    __tablename__ = "member_rule"
    __table_args__ = BOOKS

    kind: str = Field(primary_key=True, max_length=32)
    version: int = Field(primary_key=True)
    rule: str
    author: str = Field(max_length=120)
    made_ms: int = utc_ms()


class MemberNotice(Table, table=True):
    """Something a member is to be told; whoever sends messages takes it from here and notes when it did."""

    __tablename__ = "member_notice"
    __table_args__ = (Index("ix_member_notice_kind_subject", "kind", "subject", "due_on"), OPERATIONS)

    id: UUID = Field(primary_key=True)
    member_id: UUID = Field(index=True)
    kind: str = Field(max_length=32)
    """`card_expires`, `points_expire`, `coupon_arrived`."""
    subject: str = Field(max_length=64)
    """What it is about: the card, whose points, the coupon."""
    due_on: date
    """The card's or the batch's last day; the first day on which the points are worth nothing."""
    made_ms: int = utc_ms()
    taken_ms: int | None = utc_ms(default=None)


class DuplicatePair(Table, table=True):
    """Two members who may be one person. `first_id` is the lower id, so that a pair stands here once."""

    __tablename__ = "duplicate_pair"
    __table_args__ = OPERATIONS

    first_id: UUID = Field(primary_key=True)
    second_id: UUID = Field(primary_key=True, index=True)
    reasons: str = Field(max_length=64)
    """What they share, in words of the key kinds: `phone`, `email`, `name_birthday`."""
    status: str = Field(default="open", max_length=16, index=True)
    """`open`, `merged` or `different`; what somebody called different is not asked again."""
    found_ms: int = utc_ms()
    decided_ms: int | None = utc_ms(default=None)
    decided_by: str = Field(default="", max_length=120)


class MemberMerge(Table, table=True):
    """Two members made one, and what it takes to undo that."""

    __tablename__ = "member_merge"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    keep_id: UUID = Field(index=True)
    gone_id: UUID = Field(index=True)
    moved: str
    """`cloud.member_lifecycle.merging.Moved`, JSON: ids and figures, nothing personal."""
    reason: str = Field(max_length=500)
    actor: str = Field(max_length=120)
    at_ms: int = utc_ms()
    undo_until_ms: int = utc_ms()
    undone_ms: int | None = utc_ms(default=None)
    undone_by: str = Field(default="", max_length=120)


class StaffCard(Table, table=True):
    """Which member a person at the tills is, so that points on the wrong baskets show."""

    __tablename__ = "staff_card"
    __table_args__ = OPERATIONS

    staff_code: str = Field(primary_key=True, max_length=64)
    member_id: UUID = Field(primary_key=True, index=True)


class ReceiptClaim(Table, table=True):
    """Points claimed after the sale by its receipt's code: once, by one member."""

    __tablename__ = "receipt_claim"
    __table_args__ = (Index("ix_receipt_claim_store_id_cashier", "store_id", "cashier", "claimed_ms"), BOOKS)

    sale_id: UUID = Field(primary_key=True)
    member_id: UUID = Field(index=True)
    store_id: str = Field(max_length=32)
    cashier: str = Field(max_length=64)
    """Who took the claim; empty where the member did it alone."""
    claimed_ms: int = utc_ms()
    """When, in business time."""


class ReceiptElsewhere(Table, table=True):
    """A receipt of a till that is not ours, as that till told it: counted like our own where baskets are counted."""

    __tablename__ = "receipt_elsewhere"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    """The request that told it."""
    member_id: UUID = Field(index=True)
    store_id: str = Field(max_length=32)
    till: str = Field(max_length=64)
    cashier: str = Field(max_length=64)
    receipt: str = Field(max_length=64)
    business_date: date = Field(index=True)
    total_minor: int = big_int()
    points: int = big_int()
    at_ms: int = utc_ms(default=0)
    """When it was told, in business time."""


class PhoneLook(Table, table=True):
    """Somebody at a till looked for a member by phone: who and when, never the number. Its id is the question's."""

    __tablename__ = "phone_look"
    __table_args__ = (Index("ix_phone_look_store_id_till", "store_id", "till", "at_ms"), OPERATIONS)

    id: UUID = Field(primary_key=True)
    store_id: str = Field(max_length=32)
    till: str = Field(max_length=64)
    cashier: str = Field(max_length=64)
    whole: bool
    """Whether the whole number was typed, or its last digits."""
    found: int
    at_ms: int = utc_ms()


class WalletLook(Table, table=True):
    """Somebody at a till asked what there is to spend: who and when, never whose it is. Its id is the question's."""

    __tablename__ = "wallet_look"
    __table_args__ = (Index("ix_wallet_look_store_id_till", "store_id", "till", "at_ms"), OPERATIONS)

    id: UUID = Field(primary_key=True)
    store_id: str = Field(max_length=32)
    till: str = Field(max_length=64)
    cashier: str = Field(max_length=64)
    by_card: bool
    """Whether a card's number was asked about, or a member whom the till knew already."""
    found: bool
    at_ms: int = utc_ms()


class ReviewCase(Table, table=True):
    """Something a person has to look at: a card that collects on strangers' baskets, a cashier's own card."""

    __tablename__ = "review_case"
    __table_args__ = (Index("ix_review_case_status_day", "status", "day"), OPERATIONS)

    id: UUID = Field(primary_key=True)
    """Follows from kind, member, cashier and day: looking again opens no second case."""
    kind: str = Field(max_length=32)
    member_id: UUID = Field(index=True)
    store_id: str = Field(max_length=32)
    cashier: str = Field(default="", max_length=64)
    day: date
    found: int
    """How many baskets or claims."""
    allowed: int
    """How many the rule lets pass."""
    rule_version: int
    evidence: str
    """Ids of the sales, separated by spaces; the first fifty."""
    status: str = Field(default="open", max_length=16)
    """`open`, `fine` or `misuse`."""
    opened_ms: int = utc_ms()
    decided_ms: int | None = utc_ms(default=None)
    decided_by: str = Field(default="", max_length=120)
    note: str = Field(default="", max_length=500)
