"""The console's languages: English from the code, Chinese from the catalogue that set-up compiles."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

from fastapi import Request

from shared.web.words import DOMAIN, LANGUAGES, Language, Speech, chosen_language

LOCALE = Path(__file__).parent / "locale"
COOKIE = "language"


@cache
def speech(language: Language) -> Speech:
    """Return a language, spoken. Raise OSError where its catalogue has not been compiled: `make setup` does."""
    return Speech(language, gettext.translation(DOMAIN, LOCALE, [language], fallback=language == "en"))


def language_of(request: Request) -> Language:
    """Return the language chosen on the page, else the last one chosen, else the browser's."""
    choices = (request.query_params.get("language"), request.cookies.get(COOKIE))
    return chosen_language(choices, request.headers.get("Accept-Language", ""))


def newly_chosen(request: Request) -> Language | None:
    """Return the language that this very request chooses."""
    return next((language for language in LANGUAGES if request.query_params.get("language") == language), None)
