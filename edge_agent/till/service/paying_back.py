"""Paying stored value back: a top-up undone after HQ took it back, a returned card paid out after HQ approved it."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import replace
from uuid import UUID

from msgspec import structs

from edge_agent.failpoints import reached
from edge_agent.record.receipts import receipt_text
from edge_agent.till import attempts
from edge_agent.till.asks import Approver
from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.facts import stamped
from edge_agent.till.numbering import receipt_for
from edge_agent.till.ports import AttemptState, PaymentAttempt, PaymentOutcome
from edge_agent.till.returning.finding import row_for
from edge_agent.till.returning.plan import RefundPart
from edge_agent.till.service import plans
from edge_agent.till.service.plans import UndoPlan
from edge_agent.till.service.results import UndoForeseen, UndoLeft, ValueBackNow
from edge_agent.till.service.selling import event_of, require_free
from edge_agent.till.shifts import ledger
from edge_agent.till.staff.approving import approved, chosen
from shared.wire.desk_asks import CardReturnTaken
from shared.wire.events import Receipt, Tender, TenderKind, ValuePaidBack, ValueSold
from shared.wire.policies import Approval
from shared.wire.value_events import ValueBackReason


def begin_undo(db: sqlite3.Connection, desk: Desk, text: str, reason: str, approver: Approver | None) -> UndoPlan:
    """Plan to undo a top-up of this store, or go on with one begun before. It is on the disk before HQ is asked."""
    require_free(db, desk)
    sold = _top_up(db, desk, text)
    begun = _begun(db, sold)
    if begun is not None:
        return begun if not begun.left else _taken_up(db, desk, begun, approver)
    receipt = _receipt(sold)
    if plans.is_paid_back(db, sold.id):
        raise Refusal("value_paid_back", receipt)
    by = approved(desk, Approval.UNDO_TOP_UP, approver)
    why = chosen(reason, desk.policies.void_reasons)
    plan = UndoPlan(
        id=desk.mint(), sold=sold.id, receipt=receipt, minor=sold.total_minor, refunds=_refunds(sold),
        reason=why, approved_by=by, shift=desk.stand.shift, till=desk.till,
        cashier=desk.cashier,
    )  # fmt: skip
    plans.store(db, desk.till, plan)
    return plan


def _taken_up(db: sqlite3.Connection, desk: Desk, plan: UndoPlan, approver: Approver | None) -> UndoPlan:
    """Go on, under the same id, with what somebody let be: approved anew, by whoever stands here now."""
    by = approved(desk, Approval.UNDO_TOP_UP, approver)
    plan = structs.replace(
        plan, left=False, approved_by=by, shift=desk.stand.shift, till=desk.till, cashier=desk.cashier
    )
    plans.store(db, desk.till, plan)
    return plan


def note_taken(db: sqlite3.Connection, desk: Desk, key: UUID, approver: Approver | None) -> UndoPlan:
    """Believe a supervisor that HQ has taken the value back, though its answer never came.

    Should HQ not have it, it takes the value when the money's event comes: what is spent by then is the purse's debt.
    """
    plan = require_plan(db, key)
    by = approved(desk, Approval.UNDO_TOP_UP, approver)
    plan = structs.replace(plan, taken=True, approved_by=by or plan.approved_by)
    plans.store(db, desk.till, plan)
    return plan


def leave(db: sqlite3.Connection, desk: Desk, text: str, approver: Approver | None) -> UndoLeft:
    """Let an undoing be that HQ has not answered, because somebody knows that it took nothing back."""
    plan = _begun(db, _top_up(db, desk, text))
    if plan is None or plan.taken:
        raise Refusal("value_undo_taken" if plan else "no_such_payment", text)
    approved(desk, Approval.UNDO_TOP_UP, approver)
    plans.store(db, desk.till, structs.replace(plan, left=True))
    return UndoLeft(plan.receipt)


def foresee(db: sqlite3.Connection, desk: Desk, text: str) -> UndoForeseen:
    """Say what undoing a top-up of this store would hand back, before anything is begun; or refuse as that would."""
    require_free(db, desk)
    sold = _top_up(db, desk, text)
    receipt = _receipt(sold)
    if plans.is_paid_back(db, sold.id):
        raise Refusal("value_paid_back", receipt)
    begun = _begun(db, sold)
    refunds = tuple(begun.refunds if begun is not None else _refunds(sold))
    return UndoForeseen(
        receipt=receipt, minor=sold.total_minor, gift_minor=sold.gift_minor, refunds=refunds,
        taken=begun is not None and begun.taken,
    )  # fmt: skip


def _top_up(db: sqlite3.Connection, desk: Desk, text: str) -> ValueSold:
    row = row_for(db, desk, text)
    sold = event_of(db, row.event)
    if sold is None:
        raise Refusal("not_a_top_up", row.text)
    return sold


def _receipt(sold: ValueSold) -> str:
    return receipt_text(sold.receipt.series, sold.receipt.number)


def _begun(db: sqlite3.Connection, sold: ValueSold) -> UndoPlan | None:
    return next((one for one in plans.of_store(db) if isinstance(one, UndoPlan) and one.sold == sold.id), None)


def pay_back(
    db: sqlite3.Connection, desk: Desk, key: UUID, gateways: Collection[TenderKind]
) -> ValueBackNow | UndoPlan:
    """HQ has taken the value back: pay at once, unless a payment service has to move money first."""
    plan = require_plan(db, key)
    known = attempts.outcomes(db, plan.id)
    parts = [_asked(db, desk, plan, part) if _by_gateway(part, gateways, known) else part for part in plan.refunds]
    plan = structs.replace(plan, refunds=parts, taken=True)
    plans.store(db, desk.till, plan)
    done = _if_moved(db, desk, plan)
    return plan if done is None else done


def in_cash(db: sqlite3.Connection, desk: Desk, key: UUID, approver: Approver | None) -> ValueBackNow:
    """Pay in cash what a payment service refused to give back."""
    plan = require_plan(db, key)
    known = attempts.outcomes(db, plan.id)
    approved(desk, Approval.REFUND_IN_CASH, approver)
    parts = [
        RefundPart(method=TenderKind.CASH, minor=part.minor, of_tender=part.of_tender) if _failed(part, known) else part
        for part in plan.refunds
    ]
    done = _if_moved(db, desk, structs.replace(plan, refunds=parts))
    if done is None:
        raise Refusal("value_undo_waits", plan.receipt)
    return done


def settle(db: sqlite3.Connection, desk: Desk, attempt: PaymentAttempt, outcome: PaymentOutcome) -> ValueBackNow | None:
    """Keep a payment service's answer to a refund; with the last one it is paid back. None while it is not."""
    if attempts.find_unresolved(db, attempt.id) is not None:
        attempts.note(db, attempt.id, outcome)
    plan = plans.find(db, attempt.basket)
    return _if_moved(db, desk, plan) if isinstance(plan, UndoPlan) else None


