"""A shift from its float to its Z report, and the next version of that report when something comes to it later."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from edge_agent.disk.agent_row import business_day
from edge_agent.record import outbox
from edge_agent.till import attempts, baskets, stand
from edge_agent.till.asks import Approver, HeldAsked
from edge_agent.till.basket import Basket
from edge_agent.till.desk import Desk, Refusal, total
from edge_agent.till.facts import record, stamped
from edge_agent.till.shifts import store
from edge_agent.till.shifts.results import HeldChoice
from edge_agent.till.shifts.store import ShiftRow
from edge_agent.till.staff.approving import approved, chosen
from edge_agent.value import holds
from shared.shift_totals import add_up
from shared.wire.events import Event
from shared.wire.policies import Approval
from shared.wire.till_events import (
    BasketVoided,
    CashMove,
    CashMoved,
    CountedCash,
    ShiftClosed,
    ShiftOpened,
    ShiftTotals,
)

MAX_CASH_MINOR = 10**11
MAX_NOTES = 100_000
_MAX_NOTE_CHARACTERS = 200


def open_shift(db: sqlite3.Connection, desk: Desk, float_minor: int) -> ShiftRow:
    """Take over a drawer with this much in it."""
    _require_real(desk)
    if desk.stand.shift is not None:
        raise Refusal("shift_open")
    if not 0 <= float_minor <= MAX_CASH_MINOR:
        raise Refusal("cash_amount", str(float_minor))
    settings = desk.settings()
    fields = stamped(db, desk)
    fields["shift"] = fields["id"]
    opened = ShiftOpened(**fields, float_minor=float_minor, currency=settings.currency, exponent=settings.exponent)
    store.add(
        db,
        opened.id,
        desk.till,
        staff=desk.cashier,
        opened_ms=opened.at_ms,
        business_date=opened.business_date,
    )
    store.add_event(db, opened.id, opened)
    stand.put_shift(db, desk.till, opened.id)
    record(db, desk, opened)
    return _found(db, opened.id)


def move_cash(
    db: sqlite3.Connection,
    desk: Desk,
    move: CashMove,
    minor: int,
    *,
    reason: str,
    note: str,
    approver: Approver | None,
) -> ShiftTotals:
    """Put cash into the drawer, take some out, or only open it: always with a reason."""
    row = current(db, desk)
    if move is CashMove.NO_SALE:
        minor = 0
    elif not 0 < minor <= MAX_CASH_MINOR:
        raise Refusal("cash_amount", str(minor))
    why = chosen(reason, desk.policies.cash_reasons)
    if not why:
        raise Refusal("reason_needed")
    needs = {CashMove.OUT: Approval.CASH_OUT, CashMove.NO_SALE: Approval.NO_SALE}
    by = approved(desk, needs[move], approver) if move in needs else ""
    # What should be there limits nothing: a refusal would tell whoever counts blindly, and cash that is really there
    # can be dropped. Where more went out than came in, the count has the difference.
    moved = CashMoved(
        **stamped(db, desk), move=move, minor=minor, reason=why, note=note[:_MAX_NOTE_CHARACTERS], approved_by=by
    )
    store.add_event(db, row.id, moved)
    record(db, desk, moved)
    return totals_of(db, row)


def count(db: sqlite3.Connection, desk: Desk, counted: Mapping[int, int]) -> list[CountedCash]:
    """Keep what somebody counted in the drawer: how many of each note and coin (its value in minor units)."""
    row = current(db, desk)
    if not all(0 < value <= MAX_CASH_MINOR and 0 <= number <= MAX_NOTES for value, number in counted.items()):
        raise Refusal("count_value")
    kept = [CountedCash(value_minor=value, count=counted[value]) for value in sorted(counted, reverse=True)]
    store.put_counted(db, row.id, kept, totals_of(db, row).cash_expected_minor)
    return kept


def current(db: sqlite3.Connection, desk: Desk) -> ShiftRow:
    """Return the shift open at this till, or refuse."""
    _require_real(desk)
    if desk.stand.shift is None:
        raise Refusal("shift_needed")
    return as_counted(db, _found(db, desk.stand.shift))


def as_counted(db: sqlite3.Connection, row: ShiftRow) -> ShiftRow:
    """Return an open shift without its count where cash has moved since: it says nothing of the drawer any more."""
    if row.counted is None or row.version or totals_of(db, row).cash_expected_minor == row.counted_of:
        return row
    return replace(row, counted=None)


def totals_of(db: sqlite3.Connection, row: ShiftRow) -> ShiftTotals:
    """Return what the shift's events add up to now: the same figures however often it is asked."""
    events, missing = store.events_of(db, row)
    return add_up(events, missing)


def held_of(db: sqlite3.Connection, desk: Desk) -> list[Basket]:
    """Return the baskets held at this till."""
    found = (baskets.load(db, held.id) for held in baskets.held(db))
    return [basket for basket in found if basket is not None and basket.till == desk.till]


