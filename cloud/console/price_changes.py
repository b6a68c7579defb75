"""The pages of price changes: drafts pasted from a spreadsheet, approved, published, taken back; labels to print."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import func
from sqlmodel import Session, col, select

from cloud.api.services import Here, Services
from cloud.console import price_rows
from cloud.console.price_change_page import act_of, asked_of, show
from cloud.console.price_change_table import PRICE_CHANGES
from cloud.console.promotion_refusals import REFUSALS
from cloud.console.targets import choices, chosen
from cloud.errors import Conflict, Invalid, Refused
from cloud.identity.people import Right
from cloud.org.stores import find_store
from cloud.prices import approvals, changes, taking_back
from cloud.prices import labels as labelling
from cloud.prices.drafts import create_draft, discard, get_draft, list_drafts
from cloud.prices.engines import EngineTooOld
from cloud.prices.errors import PriceRefusal
from cloud.prices.models import DraftStatus, PriceDraft, PriceVersion
from cloud.prices.publish import Act, publish
from cloud.promotions import previewing
from cloud.promotions.holding import end_what_is_gone
from cloud.web.refusing import refusal_words
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from shared.ids import UuidMint

router = APIRouter(include_in_schema=False)
router.include_router(price_rows.router)

_FORMS = ("sheet", "roll")
"""What labels are printed on: A4 sheets of 21, or a label printer's roll of one after the other."""
_LABELS_AT_ONCE = 1_050
"""Fifty sheets: as many as a browser lays out for print without a wait."""
_DIGITS = 9
MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]
MayApprove = Annotated[Posted, Depends(form_by(Right.APPROVE))]
MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]


@router.get("/prices/changes")
def drafts(request: Request, services: Here) -> Response:
    """Which price changes are being prepared?"""
    return _list(request, services)


def _list(request: Request, services: Services, refused: str = "") -> Response:
    def read(session: Session, _now_ms: int) -> Context:
        return {
            "table": PRICE_CHANGES,
            "open": len(list_drafts(session, DraftStatus.DRAFT)),
            "count": session.exec(
                select(func.count()).select_from(PriceDraft).where(col(PriceDraft.of_plan).is_(None))
            ).one(),
            "choices": choices(session),
            "refused": refused,
        }

    return listed(request, services, "price_changes", read)


@router.post("/prices/changes")
def create(request: Request, services: Here, form: MayPlan) -> Response:
    """Start a draft."""
    act = act_of(services, form)
    try:
        with services.database.session() as session:
            made = create_draft(
                session,
                _mint(services),
                form.get("title"),
                actor=act.actor,
                wall_ms=act.wall_ms,
                targets=chosen(form),
            ).id
    except PriceRefusal as refusal:
        return _list(request, services, refusal_words(refusal, REFUSALS))
    return _to(made)


@router.get("/prices/changes/{draft}")
def one(request: Request, services: Here, draft: str) -> Response:
    """What does this draft change, and where is it? One that a planned promotion made has that one's page."""
    with services.database.snapshot() as session:
        found = session.get(PriceDraft, draft)
    if found is not None and found.of_plan is not None:
        return RedirectResponse(f"/promotions/{found.of_plan}", HTTPStatus.SEE_OTHER)
    return show(request, services, draft, asked=asked_of(request))


@router.post("/prices/changes/{draft}/preview")
def preview(request: Request, services: Here, draft: str, form: MayPlan) -> Response:
    """Try it on the last weeks' baskets."""
    weeks = int(form.get("weeks")) if form.get("weeks").isdecimal() else 0
    return _do(
        request,
        services,
        draft,
        form,
        lambda session, by: previewing.ask_prices(session, _mint(services), draft, weeks, by),
        part="#preview",
    )


@router.post("/prices/changes/{draft}/cancel-preview")
def cancel_preview(request: Request, services: Here, draft: str, form: MayPlan) -> Response:
    """Stop trying."""

    def act(session: Session, by: Act) -> None:
        for one in previewing.open_of(session, draft):
            previewing.cancel(session, one.id, by)

    return _do(request, services, draft, form, act, part="#preview")


@router.post("/prices/changes/{draft}/ask")
def ask(request: Request, services: Here, draft: str, form: MayPlan) -> Response:
    """Send it to a second person."""

    def act(session: Session, by: Act) -> None:
        approvals.send(session, draft, actor=by.actor, wall_ms=by.wall_ms, note=by.reason)

    return _do(request, services, draft, form, act)


