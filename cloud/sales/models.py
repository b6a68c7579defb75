"""Tables of sales and returns. Their column names are plain on purpose: reports read them with SQL.

Keys begin with the event's UUIDv7, so that rows arrive in key order and the big tables can be split by ranges of it.
Between these tables there are no foreign keys: one sale is written whole in one transaction or not at all, and a
check per line would cost as much as the line. `info["retention"]` names how long rows are kept: `books` as long as
the law wants accounting records, `operations` for as long as they help to run the shops.
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}
OPERATIONS = {"info": {"retention": "operations"}}

_UNCLAIMED = text("card_id IS NOT NULL AND member_id IS NULL")


def _of_some(name: str, column: str) -> Index:
    """Return an index that leaves out the many rows that have nothing in the column."""
    condition = text(f"{column} IS NOT NULL")
    return Index(name, column, postgresql_where=condition, sqlite_where=condition)


class Sale(Table, table=True):
    """A paid sale. `id` is the event's, the basket's and the receipt's."""

    __tablename__ = "sale"
    __table_args__ = (
        Index("ix_sale_store_id_business_date", "store_id", "business_date"),
        Index("ix_sale_commit_no", "commit_no"),
        Index("ix_sale_at_ms", "at_ms"),
        _of_some("ix_sale_member_id", "member_id"),
        # What a card bought before anybody knew whose it is.
        Index("ix_sale_card_id", "card_id", postgresql_where=_UNCLAIMED, sqlite_where=_UNCLAIMED),
        BOOKS,
    )

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    """The ingest transaction that brought it: `ingest_commit.no`."""
    agent_id: str
    store_id: str
    legal_entity_id: str | None
    """Who owned the store on the business date, hence who issued the receipt."""
    till_id: str
    till_kind: str
    cashier: str
    receipt_series: str
    receipt_number: int = big_int()
    business_date: date
    """The store's local date less the day's cut-off, as the agent stamped it."""
    at_ms: int = utc_ms()
    opened_ms: int = utc_ms()
    priced_ms: int = utc_ms()
    currency: str
    exponent: int
    tax_mode: str
    total_minor: int = big_int()
    saved_minor: int = big_int()
    tax_minor: int = big_int()
    line_count: int
    member_id: UUID | None
    """The member as known when the sale arrived; `card_id` leads to whoever owns the card now."""
    card_id: UUID | None
    member_tier: str | None
    """The tier the till used; null when no card was shown. Of a card that it did not know (`card_id`) what HQ said at
    the till: for points, not for prices."""
    member_problem: str | None
    """Why a card that was shown leads to nobody: a code."""
    book_version: int = big_int()
    book_manifest: bytes
    engine: int
    time_zone: str
    device_ms: int = utc_ms()
    hq_offset_ms: int = big_int()
    time_quality: str
    points_promised: int | None = None
    """The points that stand on its receipt; None where the till promised none."""


class SaleLine(Table, table=True):
    """A line with the price it was sold at. `net_minor = gross_minor -` its discounts."""

    __tablename__ = "sale_line"
    __table_args__ = (BOOKS,)

    sale_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    item: str
    code: str
    quantity: int = big_int()
    """In the item's unit: pieces, grams, millilitres."""
    unit: str
    price_minor: int = big_int()
    price_basis: int
    """`price_minor` is for this many units."""
    gross_minor: int = big_int()
    net_minor: int = big_int()
    tax_code: str
    tax_rate_bp: int
    tax_minor: int = big_int()
    category: str
    cost_minor: int | None = big_int()


class SaleDiscount(Table, table=True):
    """Money taken off a line, why, and who bears how much of it: the three parts add up to `minor`."""

    __tablename__ = "sale_discount"
    __table_args__ = (BOOKS,)

    sale_id: UUID = Field(primary_key=True)
    line_n: int = Field(primary_key=True)
    n: int = Field(primary_key=True)
    source: str
    """The promotion or the coupon code."""
    reason: str
    minor: int = big_int()
    chain_minor: int = big_int()
    store_minor: int = big_int()
    supplier_minor: int = big_int()


class SaleCoupon(Table, table=True):
    """A paper coupon as handed over, whatever was left of the line to take it off: the engine's input."""

    __tablename__ = "sale_coupon"
    __table_args__ = (BOOKS,)

    sale_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    line_n: int
    code: str
    supplier_minor: int = big_int()
    chain_minor: int = big_int()


class SalePricing(Table, table=True):
    """What a sale's prices looked at and its promotions did beside its lines, as the till recorded it."""

    __tablename__ = "sale_pricing"
    __table_args__ = (BOOKS,)

    sale_id: UUID = Field(primary_key=True)
    facts: str | None
    """JSON of `shared.pricing.PricingFacts`; null when the sale's other columns say all."""
    uses: str
    """JSON: a list of `shared.pricing.PromotionUse`."""


class SaleTender(Table, table=True):
    """Money given, change already taken off. For a return `sale_id` is the return's id and the money went out."""

    __tablename__ = "sale_tender"
    __table_args__ = (BOOKS,)

    sale_id: UUID = Field(primary_key=True)
    n: int = Field(primary_key=True)
    method: str
    minor: int = big_int()
    change_minor: int = big_int()
    reference: str
    attempt_id: UUID | None


