"""Points reviews and coupon conflicts over HTTP: those that wait, and what somebody decides."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.coupons import conflicts
from cloud.coupons.models import CouponConflict
from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.identity.tokens import TokenHolder
from cloud.loyalty import review
from cloud.loyalty.models import PointsReview
from cloud.org.zones import house_day

router = APIRouter(prefix="/api/v1/reviews", tags=["reviews"])

MayRead = Annotated[TokenHolder, Depends(holder_with("value:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("value:write"))]
Limit = Annotated[int, Query(ge=1, le=500)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PointsView(BaseModel):
    """A sale whose till promised other points than head office gave; `granted` is null while nobody has looked.

    `returned` is set where a return took back other points than its till said; points taken back are below zero.
    `cause`: `blocked`, `no_rule`, `other_earning`, `other_tiers`, `other_content`, `not_said`, `same_rules`,
    `sale_differed` or `return`; with another version of a rule `by_till` and `by_hq` are the versions.
    """

    sale: UUID
    returned: UUID | None
    member: UUID
    store: str
    promised: int
    given: int
    granted: bool | None
    decided_by: str | None
    reason: str
    cause: str
    by_till: int
    by_hq: int


class PointsDecision(_Body):
    """`grant`: give what is missing to the promise; else head office's figure stands."""

    grant: bool
    reason: str = Field(min_length=1, max_length=500)


class ConflictView(BaseModel):
    """A sale that took a coupon off although it was not its to use; `decision` is empty while nobody has looked."""

    sale: UUID
    code: str
    store: str
    reason: str
    decision: str
    decided_by: str | None
    note: str


class ConflictDecision(_Body):
    """It `stands` (the chain bears it), or it was `misuse`."""

    decision: Literal["stands", "misuse"]
    note: str = Field(min_length=1, max_length=500)


@router.get("/points")
def list_points(services: Here, _: MayRead, limit: Limit = 100) -> list[PointsView]:
    """Return differences nobody has looked at, the oldest first."""
    query = select(PointsReview).where(col(PointsReview.decided_by).is_(None))
    with services.database.snapshot() as session:
        return [_points(row) for row in session.exec(query.order_by(col(PointsReview.noted_ms)).limit(limit))]


@router.post("/points/{event}/decision")
def decide_points(services: Here, who: MayWrite, event: UUID, body: PointsDecision) -> PointsView:
    """Decide about a sale or a return, by its id, once. Refused: `nothing_missing`, `member_gone`."""
    at_ms, now_ms = services.clocks.business.now_ms(), services.clocks.machine.wall_ms()

    def work(session: Session) -> PointsView:
        today = house_day(session, at_ms)
        return _points(
            review.decide(
                session, open_commit(session, now_ms), event, grant=body.grant, by=who.actor, reason=body.reason,
                today=today, at_ms=at_ms, now_ms=now_ms,
            )
        )  # fmt: skip

    return in_transaction(services.database, work)


@router.get("/coupons")
def list_conflicts(services: Here, _: MayRead, limit: Limit = 100) -> list[ConflictView]:
    """Return conflicts nobody has looked at, the oldest first."""
    query = select(CouponConflict).where(CouponConflict.decision == "")
    with services.database.snapshot() as session:
        return [_conflict(row) for row in session.exec(query.order_by(col(CouponConflict.at_ms)).limit(limit))]


@router.post("/coupons/{sale}/{code}/decision")
def decide_conflict(services: Here, who: MayWrite, sale: UUID, code: str, body: ConflictDecision) -> ConflictView:
    """Close a conflict, once."""
    now_ms = services.clocks.machine.wall_ms()

    def work(session: Session) -> ConflictView:
        return _conflict(
            conflicts.decide(
                session, sale, code, decision=body.decision, by=who.actor, note=body.note, now_ms=now_ms
            )
        )  # fmt: skip

    return in_transaction(services.database, work)


def _points(row: PointsReview) -> PointsView:
    return PointsView(
        sale=row.sale_id, returned=None if row.event_id == row.sale_id else row.event_id, member=row.member_id,
        store=row.store_id, promised=row.promised, given=row.computed, granted=row.granted,
        decided_by=row.decided_by, reason=row.reason, cause=row.cause, by_till=row.by_till, by_hq=row.by_hq,
    )  # fmt: skip


def _conflict(row: CouponConflict) -> ConflictView:
    return ConflictView(
        sale=row.sale_id, code=row.code, store=row.store_id, reason=row.reason, decision=row.decision,
        decided_by=row.decided_by, note=row.note,
    )  # fmt: skip
