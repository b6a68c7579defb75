"""Returns: never more than was sold, each against its original sale; one that is early waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from cloud.database.bulk import insert_tuples
from cloud.database.commits import Commit
from cloud.ingest.handlers.base import (
    ARITHMETIC,
    MALFORMED,
    TENDER_COLUMNS,
    Refusals,
    Unfit,
    business_day,
    check_tenders,
    claim_receipts,
    expect,
    tender_rows,
)
from cloud.ingest.intake import Intake
from cloud.ingest.received import ORIGINAL_MISSING, Parking, Received
from cloud.loyalty.facts import LineFacts, ReturnedLineFacts, ReturnFacts, SaleFacts
from cloud.sales import days
from cloud.sales.models import SaleReturn, SaleReturnLine, SaleTender
from cloud.sales.originals import Original, lock_originals
from shared.wire.events import SaleReturned

RETURN_EXCEEDS = "return_exceeds"

_RETURN = (
    "id", "commit_no", "original_sale_id", "agent_id", "store_id", "legal_entity_id", "till_id", "till_kind",
    "cashier", "receipt_series", "receipt_number", "business_date", "at_ms", "currency", "exponent", "total_minor",
    "tax_minor", "approved_by", "void", "device_ms", "hq_offset_ms", "time_quality",
)  # fmt: skip
_LINE = ("return_id", "of_line", "original_sale_id", "item", "quantity", "refund_minor", "tax_minor", "reason")

_Fit = Sequence[tuple[Received, SaleReturned, Original]]


def apply_returns(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take returns HQ has not seen before."""
    returns = [(one, expect(one.event, SaleReturned)) for one in events]
    refused = claim_receipts(session, [(one, event.receipt) for one, event in returns])
    originals = lock_originals(session, {event.original for _, event in returns})
    before = {
        (sale_id, n): line.returned for sale_id, original in originals.items() for n, line in original.lines.items()
    }
    fit = []
    for one, event in returns:
        if one.event_id in refused:
            continue
        original = originals.get(event.original)
        if original is None:
            reason = f"the original sale {event.original} has not arrived"
            refused[one.event_id] = Parking(ORIGINAL_MISSING, reason, waits_for=event.original)
            continue
        try:
            check(event, original)
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
        else:
            for line in event.lines:
                original.take_back(line.of_line, line.quantity, line.refund_minor)
            fit.append((one, event, original))
    if fit:
        buyers = _buyers(session, fit, intake)
        _write(session, fit, intake)
        # What was spent on it comes back first: what it had earned is then taken of that before anybody owes.
        returned = [event for _, event, _ in fit]
        intake.downstream.settle(session, Commit(intake.commit_no, intake.now_ms), (), returned)
        _post(session, fit, before, intake, buyers=buyers)
    return refused


def check(event: SaleReturned, original: Original) -> None:
    """Raise Unfit when a return's figures do not add up or exceed what is left of its sale."""
    business_day(event)
    if (event.currency, event.exponent) != (original.currency, original.exponent):
        raise Unfit(MALFORMED, f"return is in {event.currency}, its sale in {original.currency}")
    if not event.lines or len({line.of_line for line in event.lines}) != len(event.lines):
        raise Unfit(MALFORMED, "a return names each original line once, and at least one")
    for line in event.lines:
        sold = original.lines.get(line.of_line)
        if sold is None:
            raise Unfit(MALFORMED, f"the original sale has no line {line.of_line}")
        if line.quantity < 1 or line.refund_minor < 0:
            raise Unfit(ARITHMETIC, f"line {line.of_line}: quantity {line.quantity} for {line.refund_minor}")
        if line.quantity > sold.quantity - sold.returned or line.refund_minor > sold.net_minor - sold.refunded_minor:
            raise Unfit(
                RETURN_EXCEEDS,
                f"line {line.of_line}: {line.quantity} for {line.refund_minor} came back, but only "
                f"{sold.quantity - sold.returned} for {sold.net_minor - sold.refunded_minor} is left of it",
            )
    total = sum(line.refund_minor for line in event.lines)
    if total != event.total_minor:
        raise Unfit(ARITHMETIC, f"lines add up to {total}, the total is {event.total_minor}")
    check_tenders(event.tenders, event.total_minor)


