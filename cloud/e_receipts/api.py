"""The page behind the QR code on a receipt. Its address is the sale's id, with 74 bits of chance."""

from __future__ import annotations

from html import escape
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import HTMLResponse, Response

from cloud.api.services import Here
from cloud.e_receipts.reading import e_receipt
from shared.receipt.html import STYLE, to_html

router = APIRouter(tags=["e-receipts"])

_WAITING = {
    "zh": "小票尚未上传到总部，请稍后再试。纸质小票同样有效。",
    "en": "This receipt has not reached head office yet. Please try again later; the paper is as good.",
}
_HEADERS = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}


@router.get("/r/receipt.css", include_in_schema=False)
def style() -> Response:
    """Return how the page looks."""
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})


@router.get("/r/{sale}", include_in_schema=False)
def show(sale: UUID, services: Here, lang: str = "", accept_language: Annotated[str, Header()] = "") -> HTMLResponse:
    """Show a receipt in the customer's language, or say that it is still on its way."""
    language = lang or ("zh" if accept_language.lower().startswith("zh") else "en" if accept_language else "")
    with services.database.snapshot() as session:
        document = e_receipt(session, sale, language)
    if document is None:
        said = _WAITING.get(language) or _WAITING["zh"]
        page = f'<!doctype html><meta charset="utf-8"><title>404</title><p>{escape(said)}</p>'
        return HTMLResponse(page, status_code=404, headers=_HEADERS)
    return HTMLResponse(to_html(document, "receipt.css"), headers=_HEADERS)
