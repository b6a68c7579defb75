"""The pages of gifts: all of them, one with its stock by store and who took it, one order, handing over by code."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, col, func, select

from cloud import audit
from cloud.api.services import Here, Services
from cloud.database.commits import open_commit
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.identity.people import Right
from cloud.org.models import Store
from cloud.pictures.fitting import MOST_FILE_BYTES, fit
from cloud.rewards import gift_tables, gifts, pickups, pictures, stock, words
from cloud.rewards.gifts import NewGift
from cloud.rewards.models import Gift, GiftOrder, Pickup
from cloud.rewards.pickups import Handing
from cloud.web.asked_once import fresh_id, id_of
from cloud.web.refusing import refusal_words
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of
from cloud.web.uploading import PostedFile, file_by
from shared.pictures import MEDIA_TYPE
from shared.web.phrases import Phrase

router = APIRouter(prefix="/rewards", include_in_schema=False)

MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]
MayMove = Annotated[Posted, Depends(form_by(Right.VALUE))]
MayUpload = Annotated[PostedFile, Depends(file_by(Right.PUBLISH, MOST_FILE_BYTES))]


@router.get("/gifts")
def all_gifts(request: Request, services: Here) -> Response:
    """Which gifts are offered, how many are left, and how many wait?"""
    return _list(request, services)


def _list(request: Request, services: Services, refused: str = "", handed: Pickup | None = None) -> Response:
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        offered = stock.offered(session)
        waiting = select(func.count()).select_from(Pickup).where(col(Pickup.state) == pickups.WAITING)
        return {
            "table": gift_tables.listing(language),
            "offered": len(offered),
            "empty": sum(left < 1 for _, left in offered),
            "waiting": session.exec(waiting).one(),
            "stores": session.exec(select(Store).order_by(col(Store.name))).all(),
            "refused": refused,
            "request_id": fresh_id(services),
            "handed": pickups.called(pickups.decoded(handed.names), language, handed.what) if handed else "",
        }

    return listed(request, services, "gifts", read)


@router.post("/gifts")
def create(request: Request, services: Here, form: MayPublish) -> Response:
    """Offer a new gift."""
    id_ = f"g-{id_of(form, services).hex[-12:]}"
    try:
        with services.database.session() as session:
            known = session.get(Gift, id_)
            if known is None or known.author != form.who.actor:
                gifts.create(session, _read(id_, form), actor=form.who.actor, now_ms=services.clocks.machine.wall_ms())
    except (Invalid, Conflict) as error:
        return _list(request, services, _said(error))
    return RedirectResponse(f"/rewards/gifts/{id_}", HTTPStatus.SEE_OTHER)


@router.post("/hand-over")
def hand_over(request: Request, services: Here, form: MayMove) -> Response:
    """Hand over what a code stands for, at a store's counter."""
    handing = Handing(
        cause=id_of(form, services), store=form.get("store"), by=form.who.actor, at_ms=services.clocks.business.now_ms()
    )
    try:
        with services.database.session() as session:
            row = pickups.hand_over(session, form.get("code"), handing)
            now_ms = services.clocks.machine.wall_ms()
            subject, detail = f"member {row.member_id}", f"{row.kind} {row.what} in {handing.store}"
            audit.record(
                session, at_ms=now_ms, actor=handing.by, action="pickup.hand_over", subject=subject, detail=detail
            )
            session.flush()
            handed = Pickup(**row.model_dump())
    except Refused as error:
        return _list(request, services, _said(error))
    return _list(request, services, handed=handed)


@router.get("/gifts/{gift}")
def one(request: Request, services: Here, gift: str) -> Response:
    """What is this gift, where is it, and who took it?"""
    return _page(request, services, gift)


def _page(request: Request, services: Services, gift_id: str, refused: str = "") -> Response:
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        gift = session.get(Gift, gift_id)
        if gift is None:
            raise NotFound(f"there is no gift {gift_id!r}")
        names, held = pickups.decoded(gift.names), stock.by_store(session, gift_id)
        return {
            "table": gift_tables.orders(gift_id),
            "gift": gift,
            "names": names,
            "name": pickups.called(names, language, gift.id),
            "held": held,
            "moves": stock.moves(session, gift_id),
            "stores": session.exec(select(Store).order_by(col(Store.name))).all(),
            "pictured": bool(pictures.has(session, [gift_id])),
            "state": words.GIFT_OPEN if gift.open else words.GIFT_CLOSED,
            "request_id": fresh_id(services),
            "most_mb": MOST_FILE_BYTES // 1024**2,
            "refused": refused,
        }

    return listed(request, services, "gift", read)


