"""Drafts of rules, friends brought, the leaderboard and points handed on, over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Query, status
from pydantic import BaseModel, Field
from sqlmodel import Session, col, select

from cloud.api.auth import holder_with
from cloud.api.services import Here
from cloud.database.transactions import in_transaction
from cloud.errors import Invalid
from cloud.identity.tokens import TokenHolder
from cloud.ledger.requests import Answered
from cloud.loyalty import drafting, leaderboard, transferring, trial_running
from cloud.loyalty.api import Body, today_of
from cloud.loyalty.club_models import Referral
from cloud.loyalty.draft_models import EARNING, TIERS, RuleDraft
from cloud.loyalty.tier_words import tier_words
from cloud.loyalty.words import earning_words
from cloud.members import rules as member_rules
from cloud.members.home_days import HomeDays, day_of
from shared.loyalty import EarningRule, TierRule

router = APIRouter(prefix="/api/v1/loyalty", tags=["loyalty"])

MayRead = Annotated[TokenHolder, Depends(holder_with("members:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("members:write"))]
_TYPES: dict[str, type[TierRule] | type[EarningRule]] = {TIERS: TierRule, EARNING: EarningRule}


class NewDraft(Body):
    """A rule to be tried and approved: all of its fields, as `GET /api/v1/loyalty/rules` shows them."""

    kind: Literal["tiers", "earning"]
    starts: date
    rule: dict[str, Any]


class Reasoned(Body):
    """Why it is done; it is kept in the audit log."""

    reason: str = Field(min_length=1, max_length=500)


class DraftView(BaseModel):
    """A draft, what it says in words, and what its newest trial found so far."""

    draft: UUID
    kind: str
    starts: date
    state: str
    author: str
    changed_by: str
    approved_by: str
    version: int | None
    rule: dict[str, Any]
    words: dict[str, list[str]]
    trial: dict[str, Any] | None


class Published(BaseModel):
    """The version a draft was published as, and how many members stand elsewhere at once."""

    version: int
    members: int


class PlaceView(BaseModel):
    """A place on the board, masked; equal figures share one."""

    place: int
    masked_name: str
    value: int


class BoardView(BaseModel):
    """The first places of a period."""

    by: str
    first: date
    last: date
    places: list[PlaceView]


class ReferralView(BaseModel):
    """A friend who was brought and has bought."""

    friend: UUID
    referrer: UUID
    sale: UUID
    bought_on: date
    due_on: date
    state: str
    reason: str
    points: int
    friend_points: int


class NewTransfer(Body):
    """Points to hand on. The id is the caller's: the same again is done once."""

    id: UUID
    giver: UUID
    taker: UUID
    points: int = Field(ge=1, le=10**9)


class Transferred(BaseModel):
    """What went, what the fee was, what came, and what the giver has left."""

    points: int
    fee: int
    received: int
    balance: int


@router.put("/drafts/{draft}")
def write_draft(services: Here, who: MayWrite, draft: UUID, body: NewDraft) -> DraftView:
    """Begin a draft, or write one anew: an approval falls with that."""
    now_ms, rule = services.clocks.machine.wall_ms(), _rule(body)
    with services.database.session() as session:
        drafting.begin(session, draft, rule, body.starts, actor=who.actor, now_ms=now_ms)
        row = drafting.change(session, draft, rule, body.starts, actor=who.actor, now_ms=now_ms)
        return _view(session, row)


def _rule(body: NewDraft) -> drafting.Rule:
    facts = {"version": 0, **body.rule}
    if body.kind == EARNING:
        facts["valid_from"] = body.starts.isoformat()
    try:
        return msgspec.convert(facts, _TYPES[body.kind])
    except (msgspec.ValidationError, ValueError) as error:
        raise Invalid(f"rule: {error}") from error


@router.get("/drafts/{draft}")
def read_draft(services: Here, _: MayRead, draft: UUID) -> DraftView:
    """Return a draft with its words and its newest trial."""
    with services.database.snapshot() as session:
        return _view(session, drafting.find(session, draft))


@router.post("/drafts/{draft}/trial", status_code=status.HTTP_202_ACCEPTED)
def try_draft(services: Here, who: MayWrite, draft: UUID, trial: Annotated[UUID, Query()]) -> DraftView:
    """Have tiers tried on every member as of their first day, earning on the last weeks' sales.

    `trial` is an id of the caller's.
    """
    now_ms, today = services.clocks.machine.wall_ms(), today_of(services)
    with services.database.session() as session:
        row = drafting.find(session, draft)
        trial_running.ask(session, trial, row, today=today, actor=who.actor, now_ms=now_ms)
        return _view(session, row)


