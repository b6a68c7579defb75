"""The pages of bases taken over: which there are, does the ledger say what the file says, a second person's word."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from sqlmodel import Session

from cloud.api.services import Here
from cloud.errors import NotFound
from cloud.identity.people import Right
from cloud.ledger.units import units
from cloud.member_import import signing, upload_pages, uploads, words
from cloud.member_import.upload_pages import HERE
from cloud.web.doing import done
from cloud.web.rendering import Context, page
from cloud.web.signing_in import Posted, form_by

router = APIRouter(include_in_schema=False)
router.include_router(upload_pages.router)

MayDecide = Annotated[Posted, Depends(form_by(Right.VALUE))]


@router.get(HERE)
def openings(request: Request, services: Here, refused: str = "") -> Response:
    """Which bases were taken over, and which wait for a signature?"""
    who = request.state.signed

    def read(session: Session, _now_ms: int) -> Context:
        return {
            "openings": signing.openings(session),
            "uploads": uploads.newest(session),
            "may_upload": who is not None and who.may(Right.VALUE),
            **_said(refused),
        }

    return page(request, services, "member_openings", read)


@router.get(HERE + "/{opening}")
def opening(request: Request, services: Here, opening: UUID, refused: str = "") -> Response:
    """Does the ledger say what the file says?"""

    def read(session: Session, _now_ms: int) -> Context:
        return {"it": signing.reconcile(session, opening), "units": units(session), **_said(refused)}

    return page(request, services, "member_opening", read)


@router.post(HERE + "/{opening}/{what}")
def close_opening(services: Here, posted: MayDecide, opening: UUID, what: str) -> Response:
    """Sign an opening, or decide that it is taken back: the jobs process does it, part by part."""
    actor = posted.who.actor

    def act(session: Session, commit_no: int, now_ms: int) -> None:
        if what == "sign":
            signing.sign(session, opening, actor=actor, commit_no=commit_no, now_ms=now_ms)
        elif what == "refuse":
            signing.refuse(session, opening, reason=posted.get("reason"), actor=actor, now_ms=now_ms)
        else:
            raise NotFound(f"an opening is signed or refused, not {what!r}")

    return done(services, f"{HERE}/{opening}", act)


def _said(refused: str) -> Context:
    return {"words": words, "refused": words.REFUSAL.get(refused, words.ELSE) if refused else ""}
