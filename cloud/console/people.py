"""The pages of people: who may sign in to the console, what they may do there, and one's own account."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, or_, select

from cloud.api.limits import FailureLimit, TooMany
from cloud.api.services import Here, Services
from cloud.audit import words as audit_words
from cloud.audit.models import AuditEntry
from cloud.console.people_table import MAY, PEOPLE, REFUSALS, state_of
from cloud.errors import Invalid, NotFound, Refused
from cloud.identity import people, sessions
from cloud.identity.people import Right, Role, Signed
from cloud.identity.refusals import Unproven
from cloud.web import audit_said
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.signing_in import ACCOUNT, COOKIE, Posted, form_by, person_with
from shared.web.words import marked

router = APIRouter(include_in_schema=False)

MayRule = Annotated[Posted, Depends(form_by(Right.PEOPLE))]
AnybodySigned = Annotated[Signed, Depends(person_with(Right.READ))]
MayChangeOwn = Annotated[Posted, Depends(form_by(Right.READ))]
_ACTS_SHOWN = 30
_LONGEST_REASON = 500
_Act = Callable[[Session, int], object]


@router.get("/people", dependencies=[Depends(person_with(Right.PEOPLE))])
def everybody(request: Request, services: Here, refused: str = "") -> Response:
    """Who may sign in?"""

    def read(session: Session, _now_ms: int) -> Context:
        here = people.everybody(session)
        return {
            "table": PEOPLE,
            "here": len(here),
            "failing": sum(one.failed > 0 for one in here),
            "admins": sum(one.role == Role.ADMIN for one in here),
            "roles": MAY,
            "refused": _said(refused),
        }

    return listed(request, services, "people", read)


@router.post("/people")
def add(request: Request, services: Here, posted: MayRule) -> Response:
    """Give somebody a sign-in with a password that is shown once."""
    name, role, password = posted.get("name").lower(), _role(posted), people.fresh_password()
    if role is None:
        return _back("/people", "role")

    def act(session: Session, now_ms: int) -> None:
        people.add(
            session, name, role, password, actor=posted.who.actor, now_ms=now_ms, reason=_reason(posted), once=True
        )

    code = _did(services, act)
    return _back("/people", code) if code else _person(request, services, name, told=password)


@router.get("/people/{name}", dependencies=[Depends(person_with(Right.PEOPLE))])
def person(request: Request, services: Here, name: str, refused: str = "") -> Response:
    """Who is this, when were they here, what did they do?"""
    return _person(request, services, name, refused=refused)


@router.post("/people/{name}/role")
def change_role(services: Here, posted: MayRule, name: str) -> Response:
    """Change what somebody may do."""
    role, actor = _role(posted), posted.who.actor
    if role is None:
        return _back(_place(name), "role")

    def act(session: Session, now_ms: int) -> None:
        people.change(session, name, role=role, actor=actor, now_ms=now_ms, reason=_reason(posted))

    return _back(_place(name), _did(services, act))


@router.post("/people/{name}/password")
def new_password(request: Request, services: Here, posted: MayRule, name: str) -> Response:
    """Give somebody a new password, shown once; whoever is signed in as them is signed out."""
    password, actor = people.fresh_password(), posted.who.actor

    def act(session: Session, now_ms: int) -> None:
        people.change(session, name, password=password, actor=actor, now_ms=now_ms, reason=_reason(posted), once=True)

    code = _did(services, act)
    return _back(_place(name), code) if code else _person(request, services, name, told=password)


@router.post("/people/{name}/come-back")
def come_back(request: Request, services: Here, posted: MayRule, name: str) -> Response:
    """Let the same person in again, by a new password that is shown once."""
    password, actor = people.fresh_password(), posted.who.actor

    def act(session: Session, now_ms: int) -> None:
        people.come_back(session, name, password, actor=actor, now_ms=now_ms, reason=_reason(posted))

    code = _did(services, act)
    return _back(_place(name), code) if code else _person(request, services, name, told=password)


@router.post("/people/{name}/leave")
def leave(services: Here, posted: MayRule, name: str) -> Response:
    """End somebody's sign-in at once."""

    def act(session: Session, now_ms: int) -> None:
        people.leave(session, name, actor=posted.who.actor, now_ms=now_ms, reason=_reason(posted))

    return _back(_place(name), _did(services, act))