class SaleReturn(Table, table=True):
    """Goods of one earlier sale came back and money went out; amounts are positive."""

    __tablename__ = "sale_return"
    __table_args__ = (
        Index("ix_sale_return_original_sale_id", "original_sale_id"),
        Index("ix_sale_return_store_id_business_date", "store_id", "business_date"),
        Index("ix_sale_return_commit_no", "commit_no"),
        Index("ix_sale_return_at_ms", "at_ms"),
        Index("ix_sale_return_void", "at_ms", postgresql_where=text("void"), sqlite_where=text("void = 1")),
        BOOKS,
    )

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    original_sale_id: UUID
    agent_id: str
    store_id: str
    legal_entity_id: str | None
    till_id: str
    till_kind: str
    cashier: str
    receipt_series: str
    receipt_number: int = big_int()
    business_date: date
    at_ms: int = utc_ms()
    currency: str
    exponent: int
    total_minor: int = big_int()
    tax_minor: int = big_int()
    approved_by: str
    void: bool
    """The whole sale was undone right after it was paid: no customer came back."""
    device_ms: int = utc_ms()
    hq_offset_ms: int = big_int()
    time_quality: str


class SaleReturnLine(Table, table=True):
    """How much of an original line came back."""

    __tablename__ = "sale_return_line"
    __table_args__ = (
        Index("ix_sale_return_line_original_sale_id", "original_sale_id", "of_line"),
        BOOKS,
    )

    return_id: UUID = Field(primary_key=True)
    of_line: int = Field(primary_key=True)
    original_sale_id: UUID
    item: str
    quantity: int = big_int()
    refund_minor: int = big_int()
    tax_minor: int = big_int()
    reason: str


class SaleVoid(Table, table=True):
    """A receipt number was taken and no sale stands behind it."""

    __tablename__ = "sale_void"
    __table_args__ = (BOOKS,)

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    till_id: str
    cashier: str
    receipt_series: str
    receipt_number: int = big_int()
    business_date: date
    at_ms: int = utc_ms()
    original_id: UUID | None
    reason: str


class DrawerOpening(Table, table=True):
    """A cash drawer was opened and no sale, return or cash movement says why: a test, or somebody's hand."""

    __tablename__ = "drawer_opening"
    __table_args__ = (
        Index("ix_drawer_opening_store_id_business_date", "store_id", "business_date"),
        OPERATIONS,
    )

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    till_id: str
    cashier: str
    business_date: date
    at_ms: int = utc_ms()
    reason: str
    cause_id: UUID | None
    """The event it was to be opened for, where the drawer could not be told."""
    kicked: bool


class ReceiptNumber(Table, table=True):
    """Who has a receipt number. Narrow, because it is the one place where numbers are unique.

    `previous` is what the receipt says of the head before it; `head` is the chain's head after it, null where HQ
    has not yet seen everything before.
    """

    __tablename__ = "receipt_number"
    __table_args__ = (
        Index(
            "ix_receipt_number_unlinked",
            "store_id",
            postgresql_where=text("head IS NULL"),
            sqlite_where=text("head IS NULL"),
        ),
        BOOKS,
    )

    store_id: str = Field(primary_key=True)
    till_id: str = Field(primary_key=True)
    series: str = Field(primary_key=True)
    number: int = big_int(primary_key=True)
    event_id: UUID
    previous: bytes
    head: bytes | None


class ReceiptSeries(Table, table=True):
    """A till's series of receipt numbers: why it began, what it follows, how far HQ has it."""

    __tablename__ = "receipt_series"
    __table_args__ = (BOOKS,)

    store_id: str = Field(primary_key=True)
    till_id: str = Field(primary_key=True)
    series: str = Field(primary_key=True)
    reason: str | None = None
    """Null while its opening has not arrived."""
    opened_ms: int | None = utc_ms(default=None)
    event_id: UUID | None = None
    previous_series: str = ""
    previous_number: int = big_int(default=0)
    previous_head: bytes = b""
    complete_to: int = big_int(default=0)
    """HQ has every number from 1 to this one."""
    highest: int = big_int(default=0)


class StoreDay(Table, table=True):
    """A store's business day added up, in the transaction that brings what it adds: pages need no look at the sales."""

    __tablename__ = "store_day"
    __table_args__ = (BOOKS,)

    store_id: str = Field(primary_key=True)
    business_date: date = Field(primary_key=True)
    sales: int = big_int()
    lines: int = big_int()
    total_minor: int = big_int()
    returns: int = big_int()
    """Everything that came back, `voids` among it."""
    refund_minor: int = big_int()
    voids: int = big_int()
    """Sales undone right after they were paid."""
    void_minor: int = big_int()


class StoreHour(Table, table=True):
    """An hour of a store's business day added up, by the store's clock, like StoreDay."""

    __tablename__ = "store_hour"
    __table_args__ = (Index("ix_store_hour_business_date", "business_date"), OPERATIONS)

    store_id: str = Field(primary_key=True)
    business_date: date = Field(primary_key=True)
    hour: int = Field(primary_key=True)
    """0 to 23."""
    sales: int = big_int()
    total_minor: int = big_int()


class Swipe(Table, table=True):
    """A member card was shown at a till."""

    __tablename__ = "swipe"
    __table_args__ = (Index("ix_swipe_store_id_business_date", "store_id", "business_date"), OPERATIONS)

    id: UUID = Field(primary_key=True)
    commit_no: int = big_int()
    agent_id: str
    store_id: str
    till_id: str
    till_kind: str
    cashier: str
    business_date: date
    at_ms: int = utc_ms()
    member_id: UUID | None
    card_id: UUID | None
    basket_id: UUID | None
