"""What head office's desk does for a member on their page: cards, what they told us, consent, everything held, leaving.

A store's service desk does the same for whoever stands there; here it is done for who calls or writes.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Here
from cloud.database.sweeping import sweep
from cloud.errors import Invalid, NotFound, Refused
from cloud.identity.people import Right
from cloud.member_lifecycle import disclosure, disclosure_page, leaving
from cloud.members import card_desk, changing, consent
from cloud.members.home_days import HomeDays
from cloud.members.minting import mint_of
from cloud.members.models import Card
from cloud.members.profile import BIRTHDAY, EMAIL, PHONE, PROFILE, checked
from cloud.web.doing import done
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of

router = APIRouter(prefix="/{member:uuid}", include_in_schema=False)
"""Below the pages of members."""

MayCare = Annotated[Posted, Depends(form_by(Right.VALUE))]
MayOpen = Annotated[Posted, Depends(form_by(Right.PERSONAL))]
SOURCE = "head_office"
_SAID = frozenset({PHONE, EMAIL, BIRTHDAY})
"""Fields whose mistakes have words of their own."""


@router.post("/card")
def card(services: Here, posted: MayCare, member: UUID) -> Response:
    """Freeze a card, thaw it, report it lost, or give another."""
    what, reason, actor = posted.get("as"), _reason(posted), posted.who.actor

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        if what == "issue":
            card_desk.issue(
                session, services.vault, mint_of(services.clocks), member, posted.get("number"),
                today=HomeDays(services.clocks.business.now_ms()), actor=actor, commit_no=commit_no, now_ms=now_ms,
                reason=_required(reason),
            )  # fmt: skip
            return
        if what not in card_desk.ACTS:
            raise NotFound(f"nothing is called {what!r} here")
        found = session.get(Card, _id(posted.get("card")))
        if found is None or found.member_id != member:
            raise NotFound("this member has no such card")
        card_desk.act(
            session, found.id, what, reason=_required(reason), actor=actor, commit_no=commit_no, now_ms=now_ms
        )

    return done(services, _page(member), act)


@router.post("/profile")
def profile(services: Here, posted: MayOpen, member: UUID) -> Response:
    """Change what a member told us. A field left empty stays as it is; one ticked to go is taken away."""
    told = {name: text for name in PROFILE if (text := ",".join(one for one in posted.all(name) if one.strip()))}
    fields = {**told, **{name: "" for name in posted.all("gone") if name in PROFILE and name not in told}}
    business_ms, reason = services.clocks.business.now_ms(), _reason(posted)

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        _required(reason)
        for name, text in told.items():
            _checked(name, text)
        changing.change(
            session, services.vault, member, fields, source=SOURCE, actor=posted.who.actor, commit_no=commit_no,
            now_ms=now_ms, business_ms=business_ms, reason=reason,
        )  # fmt: skip

    return done(services, _page(member), act)


@router.post("/home")
def home(services: Here, posted: MayCare, member: UUID) -> Response:
    """Give a member another home store, or none."""
    store, actor = posted.get("store"), posted.who.actor

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        try:
            changing.move_home(session, member, store or None, actor=actor, commit_no=commit_no, now_ms=now_ms)
        except NotFound:
            raise Refused("store", "there is no such store") from None

    return done(services, _page(member), act)


@router.post("/consent")
def withdraw(services: Here, posted: MayOpen, member: UUID) -> Response:
    """Note that a member takes a consent back."""
    channel, actor = posted.get("channel"), posted.who.actor
    return done(
        services,
        _page(member),
        lambda session, _commit_no, now_ms: consent.withdraw(session, member, channel, actor=actor, now_ms=now_ms),
    )


@router.post("/export")
def export(request: Request, services: Here, posted: MayOpen, member: UUID) -> Response:
    """Give everything held about a member, to hand on to them: as a page to print, or as a file."""
    reason = _reason(posted)
    if not reason:
        return RedirectResponse(f"{_page(member)}?refused=reason", HTTPStatus.SEE_OTHER)
    with services.database.session() as session:
        facts = disclosure.export(
            session, services.vault, member, actor=posted.who.actor, now_ms=services.clocks.machine.wall_ms(),
            reason=reason,
        )  # fmt: skip
    if posted.get("as") == "file":
        return _kept(json.dumps(facts, ensure_ascii=False, indent=1), "application/json", f"member-{member}.json")
    return _kept(disclosure_page.page(facts, language_of(request)), "text/html", f"member-{member}.html")


@router.post("/erase")
def erase(services: Here, posted: MayOpen, member: UUID) -> Response:
    """Let a member leave for good: who they are is erased everywhere, the books keep the bare id."""
    reason, actor = _reason(posted), posted.who.actor

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        if posted.get("confirm").lower() != str(member):
            raise Refused("typed", "the id that was typed is another one")
        leaving.erase(
            session, mint_of(services.clocks), member, confirm=posted.get("confirm"), reason=_required(reason),
            actor=actor, commit_no=commit_no, now_ms=now_ms, give_up_points=bool(posted.get("give_up")),
        )  # fmt: skip

    answer = done(services, _page(member), act)
    if "refused" not in answer.headers["location"]:
        sweep(services.database)
    return answer


def _page(member: UUID) -> str:
    return f"/members/{member}"


def _reason(posted: Posted) -> str:
    return posted.get("reason")[:500]


def _required(reason: str) -> str:
    if not reason:
        raise Refused("reason", "say why: it is kept in the audit log")
    return reason


def _checked(name: str, text: str) -> None:
    try:
        checked(name, text)
    except Invalid:
        raise Refused(f"field_{name}" if name in _SAID else "field", "this is not how the field is written") from None


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("this form is incomplete: load the page again") from None


def _kept(content: str, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(content, media_type=f"{media_type}; charset=utf-8", headers=headers)