@router.post("/people/{name}/sign-out")
def sign_out_everywhere(services: Here, posted: MayRule, name: str) -> Response:
    """End every session of somebody."""

    def act(session: Session, now_ms: int) -> None:
        people.sign_out_everywhere(session, name, actor=posted.who.actor, now_ms=now_ms, reason=_reason(posted))

    return _back(_place(name), _did(services, act))


@router.get(ACCOUNT)
def account(request: Request, services: Here, who: AnybodySigned, refused: str = "", done: str = "") -> Response:
    """Where am I signed in, and what is my password?"""

    def read(session: Session, now_ms: int) -> Context:
        it = people.present(session, who.name)
        mine = sessions.sessions_of(session, who.name, now_ms)
        return {"it": it, "sessions": mine, "refused": _said(refused), "done": bool(done), "least": people.MIN_PASSWORD}

    return page(request, services, "account", read)


@router.post(f"{ACCOUNT}/password")
def change_own_password(request: Request, services: Here, posted: MayChangeOwn) -> Response:
    """Change one's own password; one's other sessions end."""
    limit: FailureLimit = request.app.state.sign_ins
    name, token = posted.who.name, request.cookies.get(COOKIE, "")
    fields = dict(posted.fields)
    old, new = fields.get("old", ""), fields.get("new", "")
    if new != fields.get("again", ""):
        return _back(ACCOUNT, "differ")
    try:
        limit.attempt(name)
        with services.database.session() as session:
            sessions.change_own(session, name, token, old, new, now_ms=services.clocks.machine.wall_ms())
    except Unproven:
        return _back(ACCOUNT, "old_password")
    except TooMany:
        return _back(ACCOUNT, "too_many")
    except Invalid:
        limit.succeeded(name)
        return _back(ACCOUNT, "bad_password")
    limit.succeeded(name)
    return RedirectResponse(f"{ACCOUNT}?done=1", HTTPStatus.SEE_OTHER)


def _person(request: Request, services: Services, name: str, *, refused: str = "", told: str = "") -> Response:
    def read(session: Session, now_ms: int) -> Context:
        it = people.find(session, name)
        return {
            "it": it,
            "state": state_of(it, now_ms),
            "sessions": sessions.sessions_of(session, name, now_ms),
            "acts": _acts(session, name),
            "acted": audit_words.ACTION,
            "subject_of": audit_said.subject_cell,
            "detail_of": audit_said.detail_cell,
            "roles": MAY,
            "told": told,
            "refused": _said(refused),
        }

    return page(request, services, "person", read)


def _acts(session: Session, name: str) -> list[AuditEntry]:
    """Return what somebody did last and what was done to their sign-in."""
    theirs = or_(
        col(AuditEntry.actor) == f"person:{name}",
        (col(AuditEntry.subject) == name) & col(AuditEntry.action).startswith("person."),
    )
    query = select(AuditEntry).where(theirs).order_by(col(AuditEntry.id).desc())
    return list(session.exec(query.limit(_ACTS_SHOWN)))


def _did(services: Services, act: _Act) -> str:
    """Do something in a transaction of its own; return the code of why it was refused, empty where it was not."""
    try:
        with services.database.session() as session:
            act(session, services.clocks.machine.wall_ms())
    except Refused as error:
        return error.code
    except NotFound:
        return "gone"
    except Invalid:
        return "name"
    return ""


def _reason(posted: Posted) -> str:
    """Return why. Raise Refused: an act without a reason is of no use to who reads the log."""
    reason = posted.get("reason")[:_LONGEST_REASON]
    if not reason:
        raise Refused("reason", "say why: it is kept in the audit log")
    return reason


def _role(posted: Posted) -> Role | None:
    found = posted.get("role")
    return Role(found) if found in {str(role) for role in Role} else None


def _place(name: str) -> str:
    return f"/people/{quote(name, safe='')}"


def _back(where: str, code: str) -> Response:
    return RedirectResponse(f"{where}?refused={code}" if code else where, HTTPStatus.SEE_OTHER)


def _said(code: str) -> str:
    return REFUSALS.get(code, marked("This was not done: load the page again and repeat.")) if code else ""
