"""The pages of members: who they are, one of them, people here twice, odd points."""

from __future__ import annotations

import os
from functools import partial
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, func, select

from cloud.api.services import Here, Services
from cloud.console import member_life, member_tables, member_words
from cloud.errors import Invalid, Refused
from cloud.identity.people import Right
from cloud.loyalty.member_tier import tier_of
from cloud.member_lifecycle import care_pages, merging
from cloud.members import (
    blocks,
    changing,
    duplicates,
    revealing,
    searching,
    watching,
)
from cloud.members.care_models import DuplicatePair, MemberMerge, ReviewCase
from cloud.members.home_days import HomeDays
from cloud.members.models import ACTIVE, Member
from cloud.members.profile import PROFILE
from cloud.org.stores import house_money
from cloud.web.doing import done
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of
from shared.ids import UuidMint

router = APIRouter(prefix="/members", include_in_schema=False)
router.include_router(care_pages.router)

MayRead = Annotated[Posted, Depends(form_by(Right.READ))]
MayDecide = Annotated[Posted, Depends(form_by(Right.VALUE))]
MayReveal = Annotated[Posted, Depends(form_by(Right.PERSONAL))]
_MOST = 50


@router.get("")
def members(request: Request, services: Here) -> Response:
    """Who are our members?"""
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        count = select(func.count()).select_from(Member).where(col(Member.status) == ACTIVE)
        return {"table": member_tables.listing(language), "active": session.exec(count).one()}

    return listed(request, services, "members", read)


@router.post("/find")
def find(request: Request, services: Here, posted: MayRead) -> Response:
    """Find a member by card, phone, its last four, e-mail or name. What was typed stands in no address."""
    wanted = posted.get("q")

    def read(session: Session, _now_ms: int) -> Context:
        ids = searching.find(session, services.vault, wanted, _MOST)
        rows = session.exec(select(Member).where(col(Member.id).in_(ids)).order_by(col(Member.id))).all()
        return {"found": rows, "words": member_words}

    return page(request, services, "members_found", read)


@router.get("/duplicates")
def duplicate_pairs(request: Request, services: Here, refused: str = "") -> Response:
    """Who may be here twice?"""

    def read(session: Session, now_ms: int) -> Context:
        pairs = session.exec(
            select(DuplicatePair)
            .where(DuplicatePair.status == duplicates.OPEN)
            .order_by(col(DuplicatePair.found_ms).desc(), col(DuplicatePair.first_id))
            .limit(_MOST)
        ).all()
        waiting = select(func.count()).select_from(DuplicatePair).where(col(DuplicatePair.status) == duplicates.OPEN)
        merges = session.exec(select(MemberMerge).order_by(col(MemberMerge.at_ms).desc()).limit(20)).all()
        ids = {one for pair in pairs for one in (pair.first_id, pair.second_id)}
        people = {row.id: row for row in session.exec(select(Member).where(col(Member.id).in_(ids)))}
        return {
            "pairs": [(pair, people[pair.first_id], people[pair.second_id]) for pair in pairs],
            "waiting": session.exec(waiting).one(),
            "merges": merges,
            "now_ms": now_ms,
            **_said(refused),
        }

    return page(request, services, "member_duplicates", read)


@router.post("/duplicates/decide")
def decide_pair(services: Here, posted: MayDecide) -> Response:
    """Make two members one, or note that they are different people."""
    first, second = _id(posted.get("first")), _id(posted.get("second"))
    keep, gone = (second, first) if posted.get("keep") == str(second) else (first, second)
    actor = posted.who.actor

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        if posted.get("as") == "different":
            duplicates.decide(session, first, second, status=duplicates.DIFFERENT, actor=actor, now_ms=now_ms)
        else:
            merging.merge(
                session, services.vault, _mint(services), keep, gone,
                reason=posted.get("reason"), actor=actor, commit_no=commit_no, now_ms=now_ms,
            )  # fmt: skip

    return done(services, "/members/duplicates", act)


@router.post("/duplicates/undo")
def undo_merge(services: Here, posted: MayDecide) -> Response:
    """Take two members apart again."""

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        merging.undo(
            session, services.vault, _id(posted.get("merge")),
            actor=posted.who.actor, commit_no=commit_no, now_ms=now_ms,
        )  # fmt: skip

    return done(services, "/members/duplicates", act)


