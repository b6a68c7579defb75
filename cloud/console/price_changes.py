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
from cloud.console import overview
from cloud.console.price_change_table import PRICE_CHANGES
from cloud.console.promotion_refusals import REFUSALS
from cloud.console.refusing import refusal_words
from cloud.console.rendering import Context, page
from cloud.console.showing import listed
from cloud.console.signing_in import Posted, form_by
from cloud.console.targets import choices, chosen, place_names
from cloud.errors import Conflict, Invalid, Refused
from cloud.identity.people import Right
from cloud.org.models import Store
from cloud.org.stores import find_store
from cloud.prices import approvals, changes, revert
from cloud.prices.columns import HEADS
from cloud.prices.drafts import create_draft, discard, get_draft, list_drafts
from cloud.prices.errors import PriceRefusal
from cloud.prices.imports import ImportResult, import_sheet
from cloud.prices.models import DraftStatus, EntryStatus, PriceDraft, PriceVersion, TimelineEntryRow
from cloud.prices.publish import Act, publish
from cloud.prices.targets import resolve_targets
from shared.body import BodyKind
from shared.ids import UuidMint

router = APIRouter(include_in_schema=False)

MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]
MayApprove = Annotated[Posted, Depends(form_by(Right.APPROVE))]
MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
_PROBLEMS = 50


@router.get("/prices/changes")
def drafts(request: Request, services: Here) -> Response:
    """Which price changes are being prepared?"""
    return _list(request, services)


def _list(request: Request, services: Services, refused: str = "") -> Response:
    def read(session: Session, _now_ms: int) -> Context:
        return {
            "table": PRICE_CHANGES,
            "open": len(list_drafts(session, DraftStatus.DRAFT)),
            "count": session.exec(select(func.count()).select_from(PriceDraft)).one(),
            "choices": choices(session),
            "refused": refused,
        }

    return listed(request, services, "price_changes", read)


@router.post("/prices/changes")
def create(request: Request, services: Here, form: MayPlan) -> Response:
    """Start a draft."""
    act = _act(services, form)
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
    """What does this draft change, and where is it?"""
    return _page(request, services, draft)


def _page(
    request: Request,
    services: Services,
    draft_id: str,
    *,
    refused: str = "",
    about: str = "",
    result: ImportResult | None = None,
) -> Response:
    def read(session: Session, _now_ms: int) -> Context:
        draft = get_draft(session, draft_id)
        found, count = changes.changes(session, draft_id)
        approved = approvals.approval_of(session, draft_id)
        return {
            "draft": draft,
            "changes": found,
            "count": count,
            "versions": list(session.exec(select(PriceVersion).where(col(PriceVersion.draft_id) == draft_id))),
            "stores": resolve_targets(session, draft.targets.split())
            if session.exec(select(Store).limit(1)).first()
            else [],
            "second": approvals.needs_second_person(session),
            "approved": approved,
            "exponent": overview.house_money(session)[1],
            "refused": refused,
            "about": about,
            "problems": result.problems[:_PROBLEMS] if result else [],
            "open": draft.status == "draft",
            "places": place_names(session, [draft.targets]),
            "columns": HEADS,
        }

    return page(request, services, "price_change", read)


@router.post("/prices/changes/{draft}/rows")
def put(request: Request, services: Here, draft: str, form: MayPlan) -> Response:
    """Take rows pasted from a spreadsheet: all of them, or none if one is bad."""
    kind = BodyKind.OVERRIDES if form.get("kind") == "overrides" else BodyKind.PRICES
    content = form.get("rows").replace("\t", ",").encode()
    try:
        with services.database.session() as session:
            result = import_sheet(session, draft, kind, content, dry_run=False)
    except (Refused, Invalid) as error:
        return _page(request, services, draft, refused=refusal_words(error, REFUSALS))
    return _to(draft) if result.ok else _page(request, services, draft, result=result)


