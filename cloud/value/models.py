"""Tables of stored value: rules, purses, what sales spent, cards given back. What they hold stands in the ledger."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}

OPEN = "open"
FROZEN = "frozen"
RETURNED = "returned"


class ValueRuleRow(Table, table=True):
    """A version of the rules of stored value, as `shared.value.ValueRule` in JSON; the highest counts."""

    __tablename__ = "value_rule"
    __table_args__ = BOOKS

    version: int = Field(primary_key=True)
    rule: str
    author: str
    made_ms: int = utc_ms()


class ValueRuleDraft(Table, table=True):
    """A version of the rules of stored value that is not in force yet: written, tried, then published or given up."""

    __tablename__ = "value_rule_draft"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    rule: str
    """`shared.value.ValueRule` in JSON; its version is the one it was made from."""
    state: str = Field(max_length=16)
    """`draft`, `published`, `discarded`."""
    author: str
    made_ms: int = utc_ms()
    closed_by: str | None = None
    closed_ms: int | None = utc_ms(default=None)
    reason: str = ""
    """Why it was published."""
    version: int | None = None
    """The version it became."""


class ValueCorrection(Table, table=True):
    """Somebody's value put right by hand: asked for by one person with a reason, posted by another."""

    __tablename__ = "value_correction"
    __table_args__ = (Index("ix_value_correction_state_asked_ms", "state", "asked_ms"), BOOKS)

    id: UUID = Field(primary_key=True)
    kind: str = Field(max_length=32)
    """The account's kind: `purse_principal`, `purse_gift`, `member_points`, or a debt to be forgiven."""
    owner: str = Field(max_length=36, index=True)
    unit: str = Field(max_length=8)
    amount: int = big_int()
    """What is to be added or, below zero, taken."""
    member_id: UUID | None = None
    store_id: str = Field(max_length=32)
    """Whose books it falls to."""
    receipt: str = ""
    """The receipt it is about, if there is one."""
    reason: str
    state: str = Field(max_length=16)
    """`asked`, `posted`, `refused`."""
    asked_by: str
    asked_ms: int = utc_ms()
    decided_by: str | None = None
    decided_ms: int | None = utc_ms(default=None)
    note: str = ""
    """What whoever decided said."""


class Purse(Table, table=True):
    """Somebody's stored value in one currency. Without a member it is an unnamed card's (or a gift card's)."""

    __tablename__ = "purse"
    __table_args__ = (
        Index(
            "uq_purse_member_id_currency", "member_id", "currency", unique=True,
            postgresql_where=text("member_id IS NOT NULL"), sqlite_where=text("member_id IS NOT NULL"),
        ),
        Index(
            "uq_purse_card_id", "card_id", unique=True,
            postgresql_where=text("card_id IS NOT NULL"), sqlite_where=text("card_id IS NOT NULL"),
        ),
        # The page of purses, read backwards: all of them, those of an issuer, of a store, in a state.
        Index("ix_purse_opened_ms", "opened_ms", "id"),
        Index("ix_purse_legal_entity_id_opened_ms", "legal_entity_id", "opened_ms", "id"),
        Index("ix_purse_store_id_opened_ms", "store_id", "opened_ms", "id"),
        Index("ix_purse_state_opened_ms", "state", "opened_ms", "id"),
        BOOKS,
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    currency: str = Field(max_length=3)
    member_id: UUID | None = None
    card_id: UUID | None = None
    """The card that carries it, where it is no member's."""
    owner: str = Field(max_length=36, index=True)
    """Whose accounts of the ledger it is: the member's or, where there is none, the card's."""
    state: str = Field(default=OPEN, max_length=16)
    """`open`, `frozen`, or `returned`: given back and paid out."""
    store_id: str = Field(max_length=32)
    """Who opened it."""
    legal_entity_id: str | None = Field(default=None, max_length=32)
    """Who issued it, and owes it."""
    opened_ms: int = utc_ms()


class Spending(Table, table=True):
    """What one sale took of somebody's value by one journal, or fell short of, and how much of that has come back."""

    __tablename__ = "spending"
    __table_args__ = BOOKS

    sale_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    cause: UUID
    purpose: str = Field(max_length=32)
    unit: str = Field(max_length=8)
    amount: int = big_int()
    given_back: int = big_int(default=0)
    shortfall: bool = False
    """It was nobody's: the sale came after its hold had ended, and stands in the store's shortfall."""
    store_id: str = Field(max_length=32)
    at_ms: int = utc_ms()


class OwedReportRow(Table, table=True):
    """What was owed at the last proof of the ledger that bore it out: one row, written with the proof."""

    __tablename__ = "owed_report"
    __table_args__ = BOOKS

    number: int = Field(primary_key=True)
    at_ms: int = utc_ms()
    """When that proof was made, wall time."""
    report: bytes
    """`cloud.value.owed_report.OwedReport`, JSON; empty before the first."""
    off: str
    """By how much issuers together miss what the newest proof found, by currency and figure, JSON."""


class PurseReturn(Table, table=True):
    """Somebody wants their stored value paid back: applied for by one person, approved by another."""

    __tablename__ = "purse_return"
    __table_args__ = (
        Index(
            "uq_purse_return_open", "purse_id", unique=True,
            postgresql_where=text("state = 'applied'"), sqlite_where=text("state = 'applied'"),
        ),
        BOOKS,
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    purse_id: UUID = Field(index=True)
    state: str = Field(max_length=16)
    """`applied`, `paid`, `refused`."""
    store_id: str = Field(max_length=32)
    reason: str = ""
    applied_by: str
    applied_ms: int = utc_ms()
    decided_by: str | None = None
    decided_ms: int | None = utc_ms(default=None)
    fee_minor: int = big_int(default=0)
    paid_minor: int = big_int(default=0)
    forfeited_minor: int = big_int(default=0)
    """Gift money that went with it: it is never paid out."""
    recovered_minor: int = big_int(default=0)
    """What the purse owed, taken off before the rest was paid back."""
    note: str = ""
    """What whoever decided said."""
    handed_by: str | None = None
    """Who gave the money to its owner; None while it waits for them."""
    handed_ms: int | None = utc_ms(default=None)
    handed_how: str = ""
    """How: `cash`, or the reference of a transfer."""
