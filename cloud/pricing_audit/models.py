"""Tables of the audit: only differences are written down one by one, everything is counted."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from cloud.database import Table, big_int, utc_ms

BOOKS = {"info": {"retention": "books"}}


class Verdict(StrEnum):
    """What became of a sale that was priced again."""

    SAME = "same"
    DIFFERS = "differs"
    """The engine comes to other figures than the till."""
    BOOK_UNKNOWN = "book_unknown"
    """HQ never gave this store that version, or not with this content."""
    PRICE_MISSING = "price_missing"
    """The book has no price for an item that was sold."""
    ENGINE_NEWER = "engine_newer"
    """The till priced with an engine this HQ does not have yet."""
    ARITHMETIC = "arithmetic"
    """The receipt's own figures do not add up."""
    FAILED = "failed"
    """Pricing it again ended in an error, which the difference names; the sales beside it are not held up."""


class PriceAudit(Table, table=True):
    """A sale that could not be confirmed, and how it differs."""

    __tablename__ = "price_audit"
    __table_args__ = (Index("ix_price_audit_store_id_business_date", "store_id", "business_date"), BOOKS)

    sale_id: UUID = Field(primary_key=True)
    store_id: str = Field(max_length=32)
    business_date: date
    book_version: int = big_int()
    verdict: str = Field(max_length=16)
    difference: str
    """JSON: a list of {line, field, till, hq}; line 0 is the receipt as a whole."""
    charged_minor: int = big_int()
    expected_minor: int | None = big_int(default=None)
    """What HQ's engine comes to, where it comes to anything."""
    audited_ms: int = utc_ms()


class PriceAuditDay(Table, table=True):
    """How many sales of a store's day were priced again, by verdict."""

    __tablename__ = "price_audit_day"
    __table_args__ = BOOKS

    store_id: str = Field(primary_key=True, max_length=32)
    business_date: date = Field(primary_key=True)
    verdict: str = Field(primary_key=True, max_length=16)
    sales: int = big_int()
