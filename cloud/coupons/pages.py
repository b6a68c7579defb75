"""The pages of coupons: every batch, a new one, one with its codes, one code's life, and what is done to them."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import Session, col, func, select

from cloud.api.services import Here, Services
from cloud.coupons import batches, changing, forms, life, tables, words
from cloud.coupons.changing import Act
from cloud.coupons.choices import coupon_promotions
from cloud.coupons.figures import Tally, tallies
from cloud.coupons.models import CouponBatch
from cloud.database.commits import open_commit
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.identity.people import Right
from cloud.ledger.requests import once
from cloud.members import segments
from cloud.org.stores import house_money
from cloud.org.zones import house_day
from cloud.rewards import runs
from cloud.rewards.models import Run
from cloud.rewards.words import RUN_STATES
from cloud.web.asked_once import fresh_id, id_of
from cloud.web.refusing import refusal_words
from cloud.web.rendering import Context, environment, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of
from shared.web.phrases import Phrase

router = APIRouter(prefix="/coupons", include_in_schema=False)

MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]
MayMove = Annotated[Posted, Depends(form_by(Right.VALUE))]


@router.get("")
def coupons(request: Request, services: Here) -> Response:
    """Which coupons are out, how do they stand, what do they cost?"""

    def read(session: Session, _now_ms: int) -> Context:
        today, (currency, exponent) = _today(session, services), house_money(session)
        tallied = tallies(session, today)
        whole = sum(tallied.values(), Tally())
        live = select(func.count()).select_from(CouponBatch).where(~col(CouponBatch.closed))
        running = session.exec(live.where(col(CouponBatch.ends) >= today, col(CouponBatch.starts) <= today)).one()
        return {
            "table": tables.batches(today, (currency, exponent), tallied),
            "whole": whole,
            "running": running,
            "currency": currency,
            "exponent": exponent,
        }

    return listed(request, services, "coupons", read)


@router.get("/new")
def new(request: Request, services: Here) -> Response:
    """What is it to be?"""
    return _form(request, services, lambda _name: "")


def _form(request: Request, services: Services, get: Callable[[str], str], refused: str = "") -> Response:
    def read(session: Session, _now_ms: int) -> Context:
        exponent = house_money(session)[1]
        return {
            "choices": coupon_promotions(session, services.clocks.business.now_ms(), exponent),
            "kinds": words.KINDS,
            "get": get,
            "refused": refused,
            "today": _today(session, services),
            "says": [],
            "sentence": {},
            "request_id": fresh_id(services),
        }

    return page(request, services, "coupon_new", read)


@router.post("/says")
def says(request: Request, services: Here, form: MayPlan) -> Response:
    """Say a form that is being filled in, without making anything."""
    refused, said, sentence = "", [], {}
    try:
        typed = forms.read(form.get, fresh_id(services))
        said = forms.said(typed.batch)
        with services.database.snapshot() as session:
            exponent = house_money(session)[1]
            found = coupon_promotions(session, services.clocks.business.now_ms(), exponent)
            sentence = dict(found.get(typed.batch.promotion, {}))
    except Invalid as error:
        refused = _said(error)
    values = {"says": said, "refused": refused, "sentence": sentence}
    body = environment(language_of(request)).get_template("_coupon_says.html").render(values)
    return HTMLResponse(body, headers={"Cache-Control": "no-store"})


@router.post("")
def create(request: Request, services: Here, form: MayPublish) -> Response:
    """Make a batch, and codes of it where wanted."""
    try:
        typed = forms.read(form.get, id_of(form, services))
        with services.database.session() as session:
            act = _act(services, form)
            known = session.get(CouponBatch, typed.batch.id)
            if known is None or known.author != act.actor:
                batches.create(session, typed.batch, secrets.randbits, actor=act.actor, now_ms=act.now_ms)
                _make_codes(session, services, typed.batch.id, typed.codes, fresh_id(services))
    except (Invalid, Refused, Conflict) as error:
        return _form(request, services, form.get, _said(error))
    return RedirectResponse(f"/coupons/{typed.batch.id}", HTTPStatus.SEE_OTHER)


@router.get("/find")
def find(services: Here, code: str = "") -> Response:
    """Go to the coupon behind a code, or back to all of them."""
    with services.database.snapshot() as session:
        try:
            found = life.find(session, code).code
        except NotFound:
            return RedirectResponse("/coupons?q=" + code.strip()[:50], HTTPStatus.SEE_OTHER)
    return RedirectResponse(f"/coupons/codes/{found}", HTTPStatus.SEE_OTHER)


@router.get("/codes/{code}")
def coupon(request: Request, services: Here, code: str) -> Response:
    """What became of this coupon?"""
    return _coupon(request, services, code)


def _coupon(request: Request, services: Services, code: str, refused: str = "") -> Response:
    def read(session: Session, _now_ms: int) -> Context:
        currency, exponent = house_money(session)
        return {
            "it": life.life_of(session, code),
            "today": _today(session, services),
            "currency": currency,
            "exponent": exponent,
            "words": words,
            "refused": refused,
        }

    return page(request, services, "coupon", read)


@router.post("/codes/{code}/withdraw")
def withdraw_code(request: Request, services: Here, code: str, form: MayMove) -> Response:
    """Take one coupon back."""
    try:
        with services.database.session() as session:
            act = _act(services, form)
            changing.withdraw_code(session, open_commit(session, act.now_ms), code, act, cause=fresh_id(services))
    except (Invalid, Refused) as error:
        return _coupon(request, services, code, _said(error))
    return RedirectResponse(f"/coupons/codes/{code}", HTTPStatus.SEE_OTHER)


@router.get("/{batch}")
def one(request: Request, services: Here, batch: str) -> Response:
    """What is this batch, and how do its coupons stand?"""
    return _page(request, services, batch)


def _page(request: Request, services: Services, batch_id: str, refused: str = "") -> Response:
    signed = getattr(request.state, "signed", None)
    shown = signed is not None and (signed.may(Right.PUBLISH) or signed.may(Right.VALUE))

    def read(session: Session, _now_ms: int) -> Context:
        batch = session.get(CouponBatch, batch_id)
        if batch is None:
            raise NotFound(f"there is no batch {batch_id!r}")
        today, (currency, exponent) = _today(session, services), house_money(session)
        found = coupon_promotions(session, services.clocks.business.now_ms(), exponent)
        given = select(Run).where(col(Run.kind) == runs.COUPONS, col(Run.parameters).contains(f'"{batch_id}"'))
        return {
            "table": tables.codes(batch_id, today, (currency, exponent), shown=shown),
            "batch": batch,
            "tally": tallies(session, today, [batch_id]).get(batch_id, Tally()),
            "state": tables.state_of(batch, today),
            "kind": words.KINDS[batch.kind],
            "says": forms.said(_as_new(batch)),
            "sentence": found.get(batch.promotion, {}),
            "segments": segments.names(session),
            "runs": session.exec(given.order_by(col(Run.made_ms).desc()).limit(20)).all(),
            "run_states": RUN_STATES,
            "currency": currency,
            "exponent": exponent,
            "shown": shown,
            "refused": refused,
            "request_id": fresh_id(services),
        }

    return listed(request, services, "coupon_batch", read)


@router.post("/{batch}/codes")
def more_codes(request: Request, services: Here, batch: str, form: MayPublish) -> Response:
    """Make more codes to hand out."""
    text = form.get("codes")
    count = int(text) if text.isdecimal() and len(text) < 7 else 0
    asked = id_of(form, services)
    return _do(
        request, services, batch, form, lambda session, _act: _make_codes(session, services, batch, count, asked)
    )


@router.post("/{batch}/extend")
def extend(request: Request, services: Here, batch: str, form: MayPublish) -> Response:
    """Let it last longer."""

    def act(session: Session, by: Act) -> None:
        try:
            ends = date.fromisoformat(form.get("ends"))
        except ValueError:
            raise Invalid(Phrase("until: choose a day")) from None
        changing.extend(session, batch, ends, by)

    return _do(request, services, batch, form, act)


@router.post("/{batch}/withdraw")
def withdraw(request: Request, services: Here, batch: str, form: MayPublish) -> Response:
    """End the batch and all unused coupons of it."""

    def act(session: Session, by: Act) -> None:
        changing.withdraw(session, open_commit(session, by.now_ms), batch, by, cause=fresh_id(services))

    return _do(request, services, batch, form, act)


@router.post("/{batch}/give")
def give(request: Request, services: Here, batch: str, form: MayPlan) -> Response:
    """Ask for one for each member of a segment, to be worked out first."""
    run = id_of(form, services)
    try:
        with services.database.session() as session:
            act = _act(services, form)
            wanted: dict[str, object] = {
                "batch": batch, "segment": form.get("segment"), "today": str(_today(session, services)),
            }  # fmt: skip
            if form.get("tell"):
                wanted["tell"] = True
            runs.ask(session, run, runs.COUPONS, wanted, runs.Act(act.actor, act.now_ms, act.at_ms, act.reason))
    except (Invalid, Refused, Conflict) as error:
        return _page(request, services, batch, _said(error))
    return RedirectResponse(f"/rewards/runs/{run}", HTTPStatus.SEE_OTHER)


def _make_codes(session: Session, services: Services, batch: str, count: int, request: UUID) -> None:
    """Make codes to hand out, once for a request. Raise Refused as `batches.give` does."""
    if count < 1:
        return
    now_ms, at_ms = services.clocks.machine.wall_ms(), services.clocks.business.now_ms()

    def make() -> dict[str, int]:
        today = house_day(session, at_ms)
        made = batches.give(
            session, open_commit(session, now_ms), batch, [None] * count, secrets.randbits, cause=request,
            today=today, at_ms=at_ms,
        )  # fmt: skip
        return {"made": len(made)}

    once(session, request, "coupons_codes", {"batch": batch, "count": count}, make, now_ms=now_ms).require()


def _do(
    request: Request, services: Services, batch: str, form: Posted, act: Callable[[Session, Act], object]
) -> Response:
    """Act in one transaction and go back to the page; what is refused is said on it."""
    try:
        with services.database.session() as session:
            act(session, _act(services, form))
    except (Refused, Invalid, Conflict) as error:
        return _page(request, services, batch, _said(error))
    return RedirectResponse(f"/coupons/{batch}", HTTPStatus.SEE_OTHER)


def _said(error: Exception) -> str:
    return refusal_words(error, words.REFUSALS)


def _as_new(batch: CouponBatch) -> batches.NewBatch:
    return batches.NewBatch(
        id=batch.id, kind=batch.kind, promotion=batch.promotion, starts=batch.starts, ends=batch.ends,
        most=batch.most, days_valid=batch.days_valid, per_member=batch.per_member,
        released_by_return=batch.released_by_return,
    )  # fmt: skip


def _act(services: Services, form: Posted) -> Act:
    return Act(
        actor=form.who.actor,
        reason=form.get("reason")[:500],
        at_ms=services.clocks.business.now_ms(),
        now_ms=services.clocks.machine.wall_ms(),
    )


def _today(session: Session, services: Services) -> date:
    return house_day(session, services.clocks.business.now_ms())
