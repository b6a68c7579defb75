"""What waits and changes the same prices: whatever takes over last counts from then on."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, func
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from cloud.prices.models import EntryStatus, PriceDraft, PriceDraftRow, PriceVersion, TimelineEntryRow

MOST = 20


@dataclass(frozen=True, slots=True)
class Overlap:
    """A published price change that waits, and how many of the same prices it changes."""

    draft: str
    title: str
    takes_over: str
    """Local wall time of its stores (ISO)."""
    count: int


def overlaps(session: Session, draft_id: str, now_ms: int) -> list[Overlap]:
    """Return the changes that wait and touch a draft's prices, by the moment they take over."""
    waiting = (
        select(PriceVersion.draft_id, func.min(col(TimelineEntryRow.activates_local)).label("local"))
        .join(TimelineEntryRow, col(TimelineEntryRow.version) == col(PriceVersion.version))
        .where(
            col(TimelineEntryRow.status) == EntryStatus.STAGED,
            col(TimelineEntryRow.activates_ms) > now_ms,
            col(PriceVersion.draft_id).is_not(None),
            col(PriceVersion.draft_id) != draft_id,
        )
        .group_by(col(PriceVersion.draft_id))
        .subquery()
    )
    mine, theirs = aliased(PriceDraftRow), aliased(PriceDraftRow)
    same = and_(mine.kind == theirs.kind, mine.scope == theirs.scope, mine.key == theirs.key)  # type: ignore[arg-type]
    query = (
        select(PriceDraft.id, PriceDraft.title, waiting.c.local, func.count())
        .join(waiting, waiting.c.draft_id == col(PriceDraft.id))
        .join(theirs, col(theirs.draft_id) == col(PriceDraft.id))
        .join(mine, and_(same, col(mine.draft_id) == draft_id))
        .group_by(col(PriceDraft.id), col(PriceDraft.title), waiting.c.local)
        .order_by(waiting.c.local, col(PriceDraft.id))
        .limit(MOST)
    )
    return [Overlap(*row) for row in session.execute(query)]
