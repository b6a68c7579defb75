"""Tables of runs, gifts, prize draws and what waits to be fetched. What they move stands in the ledger."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}
_WAITING = text("state = 'waiting'")


class Run(Table, table=True):
    """Something done to many members at once: worked out, approved by somebody else, posted, perhaps reversed."""

    __tablename__ = "value_run"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=16)
    """`expiry`, `rebate` or `coupons`."""
    parameters: str
    """What was asked for, JSON."""
    state: str = Field(max_length=16)
    """`asked`, `dry`, `approved`, `posting`, `posted`, `reversing`, `reversed`, `cancelled`, `failed`."""
    items: int
    total: int = big_int()
    posted_items: int = 0
    """How far it has come."""
    posted_total: int = big_int(default=0)
    units: str = ""
    """What it comes to in each unit, where it moves several, JSON: unit to [worked out, posted]."""
    far: UUID | None = None
    """The subject that the step under way has come to: a process that ends in between goes on behind it."""
    problem: str = ""
    """Why the jobs process could not do what was asked of it: a code, or words."""
    reason: str = ""
    """Why it is made, as whoever made it says."""
    made_by: str
    made_ms: int = utc_ms()
    approved_by: str | None = None
    asked_by: str = ""
    """Who asked for the step that the jobs process is to take: it acts in their name."""
    posted_ms: int | None = utc_ms(default=None)
    reversed_by: str | None = None
    reversed_items: int = 0
    forced: bool = False
    """Whether reversing it may leave debts."""


class RunItem(Table, table=True):
    """What a run does to one lot (expiry) or one member (rebate, coupons)."""

    __tablename__ = "value_run_item"
    __table_args__ = BOOKS

    run_id: UUID = Field(primary_key=True)
    subject: UUID = Field(primary_key=True)
    amount: int = big_int()
    posted: int | None = big_int(default=None)
    """What was moved in the end: of a lot only what is left of it then."""
    reason: str = ""


class Gift(Table, table=True):
    """Something members can have for points, and what one costs."""

    __tablename__ = "gift"
    __table_args__ = BOOKS

    id: str = Field(primary_key=True, max_length=32)
    names: str
    """By language, JSON."""
    points: int
    per_member: int = 0
    """How many one member may have; 0: no limit."""
    hold_days: int = 14
    """So many days one that was reserved waits to be fetched; then its points go back."""
    open: bool = True
    author: str = ""
    made_ms: int = utc_ms(default=0)


class GiftPicture(Table, table=True):
    """How a gift looks: apart, so that lists do not read it."""

    __tablename__ = "gift_picture"
    __table_args__ = BOOKS

    gift_id: str = Field(primary_key=True, max_length=32)
    content: bytes
    """As `cloud.pictures.fitting` makes them: WebP, of pixels alone."""


class GiftStock(Table, table=True):
    """How many of a gift a store still has that nobody has reserved."""

    __tablename__ = "gift_stock"
    __table_args__ = (CheckConstraint('"left" >= 0', name="not_oversold"), BOOKS)

    gift_id: str = Field(primary_key=True, max_length=32)
    store_id: str = Field(primary_key=True, max_length=32, index=True)
    left: int


class GiftMove(Table, table=True):
    """Somebody changed by hand how many of a gift a store has: a delivery, breakage, a count."""

    __tablename__ = "gift_move"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    gift_id: str = Field(index=True, max_length=32)
    store_id: str = Field(max_length=32)
    delta: int
    left_after: int
    reason: str
    actor: str
    at_ms: int = utc_ms()


class GiftOrder(Table, table=True):
    """A gift that a member took for points."""

    __tablename__ = "gift_order"
    __table_args__ = (Index("ix_gift_order_gift_id_state", "gift_id", "state"), BOOKS)

    id: UUID = Field(primary_key=True)
    gift_id: str = Field(max_length=32)
    member_id: UUID = Field(index=True)
    points: int
    store_id: str = Field(max_length=32)
    """Where it is fetched."""
    state: str = Field(max_length=16)
    """`ordered`, `fetched`, `cancelled`."""
    at_ms: int = utc_ms()


class Pickup(Table, table=True):
    """Something that waits for a member in a store, behind a code: handed over once, or ended."""

    __tablename__ = "pickup"
    __table_args__ = (
        Index("ix_pickup_until_waiting", "until", postgresql_where=_WAITING, sqlite_where=_WAITING),
        BOOKS,
    )

    code: str = Field(primary_key=True, max_length=16)
    """`shared.pickup_code`."""
    kind: str = Field(max_length=8)
    """`gift` or `prize`."""
    subject: UUID = Field(unique=True)
    """The order, or the request of the ticket."""
    what: str = Field(max_length=32)
    """The gift's or the prize's id."""
    names: str
    """What it is called, by language, JSON."""
    member_id: UUID = Field(index=True)
    store_id: str = Field(default="", max_length=32)
    """Where it lies; empty: in any store."""
    state: str = Field(max_length=8)
    """`waiting`, `done`, `ended`."""
    until: date | None = None
    """The last day it waits; None: for ever."""
    made_ms: int = utc_ms()
    done_ms: int | None = utc_ms(default=None)
    done_store: str = Field(default="", max_length=32)
    done_by: str = ""
    cause: UUID | None = None
    """The request that handed it over: repeated, it hears the same."""


class Draw(Table, table=True):
    """A prize draw: its odds, and the seed it was bound to before anybody drew."""

    __tablename__ = "prize_draw"
    __table_args__ = BOOKS

    id: str = Field(primary_key=True, max_length=32)
    names: str = "{}"
    """What it is called, by language, JSON."""
    rules: str
    """`shared.draws.DrawRules`, JSON: what is published."""
    points: int = 0
    """What one draw costs."""
    starts: date | None = None
    ends: date | None = None
    """Both days included, in the member's zone."""
    per_member: int = 0
    """How often one member may draw in all; 0: no limit."""
    commitment: bytes
    """SHA-256 of the seed: published before the first draw, so that nobody can choose it afterwards."""
    sealed: bytes
    """The seed under head office's field key, context `prize_draw/<id>/seed`; empty from the end on."""
    seed: bytes | None = None
    """Written down when the draw has ended, for everybody to see."""
    next_ticket: int = 1
    ended: bool = False
    ended_ms: int | None = utc_ms(default=None)
    author: str
    made_ms: int = utc_ms()


class DrawStock(Table, table=True):
    """How many of a prize there were, and are left."""

    __tablename__ = "prize_stock"
    __table_args__ = (CheckConstraint('"left" >= 0', name="not_overdrawn"), BOOKS)

    draw_id: str = Field(primary_key=True, max_length=32)
    prize: str = Field(primary_key=True, max_length=32)
    left: int
    whole: int = 0


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
    points: int = 0
    """What was paid for it."""
    at_ms: int = utc_ms()
