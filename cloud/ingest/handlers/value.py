"""Stored value sold and paid back at service desks: its receipt number, its row, its journal. No day's revenue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlmodel import Session

from cloud.database.bulk import insert_tuples
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
from cloud.sales.models import SaleTender
from cloud.value import desk_events
from cloud.value.desk_events import Contradicts
from cloud.value.desk_models import ValuePayment, ValueSale
from cloud.value.desk_whose import Owner
from shared.wire.value_events import ValueBackReason, ValuePaidBack, ValueSold

VALUE_CONFLICT = "value_conflict"

_WHERE = (
    "id", "commit_no", "agent_id", "store_id", "legal_entity_id", "till_id", "cashier", "shift_id", "receipt_series",
    "receipt_number", "business_date", "at_ms", "currency", "exponent", "minor",
)  # fmt: skip
_SALE = (*_WHERE, "gift_minor", "purse_id", "offer_id", "gift_card", "identified", "remark")
_PAYMENT = (*_WHERE, "why", "of_id", "reason", "approved_by")


def apply_value_sold(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take stored value that was sold, and that HQ has not seen before."""
    sold = [(one, expect(one.event, ValueSold)) for one in events]
    refused = claim_receipts(session, [(one, event.receipt) for one, event in sold])
    for one, event in sold:
        if one.event_id in refused:
            continue
        try:
            day = _checked(event)
            with session.begin_nested():
                _sell(session, one, event, intake, day=day)
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
        except Contradicts as error:
            refused[one.event_id] = Parking(VALUE_CONFLICT, str(error))
    return refused


def apply_value_back(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take money for stored value that went back, and that HQ has not seen before."""
    back = [(one, expect(one.event, ValuePaidBack)) for one in events]
    refused = claim_receipts(session, [(one, event.receipt) for one, event in back])
    for one, event in back:
        if one.event_id in refused:
            continue
        if event.why is ValueBackReason.UNDO and session.get(ValueSale, event.of) is None:
            reason = f"the top-up {event.of} has not arrived"
            refused[one.event_id] = Parking(ORIGINAL_MISSING, reason, waits_for=event.of)
            continue
        try:
            day = _checked(event)
            with session.begin_nested():
                _pay(session, one, event, intake, day=day)
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
        except Contradicts as error:
            refused[one.event_id] = Parking(VALUE_CONFLICT, str(error))
    return refused


def _checked(event: ValueSold | ValuePaidBack) -> date:
    """Return the event's day. Raise Unfit when its figures contradict themselves."""
    day = business_day(event)
    if event.total_minor < 1 or not event.tenders:
        raise Unfit(ARITHMETIC, f"{event.total_minor} by {len(event.tenders)} tenders is no payment")
    check_tenders(event.tenders, event.total_minor)
    if isinstance(event, ValueSold) and event.gift_minor < 0:
        raise Unfit(ARITHMETIC, f"gift money of {event.gift_minor}")
    return day


def _sell(session: Session, one: Received, event: ValueSold, intake: Intake, *, day: date) -> None:
    (shown,) = intake.downstream.resolve(session, [event.holder], intake.now_ms)
    if shown.member_id is None and shown.card_id is None:
        raise Unfit(MALFORMED, f"whose value it is cannot be told: {shown.problem or 'nobody named'}")
    owner = Owner(shown.member_id, None if shown.member_id else shown.card_id)
    done = desk_events.credit(session, intake.commit_no, event, owner, day=day, now_ms=intake.now_ms)
    row = (
        *_where(one, event, intake, day), event.gift_minor, done.purse, event.offer, event.gift_card,
        event.identified, done.remark,
    )  # fmt: skip
    insert_tuples(session, ValueSale, _SALE, [row])
    insert_tuples(session, SaleTender, TENDER_COLUMNS, tender_rows(event.id, event.tenders))


def _pay(session: Session, one: Received, event: ValuePaidBack, intake: Intake, *, day: date) -> None:
    desk_events.pay_back(session, intake.commit_no, event, now_ms=intake.now_ms)
    row = (*_where(one, event, intake, day), event.why.value, event.of, event.reason, event.approved_by)
    insert_tuples(session, ValuePayment, _PAYMENT, [row])
    insert_tuples(session, SaleTender, TENDER_COLUMNS, tender_rows(event.id, event.tenders))


def _where(one: Received, event: ValueSold | ValuePaidBack, intake: Intake, day: date) -> tuple[Any, ...]:
    return (
        event.id, intake.commit_no, one.agent, one.store, intake.shops[one.store].owner_on(day), event.till,
        event.cashier, event.shift, event.receipt.series, event.receipt.number, day, event.at_ms, event.currency,
        event.exponent, event.total_minor,
    )  # fmt: skip
