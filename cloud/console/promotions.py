"""The pages of promotions: all of them, a new one, one with its form, and every act on it."""

from __future__ import annotations

import os
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Here, Services
from cloud.audit.words import ACTION
from cloud.console import promotion_calendar
from cloud.console.arrival import Arrival, arrival
from cloud.console.promotion_forms import Said, filled_of, known, said_of
from cloud.console.promotion_refusals import REFUSALS
from cloud.console.promotion_tables import PLANS
from cloud.console.targets import choices, chosen, place_names
from cloud.errors import Conflict, Invalid, Refused
from cloud.identity.people import Right
from cloud.org.stores import house_money
from cloud.prices import approvals
from cloud.prices.errors import PriceRefusal
from cloud.prices.publish import Act
from cloud.prices.targets import resolve_targets
from cloud.promotions import plans, previewing, words
from cloud.promotions.holding import holding, published_to, where
from cloud.promotions.models import PlanStatus, PreviewStatus, PromotionPlan
from cloud.promotions.naming import promotion_names
from cloud.promotions.reading import kinds, read, typed_from
from cloud.promotions.telling import acts_on, published_since
from cloud.promotions.touching import Touched, touched
from cloud.web.live import asks_for_stream
from cloud.web.refusing import refusal_words
from cloud.web.rendering import Context, environment, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by, person_with
from cloud.web.speaking import language_of
from shared.ids import UuidMint

router = APIRouter(include_in_schema=False)
router.include_router(promotion_calendar.router)  # before the address of one promotion, which it looks like

MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]
MayApprove = Annotated[Posted, Depends(form_by(Right.APPROVE))]
MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
MayRule = Annotated[Posted, Depends(form_by(Right.PEOPLE))]


@router.get("/promotions")
def promotions(request: Request, services: Here) -> Response:
    """Which promotions are planned, waiting, or in force?"""

    def read_all(session: Session, _now_ms: int) -> Context:
        everything = plans.everything(session)
        counts = {status: sum(plan.status == status for plan in everything) for status in ("published", "draft")}
        counts["approved"] = sum(plan.status == "approved" for plan in everything)
        on_today = promotion_calendar.on_today(session, services.clocks.business.now_ms())
        second = approvals.needs_second_person(session)
        return {"table": PLANS, "counts": counts, "on_today": on_today, "second": second}

    return listed(request, services, "promotions", read_all)


@router.get("/promotions/new", dependencies=[Depends(person_with(Right.PLAN))])
def new(request: Request, services: Here) -> Response:
    """Which kind is it to be?"""
    found = [(kind, *words.KINDS[kind]) for kind in kinds()]
    return page(request, services, "promotion_new", lambda _session, _now_ms: {"kinds": found})


@router.post("/promotions")
def create(services: Here, form: MayPlan) -> Response:
    """Start a draft."""
    with services.database.session() as session:
        plan = plans.create(session, _mint(services), form.get("kind"), form.get("title") or "?", _act(services, form))
    return _to(plan.id)


@router.post("/promotions/adopt")
def adopt(services: Here, form: MayPlan) -> Response:
    """Take up a promotion that came with a price book: a draft that takes its place when it is published.

    Raise NotFound for one that no price book has any more.
    """
    with services.database.session() as session:
        exponent = house_money(session)[1]
        plan = plans.take_up(session, _mint(services), form.get("promotion"), _act(services, form), exponent)
    return _to(plan.id)


@router.post("/promotions/second-person")
def second_person(services: Here, form: MayRule) -> Response:
    """Decide whether a second person has to approve."""
    act = _act(services, form)
    with services.database.session() as session:
        approvals.set_second_person(session, needed=form.get("needed") == "yes", actor=act.actor, wall_ms=act.wall_ms)
    return RedirectResponse("/promotions", HTTPStatus.SEE_OTHER)