@router.delete("/drafts/{draft}/trial")
def cancel_trial(services: Here, who: MayWrite, draft: UUID) -> DraftView:
    """End the trial that is under way."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        trial_running.cancel(session, draft, actor=who.actor, now_ms=now_ms)
        return _view(session, drafting.find(session, draft))


@router.post("/drafts/{draft}/approve")
def approve_draft(services: Here, who: MayWrite, draft: UUID, body: Reasoned) -> DraftView:
    """Approve what somebody else wrote: a person's, at the console, unless the chain has said that one is enough."""
    now_ms = services.clocks.machine.wall_ms()
    with services.database.session() as session:
        return _view(session, drafting.approve(session, draft, actor=who.actor, reason=body.reason, now_ms=now_ms))


@router.post("/drafts/{draft}/publish")
def publish_draft(services: Here, who: MayWrite, draft: UUID, body: Reasoned) -> Published:
    """Publish a draft that a person approved: it counts from its first day on."""
    now_ms, today = services.clocks.machine.wall_ms(), today_of(services)
    with services.database.session() as session:
        moved = drafting.publish(session, draft, actor=who.actor, reason=body.reason, today=today, now_ms=now_ms)
        return Published(version=drafting.find(session, draft).version or 0, members=moved)


@router.get("/leaderboard")
def board(services: Here, _: MayRead, back: Annotated[int, Query(ge=0, le=24)] = 0) -> BoardView:
    """Return the leaderboard of this period, or of the one so many before it."""
    with services.database.snapshot() as session:
        rule = member_rules.newest(session, member_rules.Leaderboard)
        period = leaderboard.period_of(today_of(services), rule.period, back)
        places = leaderboard.board(session, period, rule)
    shown = [PlaceView(place=one.place, masked_name=one.masked_name, value=one.value) for one in places]
    return BoardView(by=rule.by, first=period.first, last=period.last, places=shown)


@router.get("/referrals")
def referrals(
    services: Here, _: MayRead, referrer: UUID | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> list[ReferralView]:
    """Return the friends who were brought and have bought, the newest first; of one referrer where asked."""
    query = select(Referral).order_by(col(Referral.found_ms).desc(), col(Referral.friend_id)).limit(limit)
    if referrer is not None:
        query = query.where(col(Referral.referrer_id) == referrer)
    with services.database.snapshot() as session:
        return [
            ReferralView(
                friend=row.friend_id, referrer=row.referrer_id, sale=row.sale_id, bought_on=row.bought_on,
                due_on=row.due_on, state=row.state, reason=row.reason, points=row.points,
                friend_points=row.friend_points,
            )
            for row in session.exec(query)
        ]  # fmt: skip


@router.post("/transfers", status_code=status.HTTP_201_CREATED)
def transfer(services: Here, who: MayWrite, body: NewTransfer) -> Transferred:
    """Hand points from one member to another, once. Refused where the chain does not allow it."""
    now_ms, business_ms = services.clocks.machine.wall_ms(), services.clocks.business.now_ms()

    def work(session: Session) -> Answered:
        today = day_of(session, body.giver, HomeDays(business_ms))
        wanted = transferring.Transfer(
            id=body.id, giver=body.giver, taker=body.taker, points=body.points, today=today, actor=who.actor
        )
        return transferring.transfer(session, wanted, now_ms=now_ms, business_ms=business_ms)

    return Transferred(**in_transaction(services.database, work).require())


def _view(session: Session, row: RuleDraft) -> DraftView:
    rule, tried = drafting.rule_of(row), trial_running.newest(session, row.id)
    words = {
        language: tier_words(rule, language) if isinstance(rule, TierRule) else earning_words(rule, language)
        for language in ("en", "zh")
    }
    found = None
    if tried is not None:
        tally = msgspec.to_builtins((trial_running.tally_of if row.kind == TIERS else trial_running.earned_of)(tried))
        found = {"state": tried.state, "done": tried.done, "total": tried.total, "of_this_rule": tried.rule == row.rule}
        found |= tally
    return DraftView(
        draft=row.id, kind=row.kind, starts=row.starts, state=row.state, author=row.author,
        changed_by=row.changed_by, approved_by=row.approved_by, version=row.version, rule=msgspec.to_builtins(rule),
        words=words, trial=found,
    )  # fmt: skip
