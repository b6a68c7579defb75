"""A second person on a promotion: it is sent to them as it is, and they approve it, or send it back and say why."""

from __future__ import annotations

from sqlmodel import Session

from cloud.prices import approvals
from cloud.prices.publish import Act
from cloud.promotions.models import PlanStatus, PromotionPlan
from cloud.promotions.plans import check_seen, note, open_plan, promotion_of, writers_of


def send(session: Session, plan_id: str, act: Act, exponent: int, *, seen: str = "") -> PromotionPlan:
    """Send a plan to a second person, who is told the act's reason. Raise PriceRefusal while it makes no sense yet."""
    plan = open_plan(session, plan_id)
    check_seen(plan, seen)
    promotion_of(plan, exponent)
    if plan.status != PlanStatus.DRAFT:
        return plan
    plan.status, plan.asked_by, plan.asked_ms, plan.asked_note = PlanStatus.ASKED, act.actor, act.wall_ms, act.reason
    plan.returned_by, plan.returned_ms, plan.returned_why = "", None, ""
    session.add(plan)
    note(session, act, "promotions.ask", plan)
    session.flush()
    return plan


def approve(session: Session, plan_id: str, act: Act, exponent: int, *, seen: str = "") -> PromotionPlan:
    """Agree to exactly what a plan says now.

    Raise PriceRefusal for whoever wrote something of it, for what makes no sense yet, and where it is not what they
    read (`seen`).
    """
    plan = open_plan(session, plan_id)
    approvals.refuse_author(act.actor, writers_of(plan))
    check_seen(plan, seen)
    promotion_of(plan, exponent)
    plan.status, plan.approved_by, plan.approved_ms = PlanStatus.APPROVED, act.actor, act.wall_ms
    plan.returned_by, plan.returned_ms, plan.returned_why = "", None, ""
    session.add(plan)
    note(session, act, "promotions.approve", plan)
    session.flush()
    return plan


def send_back(session: Session, plan_id: str, act: Act) -> PromotionPlan:
    """Refuse a plan that was sent, or take back what was approved of it: it is a draft again, and says why.

    Raise PriceRefusal without a reason, and for what nobody sent.
    """
    plan = open_plan(session, plan_id)
    approvals.check_returned(act.reason, sent=plan.status != PlanStatus.DRAFT)
    plan.status, plan.approved_by, plan.approved_ms, plan.asked_ms = PlanStatus.DRAFT, "", None, None
    plan.returned_by, plan.returned_ms, plan.returned_why = act.actor, act.wall_ms, act.reason
    session.add(plan)
    note(session, act, "promotions.send_back", plan)
    session.flush()
    return plan
