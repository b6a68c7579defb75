"""Taking goods back: planned on the disk, money moved where a gateway must move it, then made."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec

from edge_agent.till import attempts, baskets, paying
from edge_agent.till.asks import Approver
from edge_agent.till.basket import Basket
from edge_agent.till.changes import ExchangePlanned
from edge_agent.till.desk import (
    Desk,
    Refusal,
    book_for,
    open_basket,
    require_resolved,
    require_shift,
    stand_still,
    total,
)
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome
from edge_agent.till.results import Paid, PartlyPaid
from edge_agent.till.returning import finding, making, planning
from edge_agent.till.returning.plan import RefundPart, ReturnPlan
from edge_agent.till.returning.results import Left, Returned
from edge_agent.till.staff.approving import approved, chosen
from shared.wire.events import SaleCompleted, SaleReturned, Tender, TenderKind
from shared.wire.policies import Approval

_plans = msgspec.json.Decoder(ReturnPlan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants to give back of which receipt: quantities by line; empty `lines` is all that is left."""

    receipt: str
    lines: Mapping[int, int]
    reason: str
    in_cash: bool = False


def begin(
    db: sqlite3.Connection, desk: Desk, wish: Wish, approver: Approver | None, gateways: frozenset[TenderKind]
) -> Returned | ReturnPlan:
    """Plan a return; make it at once unless a gateway has to move money first. Its plan is on the disk before that."""
    plan = _planned(db, desk, wish, approver)
    return _go(db, desk, plan, gateways)


def void_last(
    db: sqlite3.Connection, desk: Desk, reason: str, approver: Approver | None, gateways: frozenset[TenderKind]
) -> Returned | ReturnPlan:
    """Undo this till's last sale: all of it comes back by the ways it was paid, under a receipt number of its own."""
    require_resolved(db, desk)
    if desk.stand.practice:
        raise Refusal("practice_only")
    row = finding.last_sale_of(db, desk.till)
    if row is None:
        raise Refusal("no_sale_to_void")
    by = approved(desk, Approval.VOID_SALE, approver)
    sale = finding.sale_of(db, row)
    if planning.back_so_far(db, sale.id):
        raise Refusal("no_sale_to_void", row.text)
    wanted = {line.n: line.quantity for line in sale.lines}
    why = chosen(reason, desk.policies.void_reasons)
    plan = _plan(db, desk, sale, wanted, reason=why or "void", in_cash=False)
    return _go(db, desk, msgspec.structs.replace(plan, approved_by=by, void=True), gateways)


def exchange(db: sqlite3.Connection, desk: Desk, wish: Wish, approver: Approver | None) -> Paid | PartlyPaid:
    """Let goods that come back pay for the open basket: their worth is a tender of it, and both are made at once.

    What they were worth more than the basket costs goes back in cash with the return.
    """
    basket = open_basket(db, desk)
    if not basket.lines:
        raise Refusal("basket_empty")
    if basket.exchange is not None:
        raise Refusal("exchange_begun")
    plan = _planned(db, desk, wish, approver)
    due = total(db, desk, basket) - basket.paid_minor
    parts = exchanged(db, desk, basket, plan.total_minor)
    worth = parts[0].minor
    plan = msgspec.structs.replace(plan, refunds=parts, exchange=basket.id)
    tender = Tender(method=TenderKind.EXCHANGE, minor=worth, reference=str(plan.id))
    # What comes back frees budgets in the same transaction: the new sale keeps the prices it was shown with.
    stand_still(db, desk, basket, paying.require_payable(db, desk, basket).book)
    baskets.add(db, basket, ExchangePlanned(at_ms=desk.clocks.business.now_ms(), plan=plan, tender=tender))
    if worth < due:
        return PartlyPaid(basket.id, due - worth)
    return paying.complete(db, desk, basket, list(basket.tenders))


def exchanged(db: sqlite3.Connection, desk: Desk, basket: Basket, worth_minor: int) -> list[RefundPart]:
    """Return what goods that come back pay of a basket, first, and what of their worth goes back in cash."""
    due = total(db, desk, basket) - basket.paid_minor
    worth = min(worth_minor, due)
    parts = [RefundPart(method=TenderKind.EXCHANGE, minor=worth)]
    if worth_minor > worth:
        parts.append(RefundPart(method=TenderKind.CASH, minor=worth_minor - worth))
    return parts


