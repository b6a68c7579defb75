"""The pages of what a member can have for points: gifts to reserve and fetch, prize draws to take part in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.database.commits import open_commit
from cloud.database.transactions import in_transaction
from cloud.errors import Conflict, NotFound, Refused
from cloud.ledger.requests import Answered
from cloud.member_page import reading, rewards
from cloud.member_page.card_code import drawn
from cloud.member_page.rendering import answer, language_of, today
from cloud.member_page.sessions import Visitor
from cloud.member_page.visiting import Form, Here, Page, SignedIn
from cloud.org.models import Store
from cloud.rewards import drawing, gifts, pictures
from cloud.rewards.models import Pickup
from shared.pictures import MEDIA_TYPE

router = APIRouter(include_in_schema=False)

_WORDS: Mapping[str, str] = {
    "sold_out": "gift_gone",
    "gift_unknown": "gift_closed",
    "gift_closed": "gift_closed",
    "per_member": "reward_per_member",
    "insufficient": "reward_too_few",
    "points_blocked": "reward_blocked",
    "draw_ended": "draw_over",
    "draw_unknown": "draw_over",
    "draw_not_yet": "draw_not_yet",
    "fetched": "pickup_gone",
}
"""What is said of a refusal."""


@router.get("/me/gifts")
def all_gifts(request: Request, page: Here, visitor: SignedIn) -> Response:
    """Show what one can have for points, and what waits."""
    language = language_of(request)
    with page.database.snapshot() as session:
        day = _today(session, page, visitor.member)
        spendable = reading.points_held(session, visitor.member, day).spendable
        values: dict[str, Any] = {
            "points": spendable,
            "gifts": rewards.gifts_for(session, visitor.member, spendable, language),
            "waiting": rewards.waiting_for(session, visitor.member, day, language),
            "draws": rewards.draws_open(session, day, language),
        }
    return answer(request, "gifts", tab="gifts", mark=visitor.mark, **values)


@router.get("/me/gifts/{gift}")
def gift(request: Request, page: Here, visitor: SignedIn, gift: str) -> Response:
    """Show one gift and where it is. Raise NotFound for one that is not offered."""
    return _gift(request, page, visitor, gift)


def _gift(request: Request, page: Page, visitor: Visitor, gift: str, error: str = "") -> Response:
    language = language_of(request)
    with page.database.snapshot() as session:
        day = _today(session, page, visitor.member)
        spendable = reading.points_held(session, visitor.member, day).spendable
        one = rewards.gift_for(session, visitor.member, gift, spendable, language)
        stores = rewards.stores_with(session, gift, visitor.member)
    if one is None:
        raise NotFound("no gift that is offered")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return answer(
        request, "gift", status=status, tab="gifts", mark=visitor.mark, one=one, stores=stores, points=spendable,
        request_id=page.mint(), error=error,
    )  # fmt: skip


@router.get("/me/gifts/{gift}/picture")
def picture(page: Here, visitor: SignedIn, gift: str) -> Response:
    """Show how a gift looks. Raise NotFound."""
    del visitor
    with page.database.snapshot() as session:
        row = pictures.get(session, gift)
        return Response(row.content, media_type=MEDIA_TYPE, headers={"Cache-Control": "private, max-age=3600"})


@router.post("/me/gifts/{gift}")
def reserve(request: Request, page: Here, visitor: SignedIn, form: Form, gift: str) -> Response:
    """Reserve a gift in a store for points; sent twice, it is reserved once."""
    order, at_ms, now_ms = _id(form), page.clocks.business.now_ms(), page.clocks.machine.wall_ms()

    def work(session: Session) -> Answered:
        store = session.get(Store, form.get("store", ""))
        if store is None:
            raise NotFound("no such store")
        wanted = gifts.Order(
            id=order, gift=gift, member=visitor.member, store=store.id, today=today(at_ms, store.time_zone),
            at_ms=at_ms,
        )  # fmt: skip
        return gifts.order(session, open_commit(session, now_ms), wanted, now_ms=now_ms)

    try:
        done = in_transaction(page.database, work).require()
    except Refused as refusal:
        return _gift(request, page, visitor, gift, _WORDS.get(refusal.code, "problem_other"))
    return RedirectResponse(f"/me/pickups/{done['code']}", HTTPStatus.SEE_OTHER)


@router.get("/me/pickups/{code}")
def pickup(request: Request, page: Here, visitor: SignedIn, code: str) -> Response:
    """Show the code something is fetched by. Raise NotFound for one that does not wait, or for somebody else."""
    return _pickup(request, page, visitor, code)


def _pickup(request: Request, page: Page, visitor: Visitor, code: str, error: str = "") -> Response:
    one = _waiting(request, page, visitor, code)
    return answer(request, "pickup", tab="gifts", mark=visitor.mark, one=one, error=error)


@router.get("/me/pickups/{code}/code.svg")
def pickup_picture(request: Request, page: Here, visitor: SignedIn, code: str) -> Response:
    """Draw the code. Raise NotFound as above."""
    one = _waiting(request, page, visitor, code)
    return Response(drawn(one.code), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})


def _waiting(request: Request, page: Page, visitor: Visitor, code: str) -> rewards.PickupShown:
    with page.database.snapshot() as session:
        day = _today(session, page, visitor.member)
        found = rewards.waiting_for(session, visitor.member, day, language_of(request))
    one = next((one for one in found if one.code == code), None)
    if one is None:
        raise NotFound("nothing of this member waits behind the code")
    return one


@router.post("/me/pickups/{code}/cancel")
def cancel(request: Request, page: Here, visitor: SignedIn, form: Form, code: str) -> Response:
    """Give a reserved gift back; the points are there again."""
    del form
    one = _waiting(request, page, visitor, code)
    if not one.cancels:
        raise NotFound("a prize is not given back")
    at_ms, now_ms, cause = page.clocks.business.now_ms(), page.clocks.machine.wall_ms(), page.mint()

    def work(session: Session) -> None:
        order = session.get_one(Pickup, code).subject
        gifts.cancel(session, open_commit(session, now_ms), order, cause=cause, at_ms=at_ms)

    try:
        in_transaction(page.database, work)
    except Refused as refusal:
        return _pickup(request, page, visitor, code, _WORDS.get(refusal.code, "problem_other"))
    return RedirectResponse("/me/gifts", HTTPStatus.SEE_OTHER)


@router.get("/me/draws/{draw}")
def draw(request: Request, page: Here, visitor: SignedIn, draw: str, ticket: int = 0) -> Response:
    """Show a draw, its odds and one's own tickets. Raise NotFound."""
    return _draw(request, page, visitor, draw, ticket=ticket)


