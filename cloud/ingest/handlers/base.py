"""What every handler is, and what several of them need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import TypeVar
from uuid import UUID

from sqlmodel import Session

from cloud.ingest.intake import Intake
from cloud.ingest.received import Parking, Received
from cloud.sales import receipts
from shared.wire.events import Event, Receipt, Tender

E = TypeVar("E", bound=Event)

Refusals = dict[UUID, Parking]
"""Events that could not be applied, by id, and why."""

Handler = Callable[[Session, Sequence[Received], Intake], Refusals]
"""Applies the events of one kind that HQ has not seen before. An event it refuses leaves no trace in its tables."""

RECEIPT_CONFLICT = "receipt_conflict"
ARITHMETIC = "arithmetic"
MALFORMED = "malformed"

MAX_MINOR = 10**13
"""No till takes more at once; sums of what is taken then fit 64 bits for as long as a chain can trade."""
MAX_QUANTITY = 10**8
"""Of one line: ten times what a till lets anybody weigh. HQ multiplies it by its own prices when it audits."""

MAX_NAME_CHARACTERS = 255
"""Of a till and of a receipt series: both are keys, and PostgreSQL's index holds no key of any length."""

LAST_MS = 253_402_300_799_999
"""The end of the year 9999, the last that dates can say."""

TENDER_COLUMNS = ("sale_id", "n", "method", "minor", "change_minor", "reference", "attempt_id")


class Unfit(ValueError):
    """An event whose content contradicts itself or the store it comes from; becomes a Parking."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.parking = Parking(code, reason)


def expect(event: Event | None, kind: type[E]) -> E:
    """Return the event as the kind its handler is registered for."""
    if not isinstance(event, kind):
        raise TypeError(f"handler for {kind.__name__} was given {type(event).__name__}")
    return event


def business_day(event: Event) -> date:
    """Return the business date the agent stamped. Raise Unfit when it is none."""
    try:
        return _day(event.business_date)
    except ValueError:
        raise Unfit(MALFORMED, f"business date {event.business_date!r} is no date") from None


@lru_cache(maxsize=4096)
def _day(text: str) -> date:
    """Return the date of its ISO form: what comes in together is of few days. Raise ValueError when it is none."""
    return date.fromisoformat(text)


def check_moment(at_ms: int) -> None:
    """Raise Unfit unless dates can say this time (ms since 1970 UTC)."""
    if not 0 <= at_ms <= LAST_MS:
        raise Unfit(MALFORMED, f"{at_ms} is no time of this calendar")


def claim_receipts(session: Session, claims: Sequence[tuple[Received, Receipt]]) -> Refusals:
    """Take the receipt numbers of events, also of those refused later: such a number is accounted for, not missing."""
    refused: Refusals = {}
    wanted = []
    for received, receipt in claims:
        till = received.event.till if received.event else ""
        if not _is_name(till) or not _is_name(receipt.series) or receipt.number < 1:
            series, till = receipt.series[:MAX_NAME_CHARACTERS], till[:MAX_NAME_CHARACTERS]
            reason = f"receipt {series!r} {receipt.number} of till {till!r} is no receipt number"
            refused[received.event_id] = Parking(MALFORMED, reason)
        else:
            number = (received.store, till, receipt.series, receipt.number)
            wanted.append(receipts.Claim(number, receipt.previous, received.event_id, received.content))
    for one, owner in receipts.claim(session, wanted):
        _, till, series, place = one.number
        refused[one.event_id] = Parking(
            RECEIPT_CONFLICT, f"receipt number {series}-{place} of till {till} already belongs to event {owner}"
        )
    return refused


def _is_name(text: str) -> bool:
    return 0 < len(text) <= MAX_NAME_CHARACTERS


def check_tenders(tenders: Sequence[Tender], total_minor: int) -> None:
    """Raise Unfit unless the money given is exactly the total."""
    paid = 0
    for tender in tenders:
        if max(abs(tender.minor), abs(tender.change_minor)) > MAX_MINOR:
            raise Unfit(ARITHMETIC, f"a tender of {tender.minor}, change {tender.change_minor}: no till takes so much")
        paid += tender.minor
    if paid != total_minor:
        raise Unfit(ARITHMETIC, f"tenders add up to {paid}, the total is {total_minor}")


def tender_rows(event_id: UUID, tenders: Sequence[Tender]) -> list[tuple[object, ...]]:
    """Return the rows of TENDER_COLUMNS."""
    return [
        (event_id, n, tender.method, tender.minor, tender.change_minor, tender.reference, tender.attempt)
        for n, tender in enumerate(tenders, start=1)
    ]