def _write(session: Session, returns: _Fit, intake: Intake) -> None:
    lines: list[tuple[Any, ...]] = []
    tenders: list[tuple[Any, ...]] = []
    for _, event, original in returns:
        lines.extend(
            (event.id, line.of_line, event.original, original.lines[line.of_line].item, line.quantity,
             line.refund_minor, line.tax_minor, line.reason)
            for line in event.lines
        )  # fmt: skip
        tenders.extend(tender_rows(event.id, event.tenders))
    insert_tuples(session, SaleReturn, _RETURN, [_return_row(one, event, intake) for one, event, _ in returns])
    insert_tuples(session, SaleReturnLine, _LINE, lines)
    insert_tuples(session, SaleTender, TENDER_COLUMNS, tenders)
    came = [(event.void, (one.store, business_day(event), event.total_minor)) for one, event, _ in returns]
    days.add_returns(session, (day for void, day in came if not void), (day for void, day in came if void))


def _return_row(one: Received, event: SaleReturned, intake: Intake) -> tuple[Any, ...]:
    day = business_day(event)
    return (
        event.id, intake.commit_no, event.original, one.agent, one.store, intake.shops[one.store].owner_on(day),
        event.till, event.till_kind, event.cashier, event.receipt.series, event.receipt.number, day, event.at_ms,
        event.currency, event.exponent, event.total_minor, sum(line.tax_minor for line in event.lines),
        event.approved_by, event.void, event.device.wall_ms, event.device.hq_offset_ms, event.device.quality,
    )  # fmt: skip


def _buyers(session: Session, returns: _Fit, intake: Intake) -> Mapping[UUID, UUID]:
    """Return who bought these sales, whoever they are and whoever's their cards are by now; nobody's are absent.

    Asked before anything is written: whoever it is stays so while the return is taken in.
    """
    named = {original.member_id for _, _, original in returns if original.member_id is not None}
    people = intake.downstream.people(session, named) if named else {}
    cards = {original.card_id for _, _, original in returns if original.member_id is None and original.card_id}
    owners = intake.downstream.owners(session, cards) if cards else {}
    found = {}
    for _, event, original in returns:
        if original.member_id is not None:
            member = people.get(original.member_id)
        else:
            member = owners.get(original.card_id) if original.card_id else None
        if member is not None:
            found[event.original] = member
    return found


def _post(
    session: Session,
    returns: _Fit,
    before: Mapping[tuple[Any, int], int],
    intake: Intake,
    *,
    buyers: Mapping[UUID, UUID],
) -> None:
    """Have loyalty take back what the sales' members earned."""
    facts = []
    for _, event, original in returns:
        member = buyers.get(event.original)
        if member is None:
            continue
        sale = SaleFacts(
            sale=event.original,
            member=member,
            store=original.store_id,
            business_date=original.business_date,
            at_ms=original.at_ms,
            lines=[LineFacts(n, line.quantity, line.net_minor, line.category) for n, line in original.lines.items()],
        )
        lines = [
            ReturnedLineFacts(line.of_line, line.quantity, line.refund_minor, before[event.original, line.of_line])
            for line in event.lines
        ]
        facts.append(
            ReturnFacts(
                returned=event.id,
                sale=sale,
                store=event.store,
                at_ms=event.at_ms,
                lines=lines,
                till=event.till,
                cashier=event.cashier,
                receipt=f"{event.receipt.series}-{event.receipt.number}",
                promised=event.points_taken,
            )
        )
    if facts:
        intake.downstream.post(session, intake.commit_no, (), facts)
