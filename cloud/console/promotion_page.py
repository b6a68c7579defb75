"""The page of one promotion, and what every button on it does: one transaction, and back to the page."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from http import HTTPStatus
from uuid import UUID

import msgspec
from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Services
from cloud.audit.words import ACTION
from cloud.console import approving
from cloud.console.arrival import Arrival, arrival
from cloud.console.promotion_forms import Said, filled_of, known, said_of
from cloud.console.promotion_refusals import REFUSALS
from cloud.console.targets import choices, place_names
from cloud.errors import CloudError, Conflict, Invalid, Refused
from cloud.org.stores import house_money
from cloud.prices.content import engine_level
from cloud.prices.engines import EngineTooOld, TooOld, too_old_for
from cloud.prices.publish import Act
from cloud.prices.targets import resolve_targets
from cloud.promotions import plans, previewing, words
from cloud.promotions.holding import Whereabouts, holding, published_to, where
from cloud.promotions.models import PlanStatus, PreviewStatus, PromotionPlan
from cloud.promotions.naming import promotion_names
from cloud.promotions.telling import acts_on, published_since
from cloud.promotions.touching import Touched, touched
from cloud.web.live import asks_for_stream
from cloud.web.refusing import refusal_words
from cloud.web.rendering import Context, page
from cloud.web.signing_in import Posted
from shared.body import BodyKind
from shared.ids import UuidMint
from shared.pricing.promotion import Promotion


def show(request: Request, services: Services, plan_id: str, refused: str = "", old: Sequence[TooOld] = ()) -> Response:
    """Answer with the page of a plan, with what was refused, and which tills are too old for it, if any are."""

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
        did = Touched() if streamed else _touched(session, plan, now_ms)
        stands = where(session, plan, now_ms)
        on_tills = _arrival(session, plan, stands, now_ms)
        too_old = list(old) or (_too_old(session, plan, made, now_ms) if is_open and not streamed else [])
        met = {f"store:{one.store}" for one in did.newest} | {f"store:{one.store}" for one in too_old}
        return {
            "plan": plan,
            "filled": filled,
            "ready": made is not None,
            "it": it,
            "choices": choices(session),
            "places": place_names(session, [plan.targets, *it.places, *spoken, *met]),
            "second": approving.of_plan(session, plan, ready=made is not None),
            "old": too_old,
            "previews": previews,
            "of_prices": False,
            "digest": plans.digest(plan),
            "names": promotion_names(session, {one for _, told in previews if told for one in told.promotions}),
            "exponent": exponent,
            "arrival": on_tills,
            "did": did,
            "over": over,
            "running": bool(stands.running),
            "acts": [] if streamed else acts_on(session, plan),
            "act_words": ACTION,
            "stores": sorted({one.store for one in on_tills}),
            "goes_too": published_since(session, plan, [one.store for one in on_tills]),
            "runs_already": is_open and bool(on_tills),
            "kind": words.KINDS[plan.kind],
            "refused": refused,
            "open": is_open,
            "busy": any(one.status in {PreviewStatus.WAITING, PreviewStatus.RUNNING} for one, _ in previews),
        }

    return page(request, services, "promotion", read_one)


def _touched(session: Session, plan: PromotionPlan, now_ms: int) -> Touched:
    """Return what a plan did where it stood or stands; nothing for one that never began."""
    if plan.is_taken_up:
        stores = {store.id for store in resolve_targets(session, ["all"])}
    else:
        stores = {entry.store_id for entry in published_to(session, plan) if entry.activates_ms <= now_ms}
    return touched(session, plan.promotion, stores) if stores else Touched()


def _arrival(session: Session, plan: PromotionPlan, stands: Whereabouts, now_ms: int) -> list[Arrival]:
    """Return how every till stands that is to have a published plan, or has it still."""
    goal: dict[str, int] = {}
    for found in (stands.running, stands.waiting):
        for version, stores in found.items():
            goal |= {store: max(version, goal.get(store, 0)) for store in stores}
    ever = {entry.store_id for entry in published_to(session, plan)}
    return arrival(session, goal, ever, lambda books: holding(session, plan.promotion, books), now_ms)


def _too_old(session: Session, plan: PromotionPlan, made: Promotion | None, now_ms: int) -> list[TooOld]:
    """Return whom it could not be published to as it is; nothing while it makes no sense, or has no stores."""
    if made is None:
        return []
    try:
        stores = resolve_targets(session, plan.targets.split())
    except CloudError:
        return []
    return too_old_for(session, stores, engine_level(BodyKind.PROMOTIONS, msgspec.json.encode(made)), now_ms)


def do(
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
            act(session, act_of(services, form))
    except (Refused, Invalid, Conflict) as error:
        old = error.found if isinstance(error, EngineTooOld) else ()
        return show(request, services, plan, refusal_words(error, REFUSALS), old)
    return to_page(plan, part)


def act_of(services: Services, form: Posted) -> Act:
    """Return who does what a form asks for, when, and why."""
    return Act(
        actor=form.who.actor,
        now_ms=services.clocks.business.now_ms(),
        wall_ms=services.clocks.machine.wall_ms(),
        reason=form.get("reason")[:500],
    )


def mint(services: Services) -> UUID:
    """Return an id that nobody has."""
    return UuidMint(services.clocks.machine.wall_ms, os.urandom)()


def to_page(plan: str, part: str = "") -> Response:
    """Go back to the page of a plan, to a part of it."""
    return RedirectResponse(f"/promotions/{plan}{part}", HTTPStatus.SEE_OTHER)
