"""The pages of price changes: drafts pasted from a spreadsheet, approved, published, taken back; labels to print."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
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
from cloud.console.arrival import Arrival, Book, arrival
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
from cloud.prices import approvals, changes, taking_back
from cloud.prices.columns import HEADS
from cloud.prices.drafts import create_draft, discard, draft_changes, get_draft, list_drafts
from cloud.prices.errors import PriceRefusal
from cloud.prices.imports import ImportResult, import_sheet
from cloud.prices.models import DraftStatus, PriceDraft, PriceVersion, TimelineEntryRow
from cloud.prices.publish import Act, publish
from cloud.prices.targets import resolve_targets
from cloud.prices.timeline import in_force, live_entries
from cloud.promotions import previewing
from cloud.promotions.holding import end_what_is_gone
from cloud.promotions.models import PreviewStatus
from cloud.promotions.naming import promotion_names
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
        now_ms = services.clocks.business.now_ms()
        back = taking_back.taking_back(session, draft_id)
        tried = _tried(session, draft_id)
        spoken = {place for _, told in tried["previews"] if told for place in told.places}
        return {
            **tried,
            "arrival": _arrival(session, draft, now_ms),
            "was_published": draft.status in {DraftStatus.PUBLISHED, DraftStatus.STOPPED},
            "taken_back_by": back,
            "takes_back": get_draft(session, draft.takes_back) if draft.takes_back else None,
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
            "places": place_names(session, [draft.targets, *(one.targets for one in back), *spoken]),
            "columns": HEADS,
        }

    return page(request, services, "price_change", read)


def _tried(session: Session, draft_id: str) -> Context:
    """Return the tries of a draft, as the part of the page that shows them needs them."""
    previews = [(one, previewing.tally_of(one)) for one in previewing.newest(session, draft_id)]
    spoken = {one for _, told in previews if told for one in told.promotions}
    return {
        "previews": previews,
        "of_prices": True,
        "digest": approvals.digest_of(draft_changes(session, draft_id)),
        "names": promotion_names(session, spoken),
        "busy": any(one.status in {PreviewStatus.WAITING, PreviewStatus.RUNNING} for one, _ in previews),
    }


def _arrival(session: Session, draft: PriceDraft, now_ms: int) -> list[Arrival]:
    """Return how every till stands that is to sell by a published draft, or does so although it was taken back."""
    ever: dict[str, TimelineEntryRow] = {}
    for entry in taking_back.standing(session, draft.id):
        ever[entry.store_id] = entry
    back = {
        entry.store_id: entry.version
        for other in taking_back.taking_back(session, draft.id)
        for entry in taking_back.standing(session, other.id)
    }

    def holding(books: Collection[Book]) -> set[Book]:
        """Return the books that have it and are older than what took it back there."""
        older = [(store, version) for store, version in books if version < back.get(store, version + 1)]
        return taking_back.selling(session, draft.id, older)

    timelines = live_entries(session, sorted(ever), now_ms) if ever else {}
    current = {(store, now.version) for store, entries in timelines.items() if (now := in_force(entries, now_ms))}
    has = {store for store, _ in holding(current)}
    goal = {store: one.version for store, one in ever.items() if one.activates_ms > now_ms or store in has}
    return arrival(session, goal, ever, holding, now_ms)


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
            act(session, _act(services, form))
    except (Refused, Invalid, Conflict, ValueError) as error:
        code = error.code if isinstance(error, Refused) else ""
        about = "; ".join(error.subjects) if isinstance(error, PriceRefusal) and code == "engine_too_old" else ""
        return _page(request, services, draft, refused=refusal_words(error, REFUSALS), about=about)
    return _to(draft, part)


def _act(services: Services, form: Posted) -> Act:
    return Act(
        actor=form.who.actor,
        now_ms=services.clocks.business.now_ms(),
        wall_ms=services.clocks.machine.wall_ms(),
        reason=form.get("reason")[:500],
    )


def _mint(services: Services) -> UUID:
    return UuidMint(services.clocks.machine.wall_ms, os.urandom)()


def _to(draft: str, part: str = "") -> Response:
    return RedirectResponse(f"/prices/changes/{draft}{part}", HTTPStatus.SEE_OTHER)
