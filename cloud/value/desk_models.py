"""Tables of stored value at service desks: what was offered before money was taken, what was sold, what went back."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}


class TopUpOffer(Table, table=True):
    """A top-up that a till was told it may sell. Room for it is kept under the cap until it ends or is sold."""

    __tablename__ = "top_up_offer"
    __table_args__ = BOOKS

    id: UUID = Field(primary_key=True)
    """The question's."""
    purse_id: UUID = Field(index=True)
    minor: int = big_int()
    gift_minor: int = big_int(default=0)
    gift_months: int = 0
    """How long the gift money lasts from the day it is sold, 0 for ever."""
    rule_version: int
    store_id: str
    till_id: str
    cashier: str
    made_ms: int = utc_ms()
    valid_until_ms: int = utc_ms()
    sold: UUID | None = None
    """The event that sold it."""


class ValueSale(Table, table=True):
    """Stored value that was sold: its receipt, what was paid, and the purse it went into."""

    __tablename__ = "value_sale"
    __table_args__ = (Index("ix_value_sale_store_id_business_date", "store_id", "business_date"), BOOKS)

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    legal_entity_id: str | None = None
    till_id: str
    cashier: str
    shift_id: UUID | None = None
    receipt_series: str
    receipt_number: int = big_int()
    business_date: date
    at_ms: int = utc_ms()
    currency: str
    exponent: int
    minor: int = big_int()
    gift_minor: int = big_int(default=0)
    purse_id: UUID = Field(index=True)
    offer_id: UUID = Field(unique=True)
    gift_card: bool = False
    identified: bool = False
    remark: str = Field(default="", max_length=32)
    """What was odd about it: `late_offer` where room was kept no more, `no_offer` where HQ knows of none."""


class ValuePayment(Table, table=True):
    """Money for stored value that went back over a counter: a top-up undone, or a returned card paid out."""

    __tablename__ = "value_payment"
    __table_args__ = (Index("ix_value_payment_store_id_business_date", "store_id", "business_date"), BOOKS)

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    legal_entity_id: str | None = None
    till_id: str
    cashier: str
    shift_id: UUID | None = None
    receipt_series: str
    receipt_number: int = big_int()
    business_date: date
    at_ms: int = utc_ms()
    currency: str
    exponent: int
    minor: int = big_int()
    why: str
    """`undo` or `card_return`."""
    of_id: UUID = Field(unique=True)
    """The value sold that was undone, or the application: each is paid once."""
    reason: str = ""
    approved_by: str = ""
