"""Approval in place: who may do what, and who stood in for whom."""

from __future__ import annotations

from collections.abc import Sequence

from edge_agent.till.asks import ApprovalAsked, Approver, ReasonAsked
from edge_agent.till.desk import Desk, Refusal
from shared.wire.policies import Approval, Reason


def approved(desk: Desk, what: Approval, approver: Approver | None) -> str:
    """Return who approved it: somebody else, the cashier by their own role, or '' where nobody has to. Or refuse."""
    need = desk.policies.needs(what)
    if approver is not None:
        if need is not None and not approver.role.covers(need):
            raise Refusal("approval_too_low", need, ApprovalAsked(what, need, desk.cashier))
        return approver.code
    if need is None:
        return ""
    if desk.stand.role is not None and desk.stand.role.covers(need):
        return desk.cashier
    raise Refusal("approval_needed", what, ApprovalAsked(what, need, desk.cashier))


def chosen(reason: str, known: Sequence[Reason]) -> str:
    """Return a reason that is on the store's list; without a list any will do, and none."""
    if known and reason not in {one.code for one in known}:
        raise Refusal("reason_needed", reason[:64], ReasonAsked(tuple(known)))
    return reason[:64]
