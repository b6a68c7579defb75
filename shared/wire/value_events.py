"""Stored value sold and paid back at a service desk: money in and out of a drawer that is no revenue."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from shared.wire.event_base import Event, MemberOnSale, Receipt, Tender


class ValueSold(Event, frozen=True, kw_only=True, omit_defaults=True, tag="value_sold"):
    """Money was taken for stored value: a purse was topped up, or a gift card sold. A receipt of its own, no sale.

    `offer` is HQ's answer that it may be (`TopUpOffered`). `total_minor` is what was paid and is the principal,
    `gift_minor` the gift money promised with it, `balance_minor` what the purse then held by the offer. `holder` is
    the member, or the sealed number of the card that carries the value; with `gift_card` it is nobody's card. Like a
    sale it says no name: it is kept for years, and a member may leave.
    """

    receipt: Receipt
    offer: UUID
    holder: MemberOnSale
    tenders: list[Tender]
    currency: str
    exponent: int = 2
    total_minor: int
    gift_minor: int = 0
    balance_minor: int = 0
    gift_card: bool = False
    identified: bool = False


class ValueBackReason(StrEnum):
    """Why money for stored value went back."""

    UNDO = "undo"
    """A top-up undone: `of` is its `ValueSold`."""
    CARD_RETURN = "card_return"
    """A purse given back, as HQ approved: `of` is the application."""


class ValuePaidBack(Event, frozen=True, kw_only=True, omit_defaults=True, tag="value_back"):
    """Money for stored value was paid back, after HQ had taken the value back: a top-up undone, or a card returned."""

    receipt: Receipt
    why: ValueBackReason
    of: UUID
    tenders: list[Tender]
    currency: str
    exponent: int = 2
    total_minor: int
    reason: str = ""
    approved_by: str = ""
