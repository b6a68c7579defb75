"""What happens at tills besides sales: people, shifts, cash, copies, baskets given up; each written down as it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any, TypeVar

import msgspec
from sqlmodel import Session

from cloud.database import Table
from cloud.database.bulk import insert_tuples
from cloud.ingest.handlers.base import ARITHMETIC, MALFORMED, MAX_MINOR, Handler, Refusals, Unfit, business_day, expect
from cloud.ingest.intake import Intake
from cloud.ingest.received import Received
from cloud.store_days.models import BasketVoid, CashMovement, ReceiptCopy, ShiftReport, StaffAct, TillShift
from shared.wire.event_base import Event
from shared.wire.till_events import (
    BasketVoided,
    CashMoved,
    ReceiptReprinted,
    ShiftClosed,
    ShiftOpened,
    StaffActed,
)

E = TypeVar("E", bound=Event)

_WHERE = ("id", "commit_no", "agent_id", "store_id", "till_id", "business_date", "at_ms")
_SHORT = 64
_LONG = 255


def _writer(kind: type[E], table: type[Table], columns: Sequence[str], row: Callable[[E], tuple[Any, ...]]) -> Handler:
    """Return a handler that writes each event of a kind as one row: who and where, then `columns` from `row`."""

    def apply(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
        refused: Refusals = {}
        rows = []
        for one in events:
            event = expect(one.event, kind)
            try:
                rows.append((*_where(one, event, business_day(event), intake), *row(event)))
            except Unfit as unfit:
                refused[one.event_id] = unfit.parking
        insert_tuples(session, table, (*_WHERE, *columns), rows)
        return refused

    return apply


def _where(one: Received, event: Event, day: date, intake: Intake) -> tuple[Any, ...]:
    return (event.id, intake.commit_no, one.agent, one.store, event.till[:_LONG], day, event.at_ms)


def _amount(minor: int) -> int:
    if abs(minor) > MAX_MINOR:
        raise Unfit(ARITHMETIC, f"{minor} is more than a till ever holds")
    return minor


def _staff(event: StaffActed) -> tuple[Any, ...]:
    return (event.cashier[:_SHORT], event.role[:_SHORT], event.action.value, event.approved_by[:_SHORT])


def _cash(event: CashMoved) -> tuple[Any, ...]:
    return (
        event.shift, event.cashier[:_SHORT], event.move.value, _amount(event.minor), event.reason[:_SHORT],
        event.note[:_LONG], event.approved_by[:_SHORT],
    )  # fmt: skip


def _basket(event: BasketVoided) -> tuple[Any, ...]:
    return (
        event.cashier[:_SHORT], event.basket, event.lines, _amount(event.total_minor), event.reason[:_SHORT],
        event.approved_by[:_SHORT],
    )  # fmt: skip


def _copy(event: ReceiptReprinted) -> tuple[Any, ...]:
    return (event.cashier[:_SHORT], event.original, event.copy)


apply_staff = _writer(StaffActed, StaffAct, ("staff_code", "role", "action", "approved_by"), _staff)
apply_cash = _writer(
    CashMoved,
    CashMovement,
    ("shift_id", "cashier", "move", "minor", "reason", "note", "approved_by"),
    _cash,
)
apply_basket_voids = _writer(
    BasketVoided, BasketVoid, ("cashier", "basket_id", "lines", "total_minor", "reason", "approved_by"), _basket
)
apply_reprints = _writer(ReceiptReprinted, ReceiptCopy, ("cashier", "original_id", "copy_number"), _copy)

_SHIFT = (
    "id", "commit_no", "agent_id", "store_id", "till_id", "staff_code", "business_date", "opened_ms", "float_minor",
    "currency", "exponent",
)  # fmt: skip
_REPORT = (
    "shift_id", "version", "event_id", "commit_no", "store_id", "till_id", "business_date", "opened_ms", "closed_ms",
    "closed_by", "sales", "sales_minor", "returns", "returns_minor", "cash_expected_minor", "counted_minor", "unsent",
    "because", "totals",
)  # fmt: skip


def apply_shifts(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take shifts that were opened."""
    refused: Refusals = {}
    rows = []
    for one in events:
        event = expect(one.event, ShiftOpened)
        try:
            rows.append(
                (event.id, intake.commit_no, one.agent, one.store, event.till[:_LONG], event.cashier[:_SHORT],
                 business_day(event), event.at_ms, _amount(event.float_minor), event.currency, event.exponent)
            )  # fmt: skip
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
    insert_tuples(session, TillShift, _SHIFT, rows)
    return refused


def apply_reports(session: Session, events: Sequence[Received], intake: Intake) -> Refusals:
    """Take Z reports, each version beside those before. A version that is there already under another event is odd."""
    refused: Refusals = {}
    rows = []
    taken: set[tuple[object, int]] = set()
    for one in events:
        event = expect(one.event, ShiftClosed)
        try:
            _check_version(session, event, taken)
            rows.append(_report_row(one, event, intake))
            taken.add((event.shift, event.version))
        except Unfit as unfit:
            refused[one.event_id] = unfit.parking
    insert_tuples(session, ShiftReport, _REPORT, rows)
    return refused


def _check_version(session: Session, event: ShiftClosed, taken: Collection[tuple[object, int]]) -> None:
    if event.shift is None or event.version < 1:
        raise Unfit(MALFORMED, "a report names its shift and a version from 1")
    if (event.shift, event.version) in taken:
        raise Unfit(MALFORMED, f"version {event.version} of shift {event.shift} came twice")
    known = session.get(ShiftReport, (event.shift, event.version))
    if known is not None and known.event_id != event.id:
        raise Unfit(MALFORMED, f"version {event.version} of shift {event.shift} is event {known.event_id} already")


def _report_row(one: Received, event: ShiftClosed, intake: Intake) -> tuple[Any, ...]:
    totals = event.totals
    return (
        event.shift, event.version, event.id, intake.commit_no, one.store, event.till[:_LONG], business_day(event),
        event.opened_ms, event.closed_ms, event.closed_by[:_SHORT], totals.sales, _amount(totals.sales_minor),
        totals.returns, _amount(totals.returns_minor), _amount(totals.cash_expected_minor),
        _amount(event.counted_minor), event.unsent, event.because, msgspec.json.encode(totals).decode(),
    )  # fmt: skip
