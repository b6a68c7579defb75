"""From a context to HTML in somebody's language: the templates and their words."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from edge_agent.web.static_files import assets
from shared.web.words import DOMAIN, HTML_LANGUAGE, LANGUAGES, Language, Speech, chosen_language

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "language"
_YEAR_SECONDS = 365 * 24 * 3600


def language_of(request: Request, locale: str) -> Language:
    """Return the language chosen at this screen, else the store's own (`locale` as in StoreSettings)."""
    return chosen_language([request.query_params.get("language"), request.cookies.get(LANGUAGE_COOKIE), locale])


def render(template: str, language: Language, **context: Any) -> str:
    """Return a template's HTML."""
    return _environment(language).get_template(template).render(context)


def page(request: Request, template: str, language: Language, **context: Any) -> HTMLResponse:
    """Answer with a page in a language, which the browser remembers when it was asked for in the address."""
    body = render(template, language, token=request.scope["token"], path=request.url.path, **context)
    response = HTMLResponse(body, headers={"Cache-Control": "no-store", "Content-Language": language})
    if request.query_params.get("language") in LANGUAGES:
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_SECONDS, httponly=True, samesite="strict")
    return response


@cache
def speech(language: Language) -> Speech:
    """Return a language, spoken. English stands in the code, any other needs its compiled catalogue."""
    words = gettext.translation(DOMAIN, HERE / "locale", [language], fallback=language == "en")
    return Speech(language, words)


@cache
def _environment(language: Language) -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    spoken = speech(language)
    made.globals.update(
        t=spoken.t, tn=spoken.tn, tp=spoken.tp, asset=assets().url, language=language, lang=HTML_LANGUAGE[language]
    )
    return made
