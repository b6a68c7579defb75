"""Making a return: its event, its receipt number, and what is left of its sale, in one transaction."""

from __future__ import annotations

import sqlite3

from edge_agent.failpoints import reached
from edge_agent.till import attempts
from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.facts import stamped
from edge_agent.till.membership import promise
from edge_agent.till.numbering import receipt_for
from edge_agent.till.returning import planning
from edge_agent.till.returning.plan import RefundPart, ReturnPlan
from edge_agent.till.selling import counting
from edge_agent.till.shifts import ledger
from shared.wire.events import Receipt, SaleReturned, Tender


def make(db: sqlite3.Connection, desk: Desk, plan: ReturnPlan) -> SaleReturned:
    """Make a planned return. What is left of each line is looked at once more: others may have returned meanwhile."""
    points = None
    if not desk.stand.practice:
        _require_left(db, plan)
        before = {line: back.quantity for line, back in planning.back_so_far(db, plan.original).items()}
        points = promise.of_return(db, desk, plan.original, plan.lines, before)
        counting.note_back(db, plan.original, plan.lines)
        planning.note_back(db, plan.original, plan.lines, plan.refunds)
    settings = desk.settings()
    fields = {**stamped(db, desk), "id": plan.id}
    fields["business_date"] = ledger.business_date(db, desk, fields["at_ms"])
    tenders = [_tender(db, plan, part) for part in plan.refunds]

    def returned(receipt: Receipt) -> SaleReturned:
        return SaleReturned(
            **fields,
            receipt=receipt,
            original=plan.original,
            lines=plan.lines,
            tenders=tenders,
            currency=settings.currency,
            exponent=settings.exponent,
            total_minor=plan.total_minor,
            approved_by=plan.approved_by,
            void=plan.void,
            exchange=plan.exchange,
            points_taken=points,
        )

    event = receipt_for(db, desk, returned)
    ledger.note_late(db, desk, event)
    reached("return.in_transaction")
    return event


def _require_left(db: sqlite3.Connection, plan: ReturnPlan) -> None:
    before = planning.back_so_far(db, plan.original)
    for line in plan.lines:
        back = before.get(line.of_line, planning.Back())
        if (back.quantity, back.refund_minor) != _seen(plan, line.of_line, back):
            raise Refusal("returned_before", str(line.of_line))


def _seen(plan: ReturnPlan, n: int, back: planning.Back) -> tuple[int, int]:
    """Return what had come back of a line when the return was planned."""
    seen = next((one for one in plan.seen if one[0] == n), None)
    return (back.quantity, back.refund_minor) if seen is None else (seen[1], seen[2])


def _tender(db: sqlite3.Connection, plan: ReturnPlan, part: RefundPart) -> Tender:
    reference = ""
    if part.attempt is not None:
        reference = attempts.outcomes(db, plan.id)[part.attempt].reference
    if part.method == "exchange":
        reference = str(plan.exchange or "")
    return Tender(method=part.method, minor=part.minor, reference=reference[:128], attempt=part.attempt or part.of_hold)
