"""What loyalty has to know of a sale and of a return: plain facts, whoever supplies them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

from shared.pricing.record import PromotionUse


class LineFacts(NamedTuple):
    """A line as sold. `category` is its path, looked up by HQ when the till did not name it."""

    n: int
    quantity: int
    net_minor: int
    category: str = ""


class TenderFacts(NamedTuple):
    """Money given for a sale: by which method, how much (minor units, change taken off)."""

    method: str
    minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleFacts:
    """A sale with a member: who bought what, where and when (business time and date of the store)."""

    sale: UUID
    member: UUID
    store: str
    business_date: date
    at_ms: int
    lines: Sequence[LineFacts]
    till: str = ""
    cashier: str = ""
    receipt: str = ""
    tenders: Sequence[TenderFacts] = ()
    uses: Sequence[PromotionUse] = ()
    """What its promotions did beside its lines: points on top, multiplied, spent as money."""
    tier: str = ""
    """The tier on the receipt: what it brings is what counts, whatever the member's tier is when the sale arrives."""
    promised: int | None = None
    """The points the till told the member; None where it told none."""

    @property
    def net_minor(self) -> int:
        """What the sale came to: the member's spend."""
        return sum(line.net_minor for line in self.lines)


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