def is_refused(db: sqlite3.Connection, key: UUID) -> bool:
    """Tell whether a payment service has refused to give some of it back."""
    plan, known = plans.find(db, key), attempts.outcomes(db, key)
    return isinstance(plan, UndoPlan) and any(_failed(part, known) for part in plan.refunds)


def pay_out(db: sqlite3.Connection, desk: Desk, due: CardReturnTaken, approver: Approver | None) -> ValueBackNow:
    """Pay a returned card out in cash, once in this store for one application.

    What should be in the drawer limits nothing: a refusal would tell whoever counts blindly (see `ledger.move_cash`).
    """
    require_free(db, desk)
    if plans.is_paid_back(db, due.application):
        raise Refusal("value_paid_back")
    if due.minor < 1:
        raise Refusal("value_nothing_due")
    by = approved(desk, Approval.PAY_OUT_VALUE, approver)
    fields = {"id": desk.mint(), "why": ValueBackReason.CARD_RETURN, "of": due.application, "approved_by": by}
    tenders = [Tender(method=TenderKind.CASH, minor=due.minor)]
    return _made(db, desk, tenders, due.minor, **fields)


def require_plan(db: sqlite3.Connection, key: UUID) -> UndoPlan:
    """Return an undoing that is under way, or refuse."""
    plan = plans.find(db, key)
    if not isinstance(plan, UndoPlan):
        raise Refusal("no_such_payment", str(key))
    return plan