def settle(
    db: sqlite3.Connection, desk: Desk, attempt: PaymentAttempt, outcome: PaymentOutcome
) -> Returned | ReturnPlan | None:
    """Keep a gateway's answer to a refund; when the last one is there the return is made. None when it was refused."""
    plan = find_begun(db, attempt.basket)
    if plan is None:
        return None
    if attempts.find_unresolved(db, attempt.id) is not None:
        attempts.note(db, attempt.id, outcome)
    return _if_settled(db, desk, plan)


def in_cash(db: sqlite3.Connection, desk: Desk, key: UUID, approver: Approver | None) -> Returned | ReturnPlan:
    """Pay in cash what a gateway refused to give back. What it did give back stays as it is."""
    plan = find_begun(db, key)
    if plan is None:
        raise Refusal("no_such_payment", str(key))
    by = approved(desk, Approval.REFUND_IN_CASH, approver)
    plan = msgspec.structs.replace(plan, refunds=refused_in_cash(db, plan), approved_by=plan.approved_by or by)
    _store(db, desk, plan)
    found = _if_settled(db, desk, plan)
    if found is None:
        raise Refusal("refund_refused", str(key))
    return found


def leave(db: sqlite3.Connection, desk: Desk, key: UUID) -> Left:
    """Drop a planned return of which nothing has moved; refuse where money went back, or nobody knows whether."""
    plan = find_begun(db, key)
    if plan is None:
        raise Refusal("no_such_payment", str(key))
    require_resolved(db, desk)
    known = attempts.outcomes(db, plan.id)
    states = {known[part.attempt].state for part in plan.refunds if part.attempt is not None}
    if states - {AttemptState.REFUSED, AttemptState.CANCELLED}:
        raise Refusal("refund_moved", str(key))
    db.execute("DELETE FROM return_begun WHERE id = ?", (plan.id.bytes,))
    return Left(plan.id)


def refused_in_cash(db: sqlite3.Connection, plan: ReturnPlan) -> list[RefundPart]:
    """Return how a return's money goes back when what a service refused is paid in cash."""
    known = attempts.outcomes(db, plan.id)
    return [_cash_if_refused(part, known) for part in plan.refunds]


def find_begun(db: sqlite3.Connection, key: UUID) -> ReturnPlan | None:
    """Return a return whose refunds are not all there yet."""
    row = db.execute("SELECT content FROM return_begun WHERE id = ?", (key.bytes,)).fetchone()
    return None if row is None else _plans.decode(row[0])


def begun_at(db: sqlite3.Connection, till: str) -> list[ReturnPlan]:
    """Return the till's returns whose refunds are not all there yet."""
    rows = db.execute("SELECT content FROM return_begun WHERE till = ? ORDER BY id", (till,)).fetchall()
    return [_plans.decode(content) for (content,) in rows]


def refund_attempts(db: sqlite3.Connection, desk: Desk, plan: ReturnPlan) -> list[PaymentAttempt]:
    """Return the askings of a return that have no answer yet."""
    return [one for one in attempts.unresolved(db, desk.till) if one.basket == plan.id]


def _planned(db: sqlite3.Connection, desk: Desk, wish: Wish, approver: Approver | None) -> ReturnPlan:
    require_resolved(db, desk)
    if desk.stand.practice:
        raise Refusal("practice_only")
    sale = finding.sale_of(db, finding.row_for(db, desk, wish.receipt))
    planning.require_in_time(desk, sale)
    why = chosen(wish.reason, desk.policies.return_reasons)
    by = approved(desk, Approval.RETURN, approver)
    if wish.in_cash and desk.policies.refund == "original":
        approved(desk, Approval.REFUND_IN_CASH, approver)
    cash = wish.in_cash or desk.policies.refund == "cash"
    plan = _plan(db, desk, sale, wish.lines or left_of(db, sale), reason=why, in_cash=cash)
    return msgspec.structs.replace(plan, approved_by=by)


