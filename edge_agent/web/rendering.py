"""From a context to HTML in somebody's language: the templates and their words."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request

HERE = Path(__file__).parent
Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
LANGUAGE_COOKIE = "language"
_CATALOGUE = "till"


def language_of(request: Request, locale: str) -> Language:
    """Return the language chosen at this screen, else the store's own (`locale` as in StoreSettings)."""
    for chosen in (request.query_params.get("language"), request.cookies.get(LANGUAGE_COOKIE), locale):
        for language in LANGUAGES:
            if chosen == language:
                return language
    return "en"


def render(template: str, language: Language, **context: Any) -> str:
    """Return a template's HTML."""
    return _environment(language).get_template(template).render(language=language, **context)


@cache
def _environment(language: Language) -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    words = gettext.translation(_CATALOGUE, HERE / "locale", [language], fallback=language == "en")
    made.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
    made.globals["lang"] = "zh-Hans" if language == "zh" else "en"
    return made