def _draw(
    request: Request, page: Page, visitor: Visitor, draw_id: str, *, ticket: int = 0, error: str = ""
) -> Response:
    with page.database.snapshot() as session:
        day, house = _today(session, page, visitor.member), reading.house_of(session, visitor.member)
        one = rewards.draw_for(session, visitor.member, draw_id, day, language_of(request))
        spendable = reading.points_held(session, visitor.member, day).spendable
    if one is None:
        raise NotFound("no such draw")
    values: dict[str, Any] = {
        "one": one,
        "house": house,
        "points": spendable,
        "drawn": next((found for found in one.tickets if found.number == ticket), None),
        "request_id": page.mint(),
        "error": error,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return answer(request, "draw", status=status, tab="gifts", mark=visitor.mark, **values)


@router.post("/me/draws/{draw}")
def take_part(request: Request, page: Here, visitor: SignedIn, form: Form, draw: str) -> Response:
    """Draw once; sent twice, it is one ticket and paid once."""
    entry_id, at_ms, now_ms = _id(form), page.clocks.business.now_ms(), page.clocks.machine.wall_ms()

    def work(session: Session) -> Answered:
        day = _today(session, page, visitor.member)
        entry = drawing.Entry(id=entry_id, draw=draw, member=visitor.member, today=day, at_ms=at_ms)
        return drawing.draw(session, page.vault, open_commit(session, now_ms), entry, now_ms=now_ms)

    try:
        done = in_transaction(page.database, work).require()
    except Refused as refusal:
        return _draw(request, page, visitor, draw, error=_WORDS.get(refusal.code, "problem_other"))
    return RedirectResponse(f"/me/draws/{draw}?ticket={done['ticket']}", HTTPStatus.SEE_OTHER)


def _today(session: Session, page: Page, member: UUID) -> date:
    return today(page.clocks.business.now_ms(), reading.house_of(session, member).zone)


def _id(form: Mapping[str, str]) -> UUID:
    """Return the id that the form was made with. Raise Conflict for a form of nobody's."""
    try:
        return UUID(form.get("request", ""))
    except ValueError:
        raise Conflict("this form is incomplete: load the page again") from None
