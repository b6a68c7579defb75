"""The page behind the QR code on a receipt. Its address is the sale's id, with 74 bits of chance."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import HTMLResponse, Response

from cloud.api.services import Here
from cloud.e_receipts.pages import STYLESHEET, shown
from shared.receipt.html import STYLE

router = APIRouter(tags=["e-receipts"])


@router.get(f"/r/{STYLESHEET}", include_in_schema=False)
def style() -> Response:
    """Return how the page looks."""
    return Response(STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=86400"})


@router.get("/r/{sale}", include_in_schema=False)
def show(sale: UUID, services: Here, lang: str = "", accept_language: Annotated[str, Header()] = "") -> HTMLResponse:
    """Show a receipt in the customer's language, or say that it is still on its way."""
    with services.database.snapshot() as session:
        return shown(session, sale, lang, accept_language)