@router.get("/reviews")
def reviews(request: Request, services: Here, refused: str = "") -> Response:
    """Which points look odd?"""

    def read(session: Session, _now_ms: int) -> Context:
        order = (col(ReviewCase.day).desc(), col(ReviewCase.found).desc(), col(ReviewCase.id))
        waiting = select(ReviewCase).where(ReviewCase.status == watching.OPEN).order_by(*order).limit(_MOST)
        decided = select(ReviewCase).where(ReviewCase.status != watching.OPEN).order_by(*order).limit(20)
        cases, closed = session.exec(waiting).all(), session.exec(decided).all()
        return {
            "open": watching.open_cases(session),
            "cases": cases,
            "decided": closed,
            "elsewhere": watching.receipts_elsewhere(session, (*cases, *closed)),
            "exponent": house_money(session)[1],
            **_said(refused),
        }

    return page(request, services, "member_reviews", read)


@router.post("/reviews/decide")
def decide_case(services: Here, posted: MayDecide) -> Response:
    """Close a case."""

    def act(session: Session, _commit_no: int, now_ms: int) -> None:
        watching.decide(
            session, _id(posted.get("case")), status=posted.get("as"), note=posted.get("reason"),
            actor=posted.who.actor, now_ms=now_ms,
        )  # fmt: skip

    return done(services, "/members/reviews", act)


@router.get("/{member:uuid}")
def member(request: Request, services: Here, member: UUID, refused: str = "") -> Response:
    """Who is this member, how do they stand, what happened?"""
    return _member(request, services, member, refused=refused)


@router.post("/{member}/reveal")
def reveal(request: Request, services: Here, posted: MayReveal, member: UUID) -> Response:
    """Show what is personal, for a reason that is kept."""
    now_ms = services.clocks.machine.wall_ms()
    try:
        with services.database.session() as session:
            shown = revealing.reveal(
                session, services.vault, member, posted.all("field") or list(PROFILE),
                reason=posted.get("reason"), actor=posted.who.actor, now_ms=now_ms,
            )  # fmt: skip
    except Invalid:
        return RedirectResponse(f"/members/{member}?refused=reason", HTTPStatus.SEE_OTHER)
    return _member(request, services, member, revealed=shown)


@router.post("/{member}/block")
def block(services: Here, posted: MayDecide, member: UUID) -> Response:
    """Block a member from something, or lift that."""
    at_ms = services.clocks.business.now_ms()
    act = partial(blocks.put, since_ms=at_ms)
    if posted.get("as") == "lift":
        act = partial(blocks.lift, until_ms=at_ms)
    kind, reason, actor = posted.get("kind"), posted.get("reason"), posted.who.actor

    def change(session: Session, commit_no: int, now_ms: int) -> None:
        act(session, member, kind, reason=reason, actor=actor, commit_no=commit_no, now_ms=now_ms)

    return done(services, f"/members/{member}", change)


@router.post("/{member}/family")
def family(services: Here, posted: MayDecide, member: UUID) -> Response:
    """Put a member into one family with somebody found by what was typed, or take them out of theirs."""
    reason, actor = posted.get("reason").strip()[:500], posted.who.actor

    def change(session: Session, _commit_no: int, now_ms: int) -> None:
        if not reason:
            raise Refused("reason", "say why")
        if posted.get("as") == "leave":
            changing.leave_family(session, member, actor=actor, now_ms=now_ms, reason=reason)
            return
        others = [one for one in searching.find(session, services.vault, posted.get("q"), _MOST) if one != member]
        if len(others) != 1:
            raise Refused("several_fit" if others else "nobody_fits", "a family is joined by exactly one other member")
        changing.join_family(session, member, others[0], actor=actor, now_ms=now_ms, reason=reason)

    return done(services, f"/members/{member}", change)


def _member(
    request: Request, services: Services, member_id: UUID, *, refused: str = "", revealed: dict[str, str] | None = None
) -> Response:
    language, business_ms = language_of(request), services.clocks.business.now_ms()

    def read(session: Session, _now_ms: int) -> Context:
        it, today = member_life.member_page(session, member_id, business_ms), HomeDays(business_ms)
        return {
            "it": it,
            "profile": PROFILE,
            "revealed": revealed or {},
            "tier": tier_of(session, member_id, today, language, house_money(session)),
            **_said(refused),
        }

    return page(request, services, "member", read)


def _said(refused: str) -> Context:
    text = member_words.REFUSALS.get(refused, member_words.ELSE_REFUSED) if refused else ""
    return {"words": member_words, "refused": text}


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("this form is incomplete: load the page again") from None


def _mint(services: Services) -> UuidMint:
    return UuidMint(services.clocks.machine.wall_ms, os.urandom)
