"""What happened to a planned promotion, and what a roll-back to before it would take along."""

from __future__ import annotations

from collections.abc import Sequence

from sqlmodel import Session, col, select

from cloud.audit.models import AuditEntry
from cloud.prices.models import EntryStatus, PriceVersion, TimelineEntryRow
from cloud.promotions.models import PromotionPlan

ACTS = 12


def acts_on(session: Session, plan: PromotionPlan) -> list[AuditEntry]:
    """Return what was done to a plan, the newest first: who, when and why."""
    query = select(AuditEntry).where(
        col(AuditEntry.subject) == plan.id, col(AuditEntry.action) != "promotions.cancel_preview"
    )
    return list(session.exec(query.order_by(col(AuditEntry.id).desc()).limit(ACTS)))


def published_since(session: Session, plan: PromotionPlan, stores: Sequence[str]) -> list[PriceVersion]:
    """Return the versions that these stores got after a plan's own, oldest first: they go with a roll-back of it."""
    if plan.version is None or not stores:
        return []
    theirs = select(col(TimelineEntryRow.version)).where(
        col(TimelineEntryRow.version) > plan.version,
        col(TimelineEntryRow.store_id).in_(stores),
        col(TimelineEntryRow.status) == EntryStatus.STAGED,
    )
    query = select(PriceVersion).where(col(PriceVersion.version).in_(theirs))
    return [one for one in session.exec(query.order_by(col(PriceVersion.version))) if one.draft_id != plan.price_draft]