@router.post("/gifts/{gift}/change")
def change(request: Request, services: Here, gift: str, form: MayPublish) -> Response:
    """Change what it is called and costs, or whether it is offered."""

    def act(session: Session, now_ms: int) -> None:
        wanted, offered = _read(gift, form), form.get("open") == "yes"
        gifts.change(
            session, wanted, is_open=offered, actor=form.who.actor, reason=form.get("reason")[:500], now_ms=now_ms
        )

    return _do(request, services, gift, act)


@router.post("/gifts/{gift}/stock")
def correct(request: Request, services: Here, gift: str, form: MayPublish) -> Response:
    """Say how many came to a store, or went."""

    def act(session: Session, now_ms: int) -> None:
        text = form.get("delta").replace("−", "-")
        if not text.lstrip("+-").isdecimal() or len(text) > 8:
            raise Invalid(Phrase("say how many came or went, such as 20 or -3"))
        wanted = stock.Correction(
            id=id_of(form, services), gift=gift, store=form.get("store"), delta=int(text), reason=form.get("reason")
        )
        stock.correct(session, wanted, actor=form.who.actor, now_ms=now_ms)

    return _do(request, services, gift, act)


@router.get("/gifts/{gift}/picture")
def picture(services: Here, gift: str) -> Response:
    """Show how it looks."""
    with services.database.snapshot() as session:
        row = pictures.get(session, gift)
        return Response(row.content, media_type=MEDIA_TYPE, headers={"Cache-Control": "no-cache"})


@router.post("/gifts/{gift}/picture")
def put_picture(request: Request, services: Here, gift: str, form: MayUpload) -> Response:
    """Show another picture of it."""
    try:
        fitted = fit(form.content)
    except Invalid as error:
        return _page(request, services, gift, _said(error))

    def act(session: Session, now_ms: int) -> None:
        pictures.put(session, gift, fitted, actor=form.who.actor, now_ms=now_ms)

    return _do(request, services, gift, act)


@router.get("/orders/{order}")
def order(request: Request, services: Here, order: UUID) -> Response:
    """What became of this order?"""
    return _order(request, services, order)


def _order(request: Request, services: Services, order_id: UUID, refused: str = "") -> Response:
    language = language_of(request)

    def read(session: Session, _now_ms: int) -> Context:
        row = session.get(GiftOrder, order_id)
        if row is None:
            raise NotFound(f"there is no order {order_id}")
        gift = session.get_one(Gift, row.gift_id)
        waiting = session.exec(select(Pickup).where(col(Pickup.subject) == order_id)).first()
        return {
            "order": row,
            "name": pickups.called(pickups.decoded(gift.names), language, gift.id),
            "pickup": waiting,
            "state": words.ORDER_STATES[row.state],
            "refused": refused,
        }

    return page(request, services, "gift_order", read)


@router.post("/orders/{order}/cancel")
def cancel(request: Request, services: Here, order: UUID, form: MayMove) -> Response:
    """Cancel it: the gift is there again, the points go back."""
    now_ms, reason = services.clocks.machine.wall_ms(), form.get("reason")
    if not reason:
        return _order(request, services, order, "say why: the reason is kept in the audit log")
    try:
        with services.database.session() as session:
            at_ms = services.clocks.business.now_ms()
            gifts.cancel(session, open_commit(session, now_ms), order, cause=fresh_id(services), at_ms=at_ms)
            audit.record(
                session, at_ms=now_ms, actor=form.who.actor, action="gift.cancel", subject=f"order {order}",
                reason=reason,
            )  # fmt: skip
    except Refused as error:
        return _order(request, services, order, _said(error))
    return RedirectResponse(f"/rewards/orders/{order}", HTTPStatus.SEE_OTHER)


def _read(id_: str, form: Posted) -> NewGift:
    return NewGift(
        id=id_,
        names={language: form.get(f"name_{language}") for language in ("zh", "en") if form.get(f"name_{language}")},
        points=_number(form.get("points")),
        per_member=_number(form.get("per_member") or "0"),
        hold_days=_number(form.get("hold_days") or "14"),
    )


def _do(request: Request, services: Services, gift: str, act: Callable[[Session, int], object]) -> Response:
    try:
        with services.database.session() as session:
            act(session, services.clocks.machine.wall_ms())
    except (Refused, Invalid, NotFound, Conflict) as error:
        return _page(request, services, gift, _said(error))
    return RedirectResponse(f"/rewards/gifts/{gift}", HTTPStatus.SEE_OTHER)


def _said(error: Exception) -> str:
    return refusal_words(error, words.REFUSALS)


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 9:
        raise Invalid(Phrase("a whole number is wanted, got {text!r}", text=text))
    return int(text)
