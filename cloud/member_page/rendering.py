"""From values to a page in a member's language: one layout, small, without a script but the card's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from cloud.member_page.static_files import assets
from cloud.member_page.words import say
from shared.calendar import local_time
from shared.receipt.figures import money_with_sign
from shared.web.words import HTML_LANGUAGE, LANGUAGES, Language, chosen_language

HERE = Path(__file__).parent
LANGUAGE_COOKIE = "storewire_language"
_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in its currency's minor units."""

    minor: int
    currency: str
    exponent: int = 2

    def __str__(self) -> str:
        """Write it as people do: ￥1,234.50."""
        return money_with_sign(self.minor, self.exponent, self.currency, thousands=True)


def language_of(request: Request) -> Language:
    """Return the language chosen here, else the last one chosen, else the browser's."""
    choices = (request.query_params.get("language"), request.cookies.get(LANGUAGE_COOKIE))
    return chosen_language(choices, request.headers.get("Accept-Language", ""))


def answer(request: Request, template: str, /, *, status: HTTPStatus = HTTPStatus.OK, **values: Any) -> Response:
    """Return the page whose template is `me_<template>.html`."""
    language = language_of(request)
    other: Language = "en" if language == "zh" else "zh"
    where = {"path": request.url.path, "other": other, "other_lang": HTML_LANGUAGE[other], "mark": "", "tab": ""}
    body = _environment(language).get_template(f"me_{template}.html").render({**where, **values})
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie", "Content-Language": language}
    response = HTMLResponse(body, status_code=status, headers=headers)
    chosen = next((one for one in LANGUAGES if request.query_params.get("language") == one), None)
    if chosen:
        secure = request.app.state.settings.secure
        response.set_cookie(LANGUAGE_COOKIE, chosen, max_age=_YEAR_S, httponly=True, samesite="lax", secure=secure)
    return response


def day(at: date | int | None, zone: str = "") -> str:
    """Write a day, or the day of a moment in a zone."""
    if isinstance(at, int):
        return local_time(at, _zone(zone)).strftime("%Y-%m-%d")
    return "" if at is None else at.isoformat()


def moment(at_ms: int, zone: str) -> str:
    """Write a moment to the minute in a zone."""
    return local_time(at_ms, _zone(zone)).strftime("%Y-%m-%d %H:%M")


def today(now_ms: int, zone: str) -> date:
    """Return the day it is in a zone."""
    return local_time(now_ms, _zone(zone)).date()


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, KeyError, OSError):
        return UTC


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
    made.globals.update(say=partial(say, language), asset=assets().url, lang=HTML_LANGUAGE[language])
    made.filters.update(day=day, moment=moment, thousands=lambda number: f"{number:,}")
    return made
