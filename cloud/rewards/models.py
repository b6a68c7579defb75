"""Tables of runs, gifts and prize draws. What they move stands in the ledger."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}


class Run(Table, table=True):
    """Something done to many members at once: worked out, approved by somebody else, posted, perhaps reversed."""

    __tablename__ = "value_run"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=16)
    """`expiry` or `rebate`."""
    parameters: str
    """What was asked for, JSON."""
    state: str = Field(max_length=16)
    """`dry`, `approved`, `posted`, `reversed`."""
    items: int
    total: int = big_int()
    posted_total: int = big_int(default=0)
    made_by: str
    made_ms: int = utc_ms()
    approved_by: str | None = None
    posted_ms: int | None = utc_ms(default=None)
    reversed_by: str | None = None


class RunItem(Table, table=True):
    """What a run does to one lot (expiry) or one member (rebate)."""

    __tablename__ = "value_run_item"
    __table_args__ = BOOKS

    run_id: UUID = Field(primary_key=True)
    subject: UUID = Field(primary_key=True)
    amount: int = big_int()
    posted: int | None = big_int(default=None)
    """What was moved in the end: of a lot only what is left of it then."""
    reason: str = ""


class Gift(Table, table=True):
    """Something members can have for points: how many there are, and what one costs."""

    __tablename__ = "gift"
    __table_args__ = (CheckConstraint("stock >= 0", name="not_oversold"), BOOKS)

    id: str = Field(primary_key=True, max_length=32)
    names: str
    """By language, JSON."""
    points: int
    stock: int
    per_member: int = 0
    """How many one member may have; 0: no limit."""
    open: bool = True


class GiftOrder(Table, table=True):
    """A gift that a member took for points."""

    __tablename__ = "gift_order"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    gift_id: str = Field(index=True, max_length=32)
    member_id: UUID = Field(index=True)
    points: int
    store_id: str = Field(max_length=32)
    """Where it is fetched."""
    state: str = Field(max_length=16)
    """`ordered`, `fetched`, `cancelled`."""
    at_ms: int = utc_ms()


class Draw(Table, table=True):
    """A prize draw: its odds, and the seed it was bound to before anybody drew."""

    __tablename__ = "prize_draw"
    __table_args__ = BOOKS

    id: str = Field(primary_key=True, max_length=32)
    rules: str
    """`shared.draws.DrawRules`, JSON: what is published."""
    commitment: bytes
    """SHA-256 of the seed: published before the first draw, so that nobody can choose it afterwards."""
    seed: bytes
    """Shown when the draw has ended."""
    next_ticket: int = 1
    ended: bool = False
    author: str
    made_ms: int = utc_ms()


class DrawStock(Table, table=True):
    """How many of a prize are left."""

    __tablename__ = "prize_stock"
    __table_args__ = (CheckConstraint('"left" >= 0', name="not_overdrawn"), BOOKS)

    draw_id: str = Field(primary_key=True, max_length=32)
    prize: str = Field(primary_key=True, max_length=32)
    left: int


class Ticket(Table, table=True):
    """One draw by one member: its number decides with the seed what came of it, so that anybody can check."""

    __tablename__ = "prize_ticket"
    __table_args__ = BOOKS

    draw_id: str = Field(primary_key=True, max_length=32)
    number: int = Field(primary_key=True)
    request: UUID = Field(unique=True)
    member_id: UUID = Field(index=True)
    landed: str = Field(max_length=32)
    """The prize the number landed on."""
    prize: str = Field(max_length=32)
    """What was given: nothing when none of it was left."""
    at_ms: int = utc_ms()
