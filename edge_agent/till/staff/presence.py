"""Coming to a till, leaving it, locking it."""

from __future__ import annotations

import sqlite3

from edge_agent.till import baskets, stand
from edge_agent.till.asks import Approver
from edge_agent.till.desk import Desk, Refusal
from edge_agent.till.facts import record, stamped
from edge_agent.till.results import SignedIn, SignedOut
from edge_agent.till.staff import pins
from edge_agent.till.staff.approving import approved
from edge_agent.till.stand import PRACTICE_MARK, StandState
from shared.wire.policies import Approval, StaffMember
from shared.wire.till_events import StaffActed, StaffAction


def sign_in(db: sqlite3.Connection, desk: Desk, member: StaffMember, approver: Approver | None) -> SignedIn:
    """Let somebody work here whose PIN or card was right; their own locked till is unlocked by it."""
    now = stand.read(db, _real(desk))
    if now.state is not StandState.OUT and now.staff not in ("", member.code):
        _take_over(desk, member, approver)
    same = now.staff == member.code and now.state is not StandState.OUT
    at_ms = desk.clocks.business.now_ms()
    stand.put_staff(db, _real(desk), StandState.IN, member.code, now.since_ms if same else at_ms)
    action = StaffAction.UNLOCK if same else StaffAction.SIGN_IN
    _note(db, desk, action, member, approver.code if approver else "")
    return SignedIn(member.code, member.name, member.role, now.since_ms if same else at_ms)


def _take_over(desk: Desk, member: StaffMember, approver: Approver | None) -> None:
    need = desk.policies.needs(Approval.TAKE_OVER)
    if need is not None and not member.role.covers(need):
        if approver is None:
            raise Refusal("taken_by_other", desk.cashier)
        approved(desk, Approval.TAKE_OVER, approver)


def sign_out(db: sqlite3.Connection, desk: Desk) -> SignedOut:
    """Leave the till. A basket has to be paid, held or voided first; a shift stays open."""
    if baskets.load_open(db, desk.till) is not None:
        raise Refusal("basket_first")
    return _leave(db, desk, StandState.OUT, StaffAction.SIGN_OUT)


def lock(db: sqlite3.Connection, desk: Desk) -> SignedOut:
    """Lock the till as it stands, basket and all, until the same person is back."""
    return _leave(db, desk, StandState.LOCKED, StaffAction.LOCK)


def take_break(db: sqlite3.Connection, desk: Desk) -> SignedOut:
    """Close the till for a break: locked, and shown as on a break."""
    if baskets.load_open(db, desk.till) is not None:
        raise Refusal("basket_first")
    return _leave(db, desk, StandState.BREAK, StaffAction.BREAK)


def free_pin(db: sqlite3.Connection, desk: Desk, staff: str, approver: Approver | None) -> SignedOut:
    """Free a PIN that was locked after too many tries."""
    by = approved(desk, Approval.FREE_PIN, approver)
    pins.forgive(db, desk, staff)
    fields = {**stamped(db, desk), "cashier": staff}
    record(db, desk, StaffActed(**fields, action=StaffAction.PIN_FREED, approved_by=by))
    return SignedOut(staff, StandState.OUT)


def practise(db: sqlite3.Connection, desk: Desk, approver: Approver | None, *, on: bool) -> SignedOut:
    """Begin or end practising: baskets and receipts of their own, and nothing of it leaves the till."""
    approved(desk, Approval.TRAINING, approver)
    if baskets.load_open(db, desk.till) is not None:
        raise Refusal("basket_first")
    stand.put_practice(db, _real(desk), practice=on)
    return SignedOut(desk.cashier, desk.stand.state)


def _leave(db: sqlite3.Connection, desk: Desk, state: StandState, action: StaffAction) -> SignedOut:
    who = desk.cashier
    row = stand.read(db, _real(desk))
    stand.put_staff(db, _real(desk), state, "" if state is StandState.OUT else row.staff, row.since_ms)
    record(db, desk, StaffActed(**stamped(db, desk), action=action, role=desk.stand.role or ""))
    return SignedOut(who, state)


def _note(db: sqlite3.Connection, desk: Desk, action: StaffAction, member: StaffMember, approver: str) -> None:
    fields = {**stamped(db, desk), "cashier": member.code}
    record(db, desk, StaffActed(**fields, action=action, role=member.role, approved_by=approver))


def _real(desk: Desk) -> str:
    """Return the till itself, also while it practises."""
    return desk.till.removesuffix(PRACTICE_MARK)
