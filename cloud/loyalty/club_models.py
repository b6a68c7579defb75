"""Tables of what members do for each other: who brought whom, and points handed on."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}

WAITING = "waiting"
REWARDED = "rewarded"
REVIEW = "review"
REFUSED = "refused"
TAKEN_BACK = "taken_back"


class Referral(Table, table=True):
    """A friend who was brought has bought: what that brings, once. A friend who has not bought yet has no row."""

    __tablename__ = "referral"
    __table_args__ = (Index("ix_referral_state", "state", "due_on"), Index("ix_referral_sale_id", "sale_id"), BOOKS)

    friend_id: UUID = Field(primary_key=True)
    referrer_id: UUID = Field(index=True)
    sale_id: UUID
    """The purchase that counts: the first that was enough."""
    bought_on: date
    due_on: date
    """The first day on which it may be rewarded: goods may come back until then."""
    state: str = Field(max_length=16)
    """`waiting`, `review` (a person looks), `rewarded`, `refused`, `taken_back`."""
    reason: str = Field(default="", max_length=32)
    """Why it is looked at or refused: `too_many`, `own_cashier`, `family`, `returned`, `misuse`, `referrer_gone`."""
    least_minor: int = big_int(default=1)
    """What the purchase has to come to, by the rule it was found by."""
    points: int = big_int(default=0)
    friend_points: int = big_int(default=0)
    rule_version: int
    found_ms: int = utc_ms()
    changed_ms: int = utc_ms()
    case_id: UUID | None = None
    """The case at the review desk."""


class PointsTransfer(Table, table=True):
    """Points that one member handed to another: what went, the fee, what came."""

    __tablename__ = "points_transfer"
    __table_args__ = (Index("ix_points_transfer_giver_id", "giver_id", "at_ms"), BOOKS)

    id: UUID = Field(primary_key=True)
    giver_id: UUID
    taker_id: UUID = Field(index=True)
    points: int = big_int()
    """What the giver gave; the fee is part of it."""
    fee: int = big_int(default=0)
    day: date
    rule_version: int
    actor: str = Field(max_length=120)
    at_ms: int = utc_ms()
