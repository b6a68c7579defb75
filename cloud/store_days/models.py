"""Tables of the stores' people, shifts and cash. Column names are plain on purpose: reports read them with SQL."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms
from cloud.database.retention import STANDING

BOOKS = {"info": {"retention": "books"}}
OPERATIONS = {"info": {"retention": "operations"}}


class Staff(Table, table=True):
    """Somebody who works at tills. The PIN is a slow hash; the card is a keyed digest of its number."""

    __tablename__ = "staff"
    __table_args__ = STANDING

    code: str = Field(primary_key=True, max_length=32)
    name: str
    role: str = Field(max_length=16)
    pin: str = ""
    card: bytes = b""
    adult: bool = True
    """Old enough to sell what has an age limit."""
    left_ms: int | None = utc_ms(default=None)
    """When they left; null while they work here."""
    revision: int = 0
    """Rises with every change, so that tills hear of it at once."""


class StaffStore(Table, table=True):
    """Where somebody works."""

    __tablename__ = "staff_store"
    __table_args__ = STANDING

    staff_code: str = Field(primary_key=True, foreign_key="staff.code", max_length=32)
    store_id: str = Field(primary_key=True, foreign_key="store.id", index=True, max_length=32)


class StaffAct(Table, table=True):
    """Somebody signed in, left or locked a till, or their PIN was tried too often."""

    __tablename__ = "staff_act"
    __table_args__ = (Index("ix_staff_act_store_id_business_date", "store_id", "business_date"), OPERATIONS)

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    till_id: str
    staff_code: str
    role: str
    action: str
    approved_by: str
    business_date: date
    at_ms: int = utc_ms()


class TillShift(Table, table=True):
    """A drawer from its float on. Its reports are in `shift_report`, the newest version counts."""

    __tablename__ = "till_shift"
    __table_args__ = (Index("ix_till_shift_store_id_business_date", "store_id", "business_date"), BOOKS)

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    till_id: str
    staff_code: str
    business_date: date
    opened_ms: int = utc_ms()
    float_minor: int = big_int()
    currency: str
    exponent: int


class ShiftReport(Table, table=True):
    """One version of a shift's Z report, as the till made it. `totals` is its JSON."""

    __tablename__ = "shift_report"
    __table_args__ = (Index("ix_shift_report_store_id_business_date", "store_id", "business_date"), BOOKS)

    shift_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    event_id: UUID
    commit_no: int = big_int()
    store_id: str
    till_id: str
    business_date: date
    opened_ms: int = utc_ms()
    closed_ms: int = utc_ms()
    closed_by: str
    sales: int = big_int()
    sales_minor: int = big_int()
    returns: int = big_int()
    returns_minor: int = big_int()
    cash_expected_minor: int = big_int()
    counted_minor: int = big_int()
    unsent: int = big_int()
    because: UUID | None
    """The event that a later version was made for."""
    totals: str


class CashMovement(Table, table=True):
    """Cash went into a drawer or out of it without a sale, or the drawer was only opened."""

    __tablename__ = "cash_movement"
    __table_args__ = (Index("ix_cash_movement_store_id_business_date", "store_id", "business_date"), BOOKS)

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    till_id: str
    shift_id: UUID | None
    cashier: str
    business_date: date
    at_ms: int = utc_ms()
    move: str
    minor: int = big_int()
    reason: str
    note: str
    approved_by: str


class BasketVoid(Table, table=True):
    """A basket was given up before it was paid."""

    __tablename__ = "basket_void"
    __table_args__ = (Index("ix_basket_void_store_id_business_date", "store_id", "business_date"), OPERATIONS)

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    till_id: str
    cashier: str
    business_date: date
    at_ms: int = utc_ms()
    basket_id: UUID
    lines: int
    total_minor: int = big_int()
    reason: str
    approved_by: str


class ReceiptCopy(Table, table=True):
    """A receipt was printed again."""

    __tablename__ = "receipt_copy"
    __table_args__ = (Index("ix_receipt_copy_store_id_business_date", "store_id", "business_date"), OPERATIONS)

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    till_id: str
    cashier: str
    business_date: date
    at_ms: int = utc_ms()
    original_id: UUID
    copy_number: int


class GoodsReturn(Table, table=True):
    """Goods came back that no receipt was shown for; how the money went back is in `sale_tender` under this id."""

    __tablename__ = "goods_return"
    __table_args__ = (
        Index("ix_goods_return_store_id_business_date", "store_id", "business_date"),
        Index("ix_goods_return_at_ms", "at_ms"),
        BOOKS,
    )

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    legal_entity_id: str | None
    till_id: str
    cashier: str
    receipt_series: str
    receipt_number: int = big_int()
    business_date: date
    at_ms: int = utc_ms()
    currency: str
    exponent: int
    total_minor: int = big_int()
    book_version: int = big_int()
    approved_by: str


class GoodsReturnLine(Table, table=True):
    """How much of an item came back without a receipt, and what was paid back for it."""

    __tablename__ = "goods_return_line"
    __table_args__ = (BOOKS,)

    return_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    item: str
    quantity: int = big_int()
    price_minor: int = big_int()
    price_basis: int
    refund_minor: int = big_int()
    tax_rate_bp: int
    tax_minor: int = big_int()
    reason: str


class SaleAdjustment(Table, table=True):
    """What somebody took off a sale by hand, or the store's rounding did: why, who, and who approved it."""

    __tablename__ = "sale_adjustment"
    __table_args__ = (BOOKS,)

    sale_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    kind: str
    line_n: int
    """0 is the whole receipt."""
    minor: int = big_int()
    reason: str
    decided_by: str
    """Empty for the store's own rule."""
    approved_by: str


class SaleAgeCheck(Table, table=True):
    """Somebody made sure of a buyer's age."""

    __tablename__ = "sale_age_check"
    __table_args__ = (OPERATIONS,)

    sale_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    years: int
    proof: str
    checked_by: str
