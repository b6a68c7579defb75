"""From a context to HTML in somebody's language: the templates and their words."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request

from edge_agent.web.static_files import assets
from shared.web.words import DOMAIN, HTML_LANGUAGE, Language, Speech, chosen_language

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "language"


def language_of(request: Request, locale: str) -> Language:
    """Return the language chosen at this screen, else the store's own (`locale` as in StoreSettings)."""
    return chosen_language([request.query_params.get("language"), request.cookies.get(LANGUAGE_COOKIE), locale])


def render(template: str, language: Language, **context: Any) -> str:
    """Return a template's HTML."""
    return _environment(language).get_template(template).render(context)


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
