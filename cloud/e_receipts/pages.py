"""What a customer sees who scans the QR code on a receipt, wherever the page is served."""

from __future__ import annotations

from http import HTTPStatus
from uuid import UUID

from fastapi.responses import HTMLResponse
from sqlmodel import Session

from cloud.e_receipts.reading import e_receipt
from shared.receipt.document import Align, Document, Says
from shared.receipt.html import to_html

STYLESHEET = "receipt.css"
"""Where the page's looks are, beside it."""
AGAIN_S = 20
"""How long a page waits that asks again for a receipt still on its way."""
_HEADERS = {"Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex"}
_WAITING = {
    "zh": (
        "小票正在上传",
        "小票尚未上传到总部，门店联网后即可查看。本页会自动刷新，也可稍后再扫。纸质小票同样有效。",
    ),
    "en": (
        "Your receipt is on its way",
        "Head office does not have it yet. This page looks again by itself; the paper is as good.",
    ),
}


def shown(session: Session, sale: UUID, asked: str, accept_language: str) -> HTMLResponse:
    """Return a sale's receipt in the customer's language, or say that it is still on its way.

    `asked` is the language the address names, `accept_language` the browser's header; either may be empty.
    """
    language = asked or ("zh" if accept_language.lower().startswith("zh") else "en" if accept_language else "")
    document = e_receipt(session, sale, language)
    if document is not None:
        return HTMLResponse(to_html(document, STYLESHEET), headers=_HEADERS)
    page = to_html(_on_its_way(language), STYLESHEET)
    headers = {**_HEADERS, "Refresh": str(AGAIN_S), "Retry-After": str(AGAIN_S)}
    return HTMLResponse(page, HTTPStatus.NOT_FOUND, headers=headers)


def _on_its_way(language: str) -> Document:
    spoken = "en" if language == "en" else "zh"
    title, text = _WAITING[spoken]
    blocks = (Says(text=title, align=Align.CENTRE, big=True), Says(text=text))
    return Document(language=spoken, title=title, blocks=blocks)