@router.get("/promotions/{plan}")
def promotion(request: Request, services: Here, plan: str) -> Response:
    """What is this promotion, what would it do, and where is it?"""
    return _page(request, services, plan)


def _page(request: Request, services: Services, plan_id: str, refused: str = "", about: str = "") -> Response:
    def read_one(session: Session, _now_ms: int) -> Context:
        plan = plans.find(session, plan_id)
        now_ms = services.clocks.business.now_ms()
        exponent = house_money(session)[1]
        is_open = plan.is_open
        filled, made = filled_of(plan, exponent, known(session, now_ms, exponent) if is_open else {})
        previews = [(one, previewing.tally_of(one)) for one in previewing.newest(session, plan.id)]
        spoken = {place for _, told in previews if told for place in told.places}
        streamed = asks_for_stream(request)
        over = plan.status in {PlanStatus.STOPPED, PlanStatus.DISCARDED}
        it = Said() if streamed else said_of(session, plan, made, now_ms, with_conflicts=not over)
        did = Touched() if streamed else _touched(session, plan)
        on_tills = _arrival(session, plan, now_ms)
        met = {f"store:{one.store}" for one in did.newest}
        return {
            "plan": plan,
            "filled": filled,
            "ready": made is not None,
            "it": it,
            "choices": choices(session),
            "places": place_names(session, [plan.targets, *it.places, *spoken, *met]),
            "second": approvals.needs_second_person(session),
            "previews": previews,
            "of_prices": False,
            "digest": plans.digest(plan),
            "names": promotion_names(session, {one for _, told in previews if told for one in told.promotions}),
            "exponent": exponent,
            "arrival": on_tills,
            "did": did,
            "over": over,
            "acts": [] if streamed else acts_on(session, plan),
            "act_words": ACTION,
            "stores": sorted({one.store for one in on_tills}),
            "goes_too": published_since(session, plan, [one.store for one in on_tills]),
            "runs_already": is_open and bool(on_tills),
            "kind": words.KINDS[plan.kind],
            "refused": refused,
            "about": about,
            "open": is_open,
            "busy": any(one.status in {PreviewStatus.WAITING, PreviewStatus.RUNNING} for one, _ in previews),
        }

    return page(request, services, "promotion", read_one)


def _touched(session: Session, plan: PromotionPlan) -> Touched:
    """Return what a plan did where it stood or stands; nothing for one that no book ever held."""
    if plan.is_taken_up:
        stores = {store.id for store in resolve_targets(session, ["all"])}
    else:
        stores = {entry.store_id for entry in published_to(session, plan)}
    return touched(session, plan.promotion, stores) if stores else Touched()


def _arrival(session: Session, plan: PromotionPlan, now_ms: int) -> list[Arrival]:
    """Return how every till stands that is to have a published plan, or has it still."""
    waiting, running = where(session, plan, now_ms)
    goal: dict[str, int] = {}
    for found in (running, waiting):
        for version, stores in found.items():
            goal |= {store: max(version, goal.get(store, 0)) for store in stores}
    ever = {entry.store_id for entry in published_to(session, plan)}
    return arrival(session, goal, ever, lambda books: holding(session, plan.promotion, books), now_ms)


