"""The pages of prize draws: all of them, a new one with its odds, one with its tickets, and whether it holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlalchemy import select as columns_of
from sqlmodel import Session, col, func, select

from cloud.api.services import Here, Services
from cloud.coupons.models import CODES, PERSONAL, CouponBatch
from cloud.errors import Conflict, Invalid, Refused
from cloud.identity.people import Right
from cloud.org.stores import house_money
from cloud.org.zones import house_day
from cloud.rewards import checking, draw_forms, drawing, law, pickups, runs, words
from cloud.rewards.models import Draw, DrawStock, Run, Ticket
from cloud.web.asked_once import fresh_id, id_of
from cloud.web.refusing import refusal_words
from cloud.web.rendering import Context, environment, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of
from cloud.web.tables import Asked, Cell, Column, Kind, Listing, Query, SqlSource
from shared.draws import SEED_BYTES, DrawRules
from shared.web.words import marked

router = APIRouter(prefix="/rewards/draws", include_in_schema=False)

MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]
_MOST_AT_ONCE = 2_000
"""So many tickets are replayed whenever the page is opened; more when somebody asks, for it takes seconds."""
MayRule = Annotated[Posted, Depends(form_by(Right.PEOPLE))]


@router.get("")
def draws(request: Request, services: Here) -> Response:
    """Which draws are open, and what did they give?"""
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        today = house_day(session, services.clocks.business.now_ms())
        rows = session.exec(select(Draw).order_by(col(Draw.ended), col(Draw.made_ms).desc()).limit(200)).all()
        points = session.exec(select(func.coalesce(func.sum(col(Ticket.points)), 0))).one()
        return {
            "draws": [(row, _name(row, language), _state(row, today)) for row in rows],
            "open": sum(not row.ended for row in rows),
            "points": int(points),
            "most_minor": law.top_prize_minor(session),
            "money": house_money(session),
        }

    return page(request, services, "draws", read)


@router.get("/new")
def new(request: Request, services: Here) -> Response:
    """What can be won, and how likely?"""
    return _form(request, services, lambda _name: "")


def _form(request: Request, services: Services, get: Callable[[str], str], refused: str = "") -> Response:
    def read(session: Session, _now_ms: int) -> Context:
        money = house_money(session)
        values = {
            "rows": range(1, draw_forms.ROWS + 1),
            "get": get,
            "refused": refused,
            "odds": [],
            "money": money,
            "request_id": fresh_id(services),
        }
        values["batches"] = _batches(session)
        return {**values, "most_minor": law.top_prize_minor(session), "currency": money[0], "exponent": money[1]}

    return page(request, services, "draw_new", read)


@router.post("/says")
def says(request: Request, services: Here, form: MayPlan) -> Response:
    """Say the odds of a form that is being filled in, without opening anything."""
    refused, odds = "", []
    with services.database.snapshot() as session:
        currency, exponent = house_money(session)
        try:
            wanted = draw_forms.read(form.get, fresh_id(services), exponent)
            drawing.check(session, wanted)
            odds = draw_forms.odds_of(wanted.rules, dict(wanted.stock))
        except (Invalid, Refused) as error:
            refused = _said(error)
    values = {"odds": odds, "refused": refused, "currency": currency, "exponent": exponent}
    body = environment(language_of(request)).get_template("_draw_odds.html").render(values)
    return HTMLResponse(body, headers={"Cache-Control": "no-store"})


@router.post("")
def create(request: Request, services: Here, form: MayPublish) -> Response:
    """Open it: from now on its odds and the mark of its seed are public."""
    try:
        with services.database.session() as session:
            wanted = draw_forms.read(form.get, id_of(form, services), house_money(session)[1])
            now_ms, place = services.clocks.machine.wall_ms(), wanted.id
            known = session.get(Draw, place)
            if known is None or known.author != form.who.actor:
                drawing.open_draw(
                    session, services.vault, wanted, os.urandom(SEED_BYTES), actor=form.who.actor, now_ms=now_ms,
                    business_ms=services.clocks.business.now_ms(),
                )  # fmt: skip
    except (Invalid, Refused, Conflict) as error:
        return _form(request, services, form.get, _said(error))
    return RedirectResponse(f"/rewards/draws/{place}", HTTPStatus.SEE_OTHER)


@router.post("/cap")
def cap(services: Here, form: MayRule) -> Response:
    """Change the most a prize may be worth."""
    text, now_ms = form.get("most"), services.clocks.machine.wall_ms()
    with services.database.session() as session:
        exponent = house_money(session)[1]
        if text.isdecimal() and len(text) < 10 and form.get("reason"):
            minor = int(text) * 10**exponent
            law.set_top_prize(session, minor, actor=form.who.actor, reason=form.get("reason")[:500], now_ms=now_ms)
    return RedirectResponse("/rewards/draws", HTTPStatus.SEE_OTHER)


@router.get("/{draw}")
def one(request: Request, services: Here, draw: str) -> Response:
    """What can be won here, what was, and does every ticket hold?"""
    return _page(request, services, draw)


def _page(request: Request, services: Services, draw_id: str, refused: str = "") -> Response:
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        row, (currency, exponent) = drawing.find(session, draw_id), house_money(session)
        rules, left = drawing.rules_of(row), _left(session, draw_id)
        tickets, wanted = row.next_ticket - 1, request.query_params.get("replay") == "all"
        members = select(func.count(col(Ticket.member_id).distinct())).where(col(Ticket.draw_id) == draw_id)
        paid = select(func.coalesce(func.sum(col(Ticket.points)), 0)).where(col(Ticket.draw_id) == draw_id)
        return {
            "table": _tickets(row, rules, drawing.seed_of(services.vault, row), language),
            "draw": row,
            "name": _name(row, language),
            "state": _state(row, house_day(session, services.clocks.business.now_ms())),
            "odds": draw_forms.odds_of(rules, {one.prize: one.whole for one in left}),
            "left": {one.prize: one.left for one in left},
            "members": session.exec(members).one(),
            "paid": int(session.exec(paid).one()),
            "tickets": tickets,
            "given": sum(one.whole - one.left for one in left),
            "checked": checking.check_draw(session, services.vault, draw_id)
            if tickets <= _MOST_AT_ONCE or wanted
            else None,
            "method": checking.METHOD,
            "refunds": _refunds(session, draw_id),
            "one_state": lambda run: words.RUN_STATES[run.state],
            "request_id": fresh_id(services),
            "currency": currency,
            "exponent": exponent,
            "refused": refused,
        }

    return listed(request, services, "draw", read)


@router.post("/{draw}/end")
def end(request: Request, services: Here, draw: str, form: MayPublish) -> Response:
    """End it and show the seed."""
    if not form.get("reason"):
        return _page(request, services, draw, "say why: the reason is kept in the audit log")
    with services.database.session() as session:
        now_ms, reason = services.clocks.machine.wall_ms(), form.get("reason")[:500]
        drawing.end(session, services.vault, draw, actor=form.who.actor, now_ms=now_ms, reason=reason)
    return RedirectResponse(f"/rewards/draws/{draw}", HTTPStatus.SEE_OTHER)


@router.post("/{draw}/refund")
def refund(request: Request, services: Here, draw: str, form: MayPlan) -> Response:
    """Have a refund of every ticket worked out, for somebody else to approve."""
    run, reason = id_of(form, services), form.get("reason")[:500]
    act = runs.Act(form.who.actor, services.clocks.machine.wall_ms(), services.clocks.business.now_ms(), reason)
    try:
        with services.database.session() as session:
            runs.ask(session, run, runs.REFUND, {"draw": draw}, act)
    except (Invalid, Refused, Conflict) as error:
        return _page(request, services, draw, _said(error))
    return RedirectResponse(f"/rewards/runs/{run}", HTTPStatus.SEE_OTHER)


def _batches(session: Session) -> Sequence[tuple[str, str]]:
    """Return (id, title) of the batches whose coupons can be won, the newest first."""
    fits = (~col(CouponBatch.closed), col(CouponBatch.kind).in_((PERSONAL, CODES)))
    query = select(CouponBatch.id, CouponBatch.title).where(*fits).order_by(col(CouponBatch.made_ms).desc())
    return session.exec(query.limit(200)).all()


def _refunds(session: Session, draw_id: str) -> Sequence[Run]:
    """Return the runs that refund a draw, the newest first."""
    asked = msgspec.json.encode({"draw": draw_id}, order="sorted").decode()
    wanted = (col(Run.kind) == runs.REFUND, col(Run.parameters) == asked)
    return session.exec(select(Run).where(*wanted).order_by(col(Run.made_ms).desc())).all()


def _tickets(row: Draw, rules: DrawRules, seed: bytes, language: str) -> Listing[Any]:
    """Return the table of tickets without members: whoever has the seed can check it."""
    names = {one.prize: one.names for one in rules.prizes}

    def called(prize: str) -> Cell:
        if not prize:
            return Cell(value=marked("nothing"), say=True)
        return Cell(value=pickups.called(names.get(prize, {}), language, prize))

    def holds(found: Any) -> Cell:
        if rules.land(seed, found.number) != found.landed:
            return Cell(value=marked("says something else"), tone="bad", say=True)
        return Cell(value=marked("the same"), tone="good", say=True)

    def columns() -> Sequence[Column[Any]]:
        return (
            Column(
                key="number",
                title=marked("Ticket"),
                kind=Kind.NUMBER,
                order=col(Ticket.number),
                cell=lambda found: found.number,
            ),
            Column(key="landed", title=marked("Landed on"), cell=lambda found: called(found.landed)),
            Column(
                key="prize",
                title=marked("Won"),
                order=col(Ticket.prize),
                cell=lambda found: called(found.prize),
            ),
            Column(key="holds", title=marked("Replayed"), cell=holds),
        )

    def query(_asked: Asked) -> Query:
        wanted: Query = columns_of(col(Ticket.number), col(Ticket.landed), col(Ticket.prize))
        return wanted.where(col(Ticket.draw_id) == row.id)

    return Listing(
        name="tickets",
        title=marked("Tickets"),
        columns=columns(),
        source=SqlSource(query, lambda found: found, columns, (col(Ticket.number).desc(),)),
        order="-number",
        empty=marked("Nobody has drawn yet."),
    )


def _left(session: Session, draw_id: str) -> Sequence[DrawStock]:
    return session.exec(select(DrawStock).where(col(DrawStock.draw_id) == draw_id)).all()


def _name(row: Draw, language: str) -> str:
    return pickups.called(pickups.decoded(row.names), language, row.id)


def _state(row: Draw, today: Any) -> tuple[str, str]:
    if row.ended:
        return words.DRAW_ENDED
    return words.DRAW_LATER if row.starts and today < row.starts else words.DRAW_OPEN


def _said(error: Exception) -> str:
    return refusal_words(error, words.REFUSALS)
