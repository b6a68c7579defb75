"""What loyalty has to know of a sale and of a return: plain facts, whoever supplies them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from shared.loyalty import LineFacts, PointsBasis, Purchase, TenderFacts

__all__ = ["LineFacts", "ReturnFacts", "ReturnedLineFacts", "SaleFacts", "TenderFacts"]


class SaleFacts(Purchase, frozen=True, kw_only=True):
    """A sale with a member: who bought what, where and when (business time and date of the store).

    A line's category is looked up by HQ where the till did not name it.
    """

    sale: UUID
    member: UUID
    store: str
    business_date: date
    at_ms: int
    till: str = ""
    cashier: str = ""
    receipt: str = ""
    tier: str = ""
    """The tier on the receipt: what it brings is what counts, whatever the member's tier is when the sale arrives.

    Where a store did not know the card it names none, and `tier_of_day` sees to what the tier brings.
    """
    promised: int | None = None
    """The points the till told the member; None where it told none."""
    promised_by: PointsBasis | None = None
    """The rules it worked them out by."""


class ReturnedLineFacts(NamedTuple):
    """How much of an original line came back, and what was paid back for it.

    `returned_before` counts what earlier commits took back of that line; returns posted together are added up by the
    posting itself.
    """

    of_line: int
    quantity: int
    refund_minor: int
    returned_before: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFacts:
    """Goods of `sale` that came back. `returned` is the return event's id; place and time are the return's own."""

    returned: UUID
    sale: SaleFacts
    store: str
    at_ms: int
    lines: Sequence[ReturnedLineFacts]
    till: str = ""
    cashier: str = ""
    receipt: str = ""
    promised: int | None = None
    """The points that the till said it takes back; None where it said nothing."""
