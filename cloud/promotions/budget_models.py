"""Tables of promotions' budgets: shares of stores, what members used, what is set aside for a basket."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms
from cloud.database.retention import BOOKS, PASSING, STANDING


class BudgetedPromotion(Table, table=True):
    """A promotion with a budget that stands, or stood, in a price book. Its lock orders what changes its shares."""

    __tablename__ = "budgeted_promotion"
    __table_args__ = BOOKS

    promotion: str = Field(primary_key=True, max_length=128)
    content: bytes
    """The row of the newest price book that has it."""
    since_ms: int = utc_ms()
    live: bool = True
    """Whether a store's books hold it now."""


class StoreShare(Table, table=True):
    """What one agent may use of a chain's budget; see `shared.wire.budgets.BudgetShare`."""

    __tablename__ = "budget_share"
    __table_args__ = (Index("ix_budget_share_promotion_store_id", "promotion", "store_id"), STANDING)

    id: UUID = Field(primary_key=True)
    promotion: str = Field(max_length=128)
    store_id: str = Field(max_length=32)
    agent_id: str = Field(max_length=32, index=True)
    epoch: UUID
    serial: int = 1
    most_uses: int | None = big_int(default=None)
    most_minor: int | None = big_int(default=None)
    ceiling_uses: int | None = big_int(default=None)
    """What the store may have used at most, by anything it has ever been told."""
    ceiling_minor: int | None = big_int(default=None)
    used_uses: int = big_int(default=0)
    """As the store last said."""
    used_minor: int = big_int(default=0)
    heard_serial: int = 0
    """Which of its serials the store has said that it holds."""
    short: bool = False
    """A till has asked for more since."""
    closed: bool = False
    """Of an earlier epoch or agent, or of a promotion that is over: no till is to count by it any more."""
    closing: bool = False
    """Its store is told that nothing may be used any more, until it says that it has heard."""
    changed_ms: int = utc_ms()


class BudgetUse(Table, table=True):
    """What sales used of a promotion with a budget, by member, business day and store, as they came in."""

    __tablename__ = "budget_use"
    __table_args__ = BOOKS

    promotion: str = Field(primary_key=True, max_length=128)
    member_id: UUID = Field(primary_key=True)
    """Nobody's, all zeros, where no member was known."""
    day: str = Field(primary_key=True, max_length=10)
    store_id: str = Field(primary_key=True, max_length=32)
    uses: int = big_int(default=0)
    minor: int = big_int(default=0)


class BudgetCounted(Table, table=True):
    """What one sale was counted with in `budget_use`, and how much of that its returns have given back."""

    __tablename__ = "budget_counted"
    __table_args__ = BOOKS

    sale_id: UUID = Field(primary_key=True)
    promotion: str = Field(primary_key=True, max_length=128)
    member_id: UUID
    day: str = Field(max_length=10)
    store_id: str = Field(max_length=32)
    uses: int = big_int()
    minor: int = big_int()
    back_uses: int = big_int(default=0)
    back_minor: int = big_int(default=0)


class BudgetSetAside(Table, table=True):
    """A member's budget of a promotion that one basket may use just now, until then or until its sale is in."""

    __tablename__ = "budget_set_aside"
    __table_args__ = PASSING

    promotion: str = Field(primary_key=True, max_length=128)
    member_id: UUID = Field(primary_key=True)
    basket_id: UUID
    until_ms: int = utc_ms()
