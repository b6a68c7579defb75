"""From a context to HTML in somebody's language: templates, filters, and what every page's answer carries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlmodel import Session

from cloud.api.services import Services
from cloud.console.words import LANGUAGES, Language, word
from cloud.errors import NotFound

HERE = Path(__file__).parent
PAGES = (("today", "/"), ("prices", "/prices"), ("parked", "/parked"), ("ledger", "/ledger"))
_COOKIE = "language"
_YEAR_SECONDS = 365 * 24 * 3600
_UNITS = ("B", "KB", "MB", "GB", "TB")

Read = Callable[[Session, int], dict[str, Any]]
"""Reads a page's context. It is given the machine's wall time in milliseconds."""


def money(minor: int, exponent: int) -> str:
    """Write minor units as people do: 1234567 with exponent 2 is 12,345.67."""
    if not exponent:
        return f"{minor:,}"
    whole, rest = divmod(abs(minor), 10**exponent)
    return f"{'-' if minor < 0 else ''}{whole:,}.{rest:0{exponent}d}"


def moment(at_ms: int) -> str:
    """Write a moment to the second, in UTC; an empty text for none that a calendar has."""
    try:
        return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (ValueError, OverflowError, OSError):
        return ""


def size(count: int) -> str:
    """Write a number of bytes in the largest unit that leaves at least one."""
    unit = 0
    while count >= 1000 and unit < len(_UNITS) - 1:
        count, unit = count // 1000, unit + 1
    return f"{count} {_UNITS[unit]}"


_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(money=money, moment=moment, size=size, thousands=lambda number: f"{number:,}")


def page(request: Request, services: Services, name: str, read: Read, *, room: str = "") -> HTMLResponse:
    """Answer with a page: its template is `name`, the navigation marks `room`. What is not there is said as a page."""
    status = HTTPStatus.OK
    with services.database.snapshot() as session:
        try:
            context = read(session, services.clocks.machine.wall_ms())
        except NotFound:
            status, name, context = HTTPStatus.NOT_FOUND, "missing", {}
    return _answer(request, name, {"room": room or name, **context}, status)


def _answer(request: Request, name: str, context: dict[str, Any], status: HTTPStatus) -> HTMLResponse:
    language = _language(request)
    template = _templates.get_template(f"{name}.html")
    values = {
        "t": partial(_translate, language),
        "language": language,
        "page": name,
        "pages": PAGES,
        "path": request.url.path,
        **context,
    }
    if request.headers.get("X-Partial") == "live":
        body = "".join(template.blocks["live"](template.new_context(values)))
    else:
        body = template.render(values)
    headers = {"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language, X-Partial", "Content-Language": language}
    response = HTMLResponse(body, status_code=status, headers=headers)
    if request.query_params.get("language") in LANGUAGES:
        response.set_cookie(_COOKIE, language, max_age=_YEAR_SECONDS, httponly=True, samesite="lax")
    return response


def _translate(language: Language, key: str, **values: object) -> str:
    return word(key, language, **values)


def _language(request: Request) -> Language:
    """Return the language chosen on the page, else the last one chosen, else the browser's."""
    for chosen in (request.query_params.get("language"), request.cookies.get(_COOKIE)):
        for language in LANGUAGES:
            if chosen == language:
                return language
    return "zh" if request.headers.get("Accept-Language", "").lower().startswith("zh") else "en"
