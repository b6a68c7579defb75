"""The console's pages: read a context, put it into words, render. No decisions, no writes, no personal data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlmodel import Session

from cloud.api.services import Here, Services
from cloud.console import overview
from cloud.console.words import LANGUAGES, Language, word

_HERE = Path(__file__).parent
PAGES = (("today", "/"), ("prices", "/prices"), ("parked", "/parked"), ("ledger", "/ledger"))
_COOKIE = "language"
_YEAR_SECONDS = 365 * 24 * 3600

router = APIRouter(include_in_schema=False)


def mount(app: FastAPI) -> None:
    """Put the pages and their assets on an application whose lifespan provides `Services`."""
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")


def _money(minor: int, exponent: int) -> str:
    if not exponent:
        return f"{minor:,}"
    whole, rest = divmod(abs(minor), 10**exponent)
    return f"{'-' if minor < 0 else ''}{whole:,}.{rest:0{exponent}d}"


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


_templates = Environment(
    loader=FileSystemLoader(_HERE / "templates"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(money=_money, moment=_moment, thousands=lambda number: f"{number:,}")


@router.get("/", response_class=HTMLResponse)
def today(request: Request, services: Here) -> HTMLResponse:
    """Is my chain all right?"""
    return _page(request, services, "today", lambda session, now_ms: {"today": overview.today(session, now_ms)})


@router.get("/prices", response_class=HTMLResponse)
def prices(request: Request, services: Here) -> HTMLResponse:
    """Which price books are where?"""
    return _page(request, services, "prices", lambda session, now_ms: {"versions": overview.prices(session, now_ms)})


@router.get("/parked", response_class=HTMLResponse)
def parked(request: Request, services: Here) -> HTMLResponse:
    """What could not be applied?"""

    def read(session: Session, _now_ms: int) -> dict[str, Any]:
        count, rows = overview.parked(session)
        return {"count": count, "rows": rows}

    return _page(request, services, "parked", read)


@router.get("/ledger", response_class=HTMLResponse)
def ledger(request: Request, services: Here) -> HTMLResponse:
    """Does the ledger balance?"""

    def read(session: Session, _now_ms: int) -> dict[str, Any]:
        journals, units = overview.ledger(session)
        return {"journals": journals, "units": units, "problems": sum(unit.total != 0 for unit in units)}

    return _page(request, services, "ledger", read)


def _page(
    request: Request, services: Services, name: str, read: Callable[[Session, int], dict[str, Any]]
) -> HTMLResponse:
    language = _language(request)
    with services.database.snapshot() as session:
        context = read(session, services.clocks.machine.wall_ms())
    template = _templates.get_template(f"{name}.html")
    values = {"t": partial(_translate, language), "language": language, "page": name, "pages": PAGES, **context}
    if request.headers.get("X-Partial") == "live":
        body = "".join(template.blocks["live"](template.new_context(values)))
    else:
        body = template.render(values)
    response = HTMLResponse(body, headers={"Cache-Control": "no-store", "Vary": "Cookie, Accept-Language, X-Partial"})
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