@router.post("/prices/changes/{draft}/approve")
def approve(request: Request, services: Here, draft: str, form: MayApprove) -> Response:
    """Agree to exactly these changes."""
    return _do(
        request,
        services,
        draft,
        form,
        lambda session, by: approvals.approve(session, draft, actor=by.actor, wall_ms=by.wall_ms, reason=by.reason),
    )


@router.post("/prices/changes/{draft}/publish")
def push(request: Request, services: Here, draft: str, form: MayPublish) -> Response:
    """Publish it at a local time of its stores, or at once."""

    def act(session: Session, by: Act) -> None:
        at = form.get("activates")
        publish(session, draft, by, activates_local=datetime.fromisoformat(at) if at else None)

    return _do(request, services, draft, form, act)


@router.post("/prices/changes/{draft}/stop")
def stop(request: Request, services: Here, draft: str, form: MayPublish) -> Response:
    """Take it back: withdrawn where it waits, rolled back to what was before where it is in force."""
    return _do(request, services, draft, form, lambda session, by: _take_back(session, draft, by))


@router.post("/prices/changes/{draft}/discard")
def give_up(request: Request, services: Here, draft: str, form: MayPlan) -> Response:
    """Give the draft up."""
    return _do(request, services, draft, form, lambda session, _by: discard(session, draft))


@router.post("/prices/changes/{draft}/clone")
def clone(services: Here, draft: str, form: MayPlan) -> Response:
    """Start another draft with the same changes."""
    with services.database.session() as session:
        made = changes.clone(session, draft, _mint(services), _act(services, form)).id
    return _to(made)


@router.get("/prices/changes/{draft}/labels/{store}")
def labels(request: Request, services: Here, draft: str, store: str) -> Response:
    """Which labels has this store to change?"""

    def read(session: Session, _now_ms: int) -> Context:
        place = find_store(session, store)
        found = changes.labels(session, draft, place, services.clocks.business.now_ms())
        return {"draft": get_draft(session, draft), "store": place, "labels": found}

    return page(request, services, "labels", read)


def _take_back(session: Session, draft: str, act: Act) -> None:
    rows = session.exec(
        select(TimelineEntryRow)
        .join(PriceVersion, col(PriceVersion.version) == col(TimelineEntryRow.version))
        .where(col(PriceVersion.draft_id) == draft, col(TimelineEntryRow.status) == EntryStatus.STAGED)
    ).all()
    waiting = sorted({row.version for row in rows if row.activates_ms > act.now_ms})
    running = sorted({row.store_id for row in rows if row.activates_ms <= act.now_ms})
    if not rows:
        raise PriceRefusal("not_published", "it is not published")
    for version in waiting:
        stores = [f"store:{row.store_id}" for row in rows if row.version == version]
        revert.withdraw(session, version, act, targets=stores)
    if running:
        first = min(row.version for row in rows if row.activates_ms <= act.now_ms)
        before = session.get_one(PriceVersion, first).parent
        if before is None:
            raise PriceRefusal("never_in_force", "there is no earlier price book to go back to")
        revert.rollback(session, before, act, targets=[f"store:{store}" for store in running])


def _do(
    request: Request, services: Services, draft: str, form: Posted, act: Callable[[Session, Act], object]
) -> Response:
    try:
        with services.database.session() as session:
            act(session, _act(services, form))
    except (Refused, Invalid, Conflict, ValueError) as error:
        code = error.code if isinstance(error, Refused) else ""
        about = "; ".join(error.subjects) if isinstance(error, PriceRefusal) and code == "engine_too_old" else ""
        return _page(request, services, draft, refused=refusal_words(error, REFUSALS), about=about)
    return _to(draft)


def _act(services: Services, form: Posted) -> Act:
    return Act(
        actor=form.who.actor,
        now_ms=services.clocks.business.now_ms(),
        wall_ms=services.clocks.machine.wall_ms(),
        reason=form.get("reason")[:500],
    )


def _mint(services: Services) -> UUID:
    return UuidMint(services.clocks.machine.wall_ms, os.urandom)()


def _to(draft: str) -> Response:
    return RedirectResponse(f"/prices/changes/{draft}", HTTPStatus.SEE_OTHER)
