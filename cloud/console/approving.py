"""Where a draft stands with its second person: who wrote it, who may approve it, and what they said."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sqlmodel import Session, col, func, select

from cloud.identity import people
from cloud.identity.people import RIGHTS, Right, Role
from cloud.prices import approvals
from cloud.prices.drafts import ASKED, draft_changes, writers_of
from cloud.prices.models import PriceDraft
from cloud.promotions import plans
from cloud.promotions.models import PlanStatus, PromotionPlan


@dataclass(frozen=True, kw_only=True)
class Approving:
    """A draft and its second person; moments are wall time in milliseconds."""

    needed: bool
    """A second person is asked in this chain."""
    ready: bool
    """It makes sense, so that somebody can agree to it."""
    writers: Collection[str] = ()
    may: list[str] = field(default_factory=list)
    """Who may approve it, by name."""
    asked_ms: int | None = None
    asked_by: str = ""
    asked_note: str = ""
    returned_ms: int | None = None
    returned_by: str = ""
    returned_why: str = ""
    approved_ms: int | None = None
    approved_by: str = ""
    seen: str = ""
    """The digest of what the page shows: agreeing to it is agreeing to exactly that."""

    @property
    def is_approved(self) -> bool:
        """Whether somebody agreed to it as it is."""
        return bool(self.approved_by)

    @property
    def may_go(self) -> bool:
        """Whether it may be published as far as a second person is concerned."""
        return not self.needed or self.is_approved


def of_plan(session: Session, plan: PromotionPlan, *, ready: bool) -> Approving:
    """Return where a planned promotion stands."""
    writers = plans.writers_of(plan)
    return Approving(
        needed=approvals.needs_second_person(session), ready=ready, writers=writers, may=_may(session, writers),
        asked_ms=plan.asked_ms, asked_by=plan.asked_by, asked_note=plan.asked_note, returned_ms=plan.returned_ms,
        returned_by=plan.returned_by, returned_why=plan.returned_why, approved_ms=plan.approved_ms,
        approved_by=plan.approved_by if plan.status == PlanStatus.APPROVED else "", seen=plans.digest(plan),
    )  # fmt: skip


def of_draft(session: Session, draft: PriceDraft, *, ready: bool) -> Approving:
    """Return where a price change stands."""
    needed, writers = approvals.needs_second_person(session), writers_of(draft)
    given = approvals.approval_of(session, draft.id)
    by_person = given if given is not None and not given.by_rule else None
    seen = approvals.digest_of(draft_changes(session, draft.id)) if needed and draft.status == "draft" else ""
    return Approving(
        needed=needed, ready=ready, writers=writers, may=_may(session, writers), asked_ms=draft.asked_ms,
        asked_by=draft.asked_by, asked_note=draft.asked_note, returned_ms=draft.returned_ms,
        returned_by=draft.returned_by, returned_why=draft.returned_why,
        approved_ms=by_person.approved_ms if by_person else None,
        approved_by=by_person.approved_by if by_person else "", seen=seen,
    )  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """How many drafts wait for a second person, and where to find them."""

    count: int
    href: str


def waiting(session: Session) -> Asked | None:
    """Return what waits for a second person's approval; None where nothing does, or nobody is asked."""
    if not approvals.needs_second_person(session):
        return None
    promotions = session.exec(
        select(func.count()).select_from(PromotionPlan).where(col(PromotionPlan.status) == PlanStatus.ASKED)
    ).one()
    changes = session.exec(select(func.count()).select_from(PriceDraft).where(*ASKED)).one()
    if not promotions and not changes:
        return None
    return Asked(promotions + changes, "/promotions?status=asked" if promotions else "/prices/changes?status=asked")


def _may(session: Session, writers: Collection[str]) -> list[str]:
    able = (one.name for one in people.everybody(session) if Right.APPROVE in RIGHTS[Role(one.role)])
    return [name for name in able if f"person:{name}" not in writers]
