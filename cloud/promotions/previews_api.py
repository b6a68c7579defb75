"""Trying a price change on real baskets over HTTP: asked for, watched, cancelled; what came out of it."""

from __future__ import annotations

import os
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, status
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session

from cloud.api.services import Here, Services
from cloud.errors import Conflict, NotFound
from cloud.identity.tokens import TokenHolder
from cloud.prices.api import MayRead, MayWrite
from cloud.prices.approvals import digest_of
from cloud.prices.drafts import draft_changes, get_draft
from cloud.prices.publish import Act
from cloud.promotions import previewing
from cloud.promotions.models import PreviewStatus, PromotionPreview
from shared.ids import UuidMint

router = APIRouter(prefix="/api/v1/prices/drafts/{draft}/previews", tags=["prices"])

WEEKS = 4
"""How far back a try looks unless it is told."""


class NewPreview(BaseModel):
    """A try to make. Asked again with the same id it is the same try."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = None
    weeks: int = Field(default=WEEKS, ge=1, le=previewing.MOST_WEEKS)


class FailureView(BaseModel):
    """A sale on which the engine fails, and why; it is in none of the figures."""

    sale: str
    store: str
    reason: str


class LineView(BaseModel):
    """A line of an example, before and after; `reasons` are (reason, promotion, amount) of what comes off after."""

    item: str
    names: dict[str, str]
    quantity: int
    unit: str
    gross_minor: int
    before_minor: int
    after_minor: int
    reasons: list[tuple[str, str, int]]


class ExampleView(BaseModel):
    """A receipt as it was, and as it would have been."""

    sale: str
    store: str
    before_minor: int
    after_minor: int
    lines: list[LineView]


class DisplacedView(BaseModel):
    """Baskets in which a promotion gives less than before, and how much less."""

    baskets: int
    minor: int


class PreviewResult(BaseModel):
    """What a try found, over the whole time looked at, amounts in minor units.

    `unpriced` are baskets of another book or a newer engine; costs and margins are of goods whose cost is known,
    which are `costed_lines` of all `lines`.
    """

    baskets: int
    touched: int
    unpriced: int
    failed: int
    failures: list[FailureView]
    before_minor: int
    after_minor: int
    costed_before_minor: int
    costed_after_minor: int
    cost_minor: int
    lines: int
    costed_lines: int
    below_cost: int
    below_cost_items: dict[str, int]
    below_floor: int
    below_floor_items: dict[str, int]
    held_back: int
    held_back_minor: int
    item_names: dict[str, dict[str, str]]
    displaced: dict[str, DisplacedView]
    examples: list[ExampleView]


class PreviewView(BaseModel):
    """A try and how far it is; `current` says whether it is about what the draft changes now."""

    id: str
    draft: str
    status: PreviewStatus
    weeks: int
    targets: list[str]
    asked_by: str
    asked_ms: int
    finished_ms: int | None
    done: int
    total: int
    problem: str
    current: bool
    result: PreviewResult | None

    @classmethod
    def of(cls, row: PromotionPreview, digest: str) -> PreviewView:
        """Return what the API says of a try of a draft whose content has this digest now."""
        tally = previewing.tally_of(row)
        found = None if tally is None else PreviewResult.model_validate(msgspec.to_builtins(tally))
        return cls(
            id=row.id, draft=row.draft_id or "", status=PreviewStatus(row.status), weeks=row.weeks,
            targets=row.targets.split(), asked_by=row.asked_by, asked_ms=row.asked_ms, finished_ms=row.finished_ms,
            done=row.done, total=row.total, problem=row.problem, current=row.digest == digest, result=found,
        )  # fmt: skip


@router.post("", status_code=status.HTTP_202_ACCEPTED)
def ask_for_preview(services: Here, who: MayWrite, draft: str, body: NewPreview) -> PreviewView:
    """Ask for the last weeks' sales of the draft's stores to be priced again with it. It ends a try still at work."""
    act = _act(services, who)
    with services.database.session() as session:
        digest = _digest(session, draft)
        known = None if body.id is None else session.get(PromotionPreview, str(body.id))
        if known is not None and (known.draft_id, known.weeks) != (draft, body.weeks):
            raise Conflict(f"preview {body.id} exists for another draft or another number of weeks")
        if known is None:
            id_ = body.id or UuidMint(services.clocks.machine.wall_ms, os.urandom)()
            known = previewing.ask_prices(session, id_, draft, body.weeks, act)
        return PreviewView.of(known, digest)


@router.get("")
def list_previews(
    services: Here, _: MayRead, draft: str, limit: Annotated[int, Query(ge=1, le=100)] = 5
) -> list[PreviewView]:
    """Return the newest tries of a draft, newest first."""
    with services.database.snapshot() as session:
        digest = _digest(session, draft)
        return [PreviewView.of(one, digest) for one in previewing.newest(session, draft, limit)]


@router.get("/{preview}")
def get_preview(services: Here, _: MayRead, draft: str, preview: str) -> PreviewView:
    """Return a try: how far it is, and what it found once it is done."""
    with services.database.snapshot() as session:
        return PreviewView.of(_find(session, draft, preview), _digest(session, draft))


@router.post("/{preview}/cancel")
def cancel_preview(services: Here, who: MayWrite, draft: str, preview: str) -> PreviewView:
    """End a try that is not finished; one that is stays as it is."""
    with services.database.session() as session:
        _find(session, draft, preview)
        previewing.cancel(session, preview, _act(services, who))
        session.expire_all()
        return PreviewView.of(_find(session, draft, preview), _digest(session, draft))


def _find(session: Session, draft: str, preview: str) -> PromotionPreview:
    found = session.get(PromotionPreview, preview)
    if found is None or found.draft_id != draft:
        raise NotFound(f"draft {draft} has no preview {preview}")
    return found


def _digest(session: Session, draft: str) -> str:
    get_draft(session, draft)
    return digest_of(draft_changes(session, draft))


def _act(services: Services, who: TokenHolder) -> Act:
    clocks = services.clocks
    return Act(actor=who.actor, now_ms=clocks.business.now_ms(), wall_ms=clocks.machine.wall_ms())
