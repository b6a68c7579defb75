"""What goes into a price change: one item's prices typed in a form, rows pasted, a file; and single rows taken out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from cloud.api.services import Here, Services
from cloud.console.price_change_page import Asked, act_of, show
from cloud.console.promotion_refusals import REFUSALS
from cloud.errors import Invalid, NotFound, Refused
from cloud.identity.people import Right
from cloud.prices import row_editing
from cloud.prices.drafts import record_writing
from cloud.prices.exports import export_draft
from cloud.prices.finding import VALUES, find_items, find_values
from cloud.prices.imports import import_sheet
from cloud.prices.sheets import MAX_FILE_BYTES, MEDIA_TYPES, SheetFormat
from cloud.web.refusing import refusal_words
from cloud.web.rendering import environment
from cloud.web.signing_in import Posted, form_by
from cloud.web.speaking import language_of
from cloud.web.uploading import PostedFile, file_by
from shared.body import BodyKind
from shared.web.phrases import Phrase

router = APIRouter(include_in_schema=False)

MayPlan = Annotated[Posted, Depends(form_by(Right.PLAN))]
MayUpload = Annotated[PostedFile, Depends(file_by(Right.PLAN, MAX_FILE_BYTES))]


@router.get("/prices/items")
def items(request: Request, services: Here, q: str = "", draft: str = "", field: str = "") -> Response:
    """Which items, or which of their categories, brands and so on, fit? A part of a page.

    With a draft it links to an item's prices there; with a form's field it is buttons that fill it.
    """
    of = field.rpartition(".")[2]
    of_items = of not in VALUES
    with services.database.snapshot() as session:
        values = [] if of_items else find_values(session, of, q)
        found = find_items(session, q, draft) if of_items else []
    by = "comma" if not of_items else "space" if of in {"items", "gifts"} else "one"
    context = {"found": found, "values": values, "q": q, "draft": draft, "field": field, "by": by, "of_items": of_items}
    body = environment(language_of(request)).get_template("_items_found.html").render(context)
    return HTMLResponse(body, headers={"Cache-Control": "no-store"})


@router.post("/prices/changes/{draft}/item")
def item(request: Request, services: Here, draft: str, form: MayPlan) -> Response:
    """Take the prices of one item as they were typed."""
    typed = dict(form.fields)
    asked, act = Asked(item=form.get("item"), stores=form.all("store"), typed=typed), act_of(services, form)
    try:
        with services.database.session() as session:
            it = row_editing.editing(session, draft, asked.item, asked.stores, act.now_ms)
            wrong = row_editing.change(session, draft, it, form.get, act)
    except (Refused, Invalid, NotFound) as error:
        return show(request, services, draft, refused=refusal_words(error, REFUSALS))
    if wrong:
        return show(request, services, draft, asked=asked, wrong=wrong)
    return _to(draft, "#changes")


@router.post("/prices/changes/{draft}/remove")
def remove(request: Request, services: Here, draft: str, form: MayPlan) -> Response:
    """Take one row out of the draft."""
    kind, scope, number = form.get("kind"), form.get("scope"), form.get("item")
    try:
        with services.database.session() as session:
            row_editing.remove(session, draft, kind, scope, number, act=act_of(services, form))
    except (Refused, Invalid) as error:
        return show(request, services, draft, refused=refusal_words(error, REFUSALS))
    return _to(draft, f"?{urlencode({'item': number})}#changes")


@router.post("/prices/changes/{draft}/rows")
def put(request: Request, services: Here, draft: str, form: MayPlan) -> Response:
    """Take rows pasted from a spreadsheet: all of them, or none if one is bad."""
    return _take(request, services, draft, form, form.get("rows").replace("\t", ",").encode())


@router.post("/prices/changes/{draft}/file")
def upload(request: Request, services: Here, draft: str, form: MayUpload) -> Response:
    """Take the rows of a CSV or XLSX file: all of them, or none if one is bad."""
    if not form.content:
        return show(request, services, draft, refused=Phrase("Choose a file first."))
    return _take(request, services, draft, form, form.content)


@router.get("/prices/changes/{draft}/as-file")
def as_file(
    request: Request, services: Here, draft: str, kind: BodyKind = BodyKind.PRICES, form: SheetFormat = "xlsx"
) -> Response:
    """Which prices does it change, as a file to look through, and to send in again?"""
    with services.database.snapshot() as session:
        content = export_draft(session, draft, kind, form, language_of(request))
    headers = {"Content-Disposition": f'attachment; filename="{kind}.{form}"', "Cache-Control": "no-store"}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)


def _take(request: Request, services: Services, draft: str, form: Posted, content: bytes) -> Response:
    kind = BodyKind.OVERRIDES if form.get("kind") == "overrides" else BodyKind.PRICES
    try:
        with services.database.session() as session:
            act = act_of(services, form)
            result = import_sheet(session, draft, kind, content, actor=act.actor, now_ms=act.now_ms, dry_run=False)
            if result.stored:
                rows = result.changes + result.removals
                record_writing(session, draft, actor=act.actor, wall_ms=act.wall_ms, put=rows)
    except (Refused, Invalid) as error:
        return show(request, services, draft, refused=refusal_words(error, REFUSALS))
    return show(request, services, draft, result=result) if result.problems else _to(draft, "#changes")


def _to(draft: str, part: str = "") -> Response:
    return RedirectResponse(f"/prices/changes/{draft}{part}", HTTPStatus.SEE_OTHER)