@router.post("/prices/changes/{draft}/approve")
def approve(request: Request, services: Here, draft: str, form: MayApprove) -> Response:
    """Agree to exactly these changes."""
    return _do(
        request,
        services,
        draft,
        form,
        lambda session, by: approvals.approve(
            session, draft, actor=by.actor, wall_ms=by.wall_ms, reason=by.reason, seen=form.get("seen")
        ),
    )


@router.post("/prices/changes/{draft}/send-back")
def send_back(request: Request, services: Here, draft: str, form: MayApprove) -> Response:
    """Refuse it, or take an approval back, and say why."""

    def act(session: Session, by: Act) -> None:
        approvals.send_back(session, draft, actor=by.actor, wall_ms=by.wall_ms, reason=by.reason)

    return _do(request, services, draft, form, act)


@router.post("/prices/changes/{draft}/publish")
def push(request: Request, services: Here, draft: str, form: MayPublish) -> Response:
    """Publish it at a local time of its stores, or at once."""

    def act(session: Session, by: Act) -> None:
        at = form.get("activates")
        publish(session, draft, by, activates_local=datetime.fromisoformat(at) if at else None)

    return _do(request, services, draft, form, act, part="#arrival")


@router.post("/prices/changes/{draft}/stop")
def stop(request: Request, services: Here, draft: str, form: MayPublish) -> Response:
    """Take it back: withdrawn where it waits; its own rows as they were before where it is in force."""

    def act(session: Session, by: Act) -> None:
        taking_back.take_back(session, draft, UuidMint(services.clocks.machine.wall_ms, os.urandom), by)
        end_what_is_gone(session, by)

    return _do(request, services, draft, form, act, part="#arrival")


@router.post("/prices/changes/{draft}/discard")
def give_up(request: Request, services: Here, draft: str, form: MayPlan) -> Response:
    """Give the draft up."""
    return _do(
        request, services, draft, form, lambda session, by: discard(session, draft, actor=by.actor, wall_ms=by.wall_ms)
    )


@router.post("/prices/changes/{draft}/clone")
def clone(services: Here, draft: str, form: MayPlan) -> Response:
    """Start another draft with the same changes."""
    with services.database.session() as session:
        made = changes.clone(session, draft, _mint(services), act_of(services, form)).id
    return _to(made)


@router.get("/prices/changes/{draft}/labels/{store}")
def labels(request: Request, services: Here, draft: str, store: str) -> Response:
    """Which labels has this store to change?"""

    def read(session: Session, _now_ms: int) -> Context:
        place = find_store(session, store)
        found = labelling.labels(session, draft, place, services.clocks.business.now_ms())
        form, asked = request.query_params.get("form", ""), request.query_params.get("part", "")
        parts = max(1, -(-len(found) // _LABELS_AT_ONCE))
        part = min(int(asked), parts) if asked.isdecimal() and len(asked) < _DIGITS and int(asked) else 1
        return {
            "draft": get_draft(session, draft),
            "store": place,
            "count": len(found),
            "labels": found[(part - 1) * _LABELS_AT_ONCE : part * _LABELS_AT_ONCE],
            "part": part,
            "parts": parts,
            "form": form if form in _FORMS else "sheet",
            "versions": session.exec(select(PriceVersion).where(PriceVersion.draft_id == draft)).all(),
        }

    return page(request, services, "labels", read)


def _do(
    request: Request,
    services: Services,
    draft: str,
    form: Posted,
    act: Callable[[Session, Act], object],
    *,
    part: str = "",
) -> Response:
    try:
        with services.database.session() as session:
            act(session, act_of(services, form))
    except (Refused, Invalid, Conflict, ValueError) as error:
        old = error.found if isinstance(error, EngineTooOld) else ()
        return show(request, services, draft, refused=refusal_words(error, REFUSALS), old=old)
    return _to(draft, part)


def _mint(services: Services) -> UUID:
    return UuidMint(services.clocks.machine.wall_ms, os.urandom)()


def _to(draft: str, part: str = "") -> Response:
    return RedirectResponse(f"/prices/changes/{draft}{part}", HTTPStatus.SEE_OTHER)
