"""The page behind a receipt's QR code, where customers' telephones reach it: beside the members' page, for all."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header
from fastapi.responses import HTMLResponse, Response

from cloud.e_receipts.api import style
from cloud.e_receipts.pages import STYLESHEET, shown
from cloud.member_page.visiting import Here

router = APIRouter(include_in_schema=False)


@router.get(f"/r/{STYLESHEET}")
def looks() -> Response:
    """Return how the page looks."""
    return style()


@router.get("/r/{sale}")
def show(page: Here, sale: UUID, lang: str = "", accept_language: Annotated[str, Header()] = "") -> HTMLResponse:
    """Show a receipt to whoever holds the paper, or say that it is still on its way; nothing of a member is on it."""
    with page.database.snapshot() as session:
        return shown(session, sale, lang, accept_language)