def left_of(db: sqlite3.Connection, sale: SaleCompleted) -> dict[int, int]:
    """Return what is left of each line of a sale that has some left."""
    before, none = planning.back_so_far(db, sale.id), planning.Back()
    left = {line.n: line.quantity - before.get(line.n, none).quantity for line in sale.lines}
    return {n: rest for n, rest in left.items() if rest}


def _plan(
    db: sqlite3.Connection, desk: Desk, sale: SaleCompleted, wanted: Mapping[int, int], *, reason: str, in_cash: bool
) -> ReturnPlan:
    require_shift(desk)
    wanted = planning.with_deposits(db, book_for(db, desk, None), sale, wanted)
    lines = planning.lines_back(db, sale, wanted, reason)
    total_minor = sum(line.refund_minor for line in lines)
    before = planning.back_so_far(db, sale.id)
    none = planning.Back()
    return ReturnPlan(
        id=desk.mint(),
        original=sale.id,
        lines=lines,
        refunds=planning.refunds_for(db, sale, total_minor, in_cash=in_cash),
        total_minor=total_minor,
        cashier=desk.cashier,
        shift=desk.stand.shift,
        seen=[(n, before.get(n, none).quantity, before.get(n, none).refund_minor) for n in wanted],
    )


def _go(db: sqlite3.Connection, desk: Desk, plan: ReturnPlan, gateways: frozenset[TenderKind]) -> Returned | ReturnPlan:
    parts = [_asked(db, desk, plan, part) if _by_gateway(part, gateways) else part for part in plan.refunds]
    plan = msgspec.structs.replace(plan, refunds=parts)
    if not any(part.attempt for part in parts):
        return _returned(making.make(db, desk, plan))
    _store(db, desk, plan)
    return plan


def _by_gateway(part: RefundPart, gateways: frozenset[TenderKind]) -> bool:
    return bool(part.pays_back) and part.method in gateways


def _asked(db: sqlite3.Connection, desk: Desk, plan: ReturnPlan, part: RefundPart) -> RefundPart:
    attempt = PaymentAttempt(
        desk.mint(),
        plan.id,
        desk.till,
        part.method,
        part.minor,
        desk.clocks.business.now_ms(),
        shift=desk.stand.shift,
        cashier=desk.cashier,
        pays_back=part.pays_back,
    )
    attempts.store(db, attempt)
    return msgspec.structs.replace(part, attempt=attempt.id)


def _if_settled(db: sqlite3.Connection, desk: Desk, plan: ReturnPlan) -> Returned | ReturnPlan | None:
    """Make the return when all its money has moved; give the plan back while some is not known; None when refused."""
    known = attempts.outcomes(db, plan.id)
    states = {known[part.attempt].state for part in plan.refunds if part.attempt is not None}
    if states & {AttemptState.ASKED, AttemptState.UNKNOWN}:
        return plan
    if states - {AttemptState.PAID}:
        return None
    db.execute("DELETE FROM return_begun WHERE id = ?", (plan.id.bytes,))
    stand = replace(desk.stand, shift=plan.shift, cashier=plan.cashier or desk.cashier)
    return _returned(making.make(db, replace(desk, stand=stand), plan))


def _cash_if_refused(part: RefundPart, known: Mapping[UUID, PaymentOutcome]) -> RefundPart:
    state = known[part.attempt].state if part.attempt is not None else AttemptState.PAID
    if state in (AttemptState.REFUSED, AttemptState.CANCELLED):
        return RefundPart(method=TenderKind.CASH, minor=part.minor, of_tender=part.of_tender)
    return part


def _store(db: sqlite3.Connection, desk: Desk, plan: ReturnPlan) -> None:
    db.execute(
        "INSERT OR REPLACE INTO return_begun (id, till, content) VALUES (?, ?, ?)",
        (plan.id.bytes, desk.till, msgspec.json.encode(plan)),
    )


def _returned(event: SaleReturned) -> Returned:
    return Returned(
        id=event.id,
        receipt=f"{event.receipt.series}-{event.receipt.number:06d}",
        total_minor=event.total_minor,
        tenders=tuple(event.tenders),
        original=event.original,
    )