@router.post("/promotions/{plan}/says")
def says(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Say a form that is being filled in, without keeping it."""
    with services.database.snapshot() as session:
        found = plans.find(session, plan)
        exponent = house_money(session)[1]
        given = typed_from(found.kind, form.fields)
        made = read(found.kind, found.promotion, given, exponent)
        it = said_of(session, found, made.promotion, services.clocks.business.now_ms(), with_conflicts=False)
        left = len(made.problems)
    values = {"it": it, "left": left, "exponent": exponent}
    body = environment(language_of(request)).get_template("_promotion_says.html").render(values)
    return HTMLResponse(body, headers={"Cache-Control": "no-store"})


@router.post("/promotions/{plan}/save")
def save(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Keep the draft as it is typed."""

    def act(session: Session, by: Act) -> None:
        kind = plans.find(session, plan).kind
        plans.save(
            session,
            plan,
            by,
            title=form.get("title"),
            given=typed_from(kind, form.fields),
            targets=chosen(form),
            activates=form.get("activates"),
        )

    return _do(request, services, plan, form, act)


@router.post("/promotions/{plan}/preview")
def preview(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Try it on the last weeks' baskets."""
    weeks = int(form.get("weeks")) if form.get("weeks").isdecimal() else 0

    def act(session: Session, by: Act) -> None:
        exponent = house_money(session)[1]
        previewing.ask(session, _mint(services), plan, weeks, act=by, exponent=exponent)

    return _do(request, services, plan, form, act, part="#preview")


@router.post("/promotions/{plan}/cancel-preview")
def cancel_preview(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Stop trying."""

    def act(session: Session, by: Act) -> None:
        for one in previewing.open_of(session, plan):
            previewing.cancel(session, one.id, by)

    return _do(request, services, plan, form, act, part="#preview")


@router.post("/promotions/{plan}/approve")
def approve(request: Request, services: Here, plan: str, form: MayApprove) -> Response:
    """Agree to it."""
    return _do(
        request,
        services,
        plan,
        form,
        lambda session, by: plans.approve(session, plan, by, house_money(session)[1]),
    )


@router.post("/promotions/{plan}/push")
def push(request: Request, services: Here, plan: str, form: MayPublish) -> Response:
    """Publish it."""
    return _do(
        request,
        services,
        plan,
        form,
        lambda session, by: plans.push(session, plan, _mint(services), by, house_money(session)[1]),
        part="#arrival",
    )


@router.post("/promotions/{plan}/stop")
def stop(request: Request, services: Here, plan: str, form: MayPublish) -> Response:
    """Take it back at once."""
    return _do(
        request,
        services,
        plan,
        form,
        lambda session, by: plans.stop(session, plan, _mint(services), by),
        part="#arrival",
    )


@router.post("/promotions/{plan}/roll-back")
def roll_back(request: Request, services: Here, plan: str, form: MayPublish) -> Response:
    """Bring the stores' whole price books back to what they were before it."""
    return _do(request, services, plan, form, lambda session, by: plans.roll_back(session, plan, by), part="#arrival")


@router.post("/promotions/{plan}/discard")
def discard(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Give it up."""
    return _do(request, services, plan, form, lambda session, by: plans.discard(session, plan, by))


@router.post("/promotions/{plan}/clone")
def clone(services: Here, plan: str, form: MayPlan) -> Response:
    """Start another with the same content."""
    with services.database.session() as session:
        made = plans.clone(session, plan, _mint(services), _act(services, form))
    return _to(made.id)


def _do(
    request: Request,
    services: Services,
    plan: str,
    form: Posted,
    act: Callable[[Session, Act], object],
    *,
    part: str = "",
) -> Response:
    """Act in one transaction and go back to the page; what is refused is said on it."""
    try:
        with services.database.session() as session:
            act(session, _act(services, form))
    except (Refused, Invalid, Conflict) as error:
        code = error.code if isinstance(error, Refused) else ""
        about = "; ".join(error.subjects) if isinstance(error, PriceRefusal) and code == "engine_too_old" else ""
        return _page(request, services, plan, refusal_words(error, REFUSALS), about)
    return _to(plan, part)


def _act(services: Services, form: Posted) -> Act:
    return Act(
        actor=form.who.actor,
        now_ms=services.clocks.business.now_ms(),
        wall_ms=services.clocks.machine.wall_ms(),
        reason=form.get("reason")[:500],
    )


def _mint(services: Services) -> UUID:
    return UuidMint(services.clocks.machine.wall_ms, os.urandom)()


def _to(plan: str, part: str = "") -> Response:
    return RedirectResponse(f"/promotions/{plan}{part}", HTTPStatus.SEE_OTHER)