def _refunds(sold: ValueSold) -> list[RefundPart]:
    return [
        RefundPart(
            method=tender.method, minor=tender.minor, of_tender=n,
            pays_back=tender.reference if tender.attempt is not None else "",
        )
        for n, tender in enumerate(sold.tenders, start=1)
    ]  # fmt: skip


def _by_gateway(part: RefundPart, gateways: Collection[TenderKind], known: dict[UUID, PaymentOutcome]) -> bool:
    """Tell whether a payment service has to be asked: for the first time, or anew after it said no."""
    new = part.attempt is None or _failed(part, known)
    return bool(part.pays_back) and part.method in gateways and new


def _asked(db: sqlite3.Connection, desk: Desk, plan: UndoPlan, part: RefundPart) -> RefundPart:
    attempt = PaymentAttempt(
        desk.mint(), plan.id, desk.till, part.method, part.minor, desk.clocks.business.now_ms(),
        shift=plan.shift, cashier=plan.cashier, pays_back=part.pays_back,
    )  # fmt: skip
    attempts.store(db, attempt)
    return structs.replace(part, attempt=attempt.id)


def _failed(part: RefundPart, known: dict[UUID, PaymentOutcome]) -> bool:
    found = known.get(part.attempt) if part.attempt is not None else None
    return found is not None and found.state in (AttemptState.REFUSED, AttemptState.CANCELLED)


def _if_moved(db: sqlite3.Connection, desk: Desk, plan: UndoPlan) -> ValueBackNow | None:
    known = attempts.outcomes(db, plan.id)
    states = {known[part.attempt].state for part in plan.refunds if part.attempt is not None}
    if states - {AttemptState.PAID}:
        return None
    tenders = [
        Tender(method=part.method, minor=part.minor, reference=part.pays_back, attempt=part.attempt)
        for part in plan.refunds
    ]
    if not any(part.method is TenderKind.CASH for part in plan.refunds):
        # What a service moves belongs to whoever asked for it, however late; cash leaves the drawer that is open now.
        desk = replace(desk, stand=replace(desk.stand, shift=plan.shift, cashier=plan.cashier or desk.cashier))
    fields = {
        "id": plan.id, "why": ValueBackReason.UNDO, "of": plan.sold, "reason": plan.reason,
        "approved_by": plan.approved_by,
    }  # fmt: skip
    plans.forget(db, plan.id)
    return _made(db, desk, tenders, plan.minor, **fields)


def _made(db: sqlite3.Connection, desk: Desk, tenders: list[Tender], minor: int, **fields: object) -> ValueBackNow:
    settings, stamp = desk.settings(), stamped(db, desk)
    stamp |= {"business_date": ledger.business_date(db, desk, stamp["at_ms"]), **fields}

    def back(receipt: Receipt) -> ValuePaidBack:
        return ValuePaidBack(
            **stamp, receipt=receipt, tenders=tenders, currency=settings.currency, exponent=settings.exponent,
            total_minor=minor,
        )  # fmt: skip

    event = receipt_for(db, desk, back)
    plans.note_paid_back(db, event.of, event.id)
    ledger.note_late(db, desk, event)
    reached("value_back.in_transaction")
    return ValueBackNow(
        id=event.id, receipt=receipt_text(event.receipt.series, event.receipt.number), minor=minor,
        tenders=tuple(tenders),
    )  # fmt: skip
