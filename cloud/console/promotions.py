"""The pages of promotions: all of them, a new one, one with its form, and every act on it."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Here
from cloud.console import promotion_calendar
from cloud.console.promotion_forms import said_of
from cloud.console.promotion_page import act_of, do, mint, show, to_page
from cloud.console.promotion_tables import PLANS
from cloud.console.targets import chosen
from cloud.identity.people import Right
from cloud.org.stores import house_money
from cloud.prices import approvals
from cloud.prices.publish import Act
from cloud.promotions import approving, plans, previewing, rolling_back, words
from cloud.promotions.reading import kinds, read, typed_from
from cloud.web.rendering import Context, environment, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by, person_with
from cloud.web.speaking import language_of

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
        counts = plans.counts(session)
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
        plan = plans.create(session, mint(services), form.get("kind"), form.get("title") or "?", act_of(services, form))
    return to_page(plan.id)


@router.post("/promotions/adopt")
def adopt(services: Here, form: MayPlan) -> Response:
    """Take up a promotion that came with a price book: a draft that takes its place when it is published.

    Raise NotFound for one that no price book has any more.
    """
    with services.database.session() as session:
        exponent = house_money(session)[1]
        plan = plans.take_up(session, mint(services), form.get("promotion"), act_of(services, form), exponent)
    return to_page(plan.id)


@router.post("/promotions/second-person")
def second_person(services: Here, form: MayRule) -> Response:
    """Decide whether a second person has to approve."""
    act = act_of(services, form)
    with services.database.session() as session:
        approvals.set_second_person(session, needed=form.get("needed") == "yes", actor=act.actor, wall_ms=act.wall_ms)
    return RedirectResponse("/promotions", HTTPStatus.SEE_OTHER)


@router.get("/promotions/{plan}")
def promotion(request: Request, services: Here, plan: str) -> Response:
    """What is this promotion, what would it do, and where is it?"""
    return show(request, services, plan)


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

    return do(request, services, plan, form, act)


@router.post("/promotions/{plan}/preview")
def preview(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Try it on the last weeks' baskets."""
    weeks = int(form.get("weeks")) if form.get("weeks").isdecimal() else 0

    def act(session: Session, by: Act) -> None:
        exponent = house_money(session)[1]
        previewing.ask(session, mint(services), plan, weeks, act=by, exponent=exponent)

    return do(request, services, plan, form, act, part="#preview")


@router.post("/promotions/{plan}/cancel-preview")
def cancel_preview(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Stop trying."""

    def act(session: Session, by: Act) -> None:
        for one in previewing.open_of(session, plan):
            previewing.cancel(session, one.id, by)

    return do(request, services, plan, form, act, part="#preview")


@router.post("/promotions/{plan}/ask")
def ask(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Send it to a second person."""
    return do(
        request,
        services,
        plan,
        form,
        lambda session, by: approving.send(session, plan, by, house_money(session)[1], seen=form.get("seen")),
    )


@router.post("/promotions/{plan}/approve")
def approve(request: Request, services: Here, plan: str, form: MayApprove) -> Response:
    """Agree to it."""
    return do(
        request,
        services,
        plan,
        form,
        lambda session, by: approving.approve(session, plan, by, house_money(session)[1], seen=form.get("seen")),
    )


@router.post("/promotions/{plan}/send-back")
def send_back(request: Request, services: Here, plan: str, form: MayApprove) -> Response:
    """Refuse it, or take an approval back, and say why."""
    return do(request, services, plan, form, lambda session, by: approving.send_back(session, plan, by))


@router.post("/promotions/{plan}/leave-out")
def leave_out(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Leave stores out whose tills are too old for it; it goes to the others that it was meant for."""
    return do(request, services, plan, form, lambda session, by: plans.leave_out(session, plan, by, form.all("store")))


@router.post("/promotions/{plan}/push")
def push(request: Request, services: Here, plan: str, form: MayPublish) -> Response:
    """Publish it."""
    return do(
        request,
        services,
        plan,
        form,
        lambda session, by: plans.push(
            session, plan, mint(services), by, house_money(session)[1], seen=form.get("seen")
        ),
        part="#arrival",
    )


@router.post("/promotions/{plan}/stop")
def stop(request: Request, services: Here, plan: str, form: MayPublish) -> Response:
    """Take it back at once."""
    return do(
        request,
        services,
        plan,
        form,
        lambda session, by: plans.stop(session, plan, mint(services), by),
        part="#arrival",
    )


@router.post("/promotions/{plan}/roll-back")
def roll_back(request: Request, services: Here, plan: str, form: MayPublish) -> Response:
    """Bring the stores' whole price books back to what they were before it."""
    return do(
        request, services, plan, form, lambda session, by: rolling_back.roll_back(session, plan, by), part="#arrival"
    )


@router.post("/promotions/{plan}/discard")
def discard(request: Request, services: Here, plan: str, form: MayPlan) -> Response:
    """Give it up."""
    return do(request, services, plan, form, lambda session, by: plans.discard(session, plan, by))


@router.post("/promotions/{plan}/clone")
def clone(services: Here, plan: str, form: MayPlan) -> Response:
    """Start another with the same content."""
    with services.database.session() as session:
        made = plans.clone(session, plan, mint(services), act_of(services, form))
    return to_page(made.id)
