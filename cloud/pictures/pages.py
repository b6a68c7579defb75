"""The pages of pictures: which items have one, one item's as its display shows it, and another one tried before use."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session, func, select

from cloud.api.services import Here, Services
from cloud.errors import Invalid, NotFound
from cloud.identity.people import Right
from cloud.pictures import keeping, tables
from cloud.pictures.api import FOR_EVER
from cloud.pictures.finding import items_meant
from cloud.pictures.fitting import MOST_FILE_BYTES, fit
from cloud.pictures.models import ItemPicture
from cloud.pictures.standing import following
from cloud.prices.naming import item_names
from cloud.web.refusing import refusal_words
from cloud.web.rendering import Context, page
from cloud.web.showing import listed
from cloud.web.signing_in import Posted, form_by
from cloud.web.uploading import PostedFile, file_by
from shared.pictures import MEDIA_TYPE, is_picture_name
from shared.web.phrases import Phrase

HERE = "/prices/pictures"
router = APIRouter(prefix=HERE, include_in_schema=False)

MayUpload = Annotated[PostedFile, Depends(file_by(Right.PUBLISH, MOST_FILE_BYTES))]
MayPublish = Annotated[Posted, Depends(form_by(Right.PUBLISH))]


@router.get("")
def pictures(request: Request, services: Here) -> Response:
    """Which items have a picture?"""
    return _list(request, services)


def _list(request: Request, services: Services, refused: str = "", wanted: str = "") -> Response:
    def read(session: Session, _now_ms: int) -> Context:
        return {
            "table": tables.PICTURES,
            "pictured": session.exec(select(func.count()).select_from(ItemPicture)).one(),
            "following": following(session),
            "most_mb": MOST_FILE_BYTES // 1024**2,
            "wanted": wanted,
            "refused": refused,
        }

    return listed(request, services, "pictures", read)


@router.post("")
def try_one(request: Request, services: Here, posted: MayUpload) -> Response:
    """Make a file small and show it: nothing is on a till before somebody has seen it so."""
    text = posted.get("item")
    try:
        with services.database.snapshot() as session:
            item = _meant(session, text)
        fitted = fit(posted.content)
        with services.database.session() as session:
            (name,) = keeping.keep(session, [fitted], now_ms=services.clocks.machine.wall_ms())
    except Invalid as error:
        return _list(request, services, refusal_words(error, {}), text)
    return RedirectResponse(f"{_address(item)}?new={name}", HTTPStatus.SEE_OTHER)


@router.get("/of/{item:path}")
def one(request: Request, services: Here, item: str, new: str = "") -> Response:
    """What does this item look like on a display, and what would it look like?"""

    def read(session: Session, _now_ms: int) -> Context:
        names = item_names(session, [item])
        if item not in names:
            raise NotFound(f"no price book names item {item!r}")
        return {
            "item": item,
            "names": names[item],
            "now": keeping.picture_of(session, item),
            "new": new if is_picture_name(new) else "",
            "most_mb": MOST_FILE_BYTES // 1024**2,
        }

    return page(request, services, "picture", read)


@router.post("/use")
def use(request: Request, services: Here, form: MayPublish) -> Response:
    """Give the item this picture."""
    item, now_ms = form.get("item"), services.clocks.machine.wall_ms()
    try:
        with services.database.session() as session:
            wanted = {item: form.get("picture")}
            keeping.use(session, wanted, actor=form.who.actor, now_ms=now_ms, reason=form.get("reason")[:500])
    except (Invalid, NotFound) as error:
        return _list(request, services, refusal_words(error, {}), item)
    return RedirectResponse(_address(item), HTTPStatus.SEE_OTHER)


@router.post("/remove")
def remove(request: Request, services: Here, form: MayPublish) -> Response:
    """Take the item's picture away."""
    item, now_ms = form.get("item"), services.clocks.machine.wall_ms()
    try:
        with services.database.session() as session:
            keeping.remove(session, item, actor=form.who.actor, now_ms=now_ms, reason=form.get("reason")[:500])
    except NotFound as error:
        return _list(request, services, refusal_words(error, {}), item)
    return RedirectResponse(_address(item), HTTPStatus.SEE_OTHER)


@router.get("/{name}.webp")
def content(services: Here, name: str) -> Response:
    """Show a picture."""
    with services.database.snapshot() as session:
        found = keeping.content_of(session, name)
    return Response(found, media_type=MEDIA_TYPE, headers={"Cache-Control": FOR_EVER.replace("public", "private")})


def _meant(session: Session, text: str) -> str:
    item = items_meant(session, [text]).get(text)
    if item is None:
        raise Invalid(Phrase("no item has the number or barcode {text}", text=text[:64]))
    return item


def _address(item: str) -> str:
    return f"{HERE}/of/{quote(item)}"