def close(
    db: sqlite3.Connection, desk: Desk, held: Mapping[UUID, HeldChoice], approver: Approver | None
) -> ShiftClosed:
    """Close the shift with its Z report. The drawer is counted, each held basket moves or is cancelled by choice.

    Payments that nobody knows the result of stay with this shift: what comes of them re-issues the report.
    """
    row = current(db, desk)
    if baskets.load_open(db, desk.till) is not None and not attempts.unresolved(db, desk.till):
        raise Refusal("basket_first")
    if row.counted is None:
        if _found(db, row.id).counted is None:
            raise Refusal("count_first")
        raise Refusal("count_again")
    by = approved(desk, Approval.CLOSE_SHIFT, approver)
    kept = held_of(db, desk)
    open_choice = [basket.id for basket in kept if basket.id not in held]
    if open_choice:
        raise Refusal("held_baskets", str(len(open_choice)), HeldAsked(tuple(open_choice)))
    cancelled = [basket for basket in kept if held[basket.id] is HeldChoice.CANCEL]
    for basket in cancelled:
        give_up(db, desk, basket, "shift_closed", by)
    moved = [basket.id for basket in kept if held[basket.id] is HeldChoice.MOVE]
    report = _report(db, desk, row, by=by or desk.cashier, moved=moved, cancelled=[one.id for one in cancelled])
    _keep(db, desk, row, report)
    stand.put_shift(db, desk.till, None)
    return report


def give_up(db: sqlite3.Connection, desk: Desk, basket: Basket, reason: str, by: str) -> None:
    """Take a basket away for a reason that HQ hears."""
    worth = total(db, desk, basket)
    event = BasketVoided(
        **stamped(db, desk),
        basket=basket.id,
        lines=len(basket.lines),
        total_minor=worth,
        reason=reason,
        approved_by=by,
    )
    baskets.delete(db, basket.id)
    holds.drop_all(db, basket.id, desk.till, desk.clocks.machine.wall_ms())
    record(db, desk, event)


def note_late(db: sqlite3.Connection, desk: Desk, event: Event) -> None:
    """Re-issue the Z report of a shift that something came to after it was closed: the next version, for all to see."""
    if event.shift is None or desk.stand.practice:
        return
    row = store.find(db, event.shift)
    if row is None or row.version == 0:
        return
    before = row.report
    fields = {**stamped(db, desk), "shift": row.id, "business_date": row.business_date}
    report = ShiftClosed(
        **fields,
        version=row.version + 1,
        opened_ms=row.opened_ms,
        closed_ms=before.closed_ms if before else fields["at_ms"],
        closed_by=before.closed_by if before else "",
        totals=totals_of(db, row),
        counted=before.counted if before else [],
        counted_minor=before.counted_minor if before else 0,
        held_moved=before.held_moved if before else [],
        held_cancelled=before.held_cancelled if before else [],
        unresolved=[attempt.id for attempt in attempts.unresolved(db, row.till) if attempt.shift == row.id],
        unsent=outbox.backlog(db).count,
        because=event.id,
    )
    _keep(db, desk, row, report)


def business_date(db: sqlite3.Connection, desk: Desk, at_ms: int) -> str:
    """Return the business date of what happens now: the stored one of its shift once that is closed, else today's."""
    if desk.stand.shift is not None:
        closed = db.execute(
            "SELECT business_date FROM shift WHERE id = ? AND version > 0", (desk.stand.shift.bytes,)
        ).fetchone()
        if closed is not None:
            return str(closed[0])
    return business_day(desk.settings(), at_ms)


def _report(
    db: sqlite3.Connection, desk: Desk, row: ShiftRow, *, by: str, moved: Sequence[UUID], cancelled: Sequence[UUID]
) -> ShiftClosed:
    counted = row.counted or []
    fields = {**stamped(db, desk), "business_date": row.business_date}
    return ShiftClosed(
        **fields,
        version=1,
        opened_ms=row.opened_ms,
        closed_ms=fields["at_ms"],
        closed_by=by,
        totals=totals_of(db, row),
        counted=counted,
        counted_minor=sum(one.value_minor * one.count for one in counted),
        held_moved=list(moved),
        held_cancelled=list(cancelled),
        unresolved=[attempt.id for attempt in attempts.unresolved(db, desk.till)],
        unsent=outbox.backlog(db).count,
    )


def _keep(db: sqlite3.Connection, desk: Desk, row: ShiftRow, report: ShiftClosed) -> None:
    record(db, desk, report)
    store.put_report(db, row.id, report)


def _found(db: sqlite3.Connection, shift: UUID) -> ShiftRow:
    row = store.find(db, shift)
    if row is None:
        raise Refusal("no_such_shift", str(shift))
    return row


def _require_real(desk: Desk) -> None:
    if desk.stand.practice:
        raise Refusal("practice_only")
