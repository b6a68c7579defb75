"""The till's pages as an application: which address shows what, and what a press of a key leads to."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from edge_agent.till.results import Refused
from edge_agent.web import till_page
from edge_agent.web.guard import Guard
from edge_agent.web.rendering import LANGUAGE_COOKIE, language_of, render
from edge_agent.web.shop import Counter, Shop
from edge_agent.web.static_files import static
from edge_agent.web.stream import Parts, streamed
from shared.web.words import LANGUAGES, Language
from shared.wire.desired import StoreSettings

_YEAR_SECONDS = 365 * 24 * 3600
_SIGNS = {"CNY": "￥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "HKD": "HK$"}
MAX_ENTRY_CHARACTERS = 128


class NotHere(Exception):
    """There is no such till, or no store yet: answered with a page that says so."""


class Pages:
    """The handlers, with the store they show."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def tills(self, request: Request) -> Response:
        """List the store's tills; with one till there is nothing to choose, and its page is shown."""
        settings = self._shop.settings()
        language = language_of(request, settings.locale if settings else "en")
        known = sorted(self._shop.counters)
        return self._page(request, "tills.html", language, tills=known, settings=settings)

    async def till(self, request: Request) -> Response:
        """Show one till."""
        counter, settings = self._counter(request)
        language = language_of(request, settings.locale)
        parts = await self._parts(counter, settings, language)
        return self._page(request, "till.html", language, till=counter.till.id, settings=settings, parts=parts)

    async def stream(self, request: Request) -> Response:
        """Send the till's page what has changed, while somebody looks."""
        counter, settings = self._counter(request)
        language = language_of(request, settings.locale)
        return streamed(counter.till.changes, lambda: self._parts(counter, self._now(settings), language))

    async def enter(self, request: Request) -> Response:
        """Take what was typed: a code. The answer is a banner; the basket comes by the stream."""
        counter, settings = self._counter(request)
        language = language_of(request, settings.locale)
        async with request.form(max_files=0, max_fields=4) as form:
            text = str(form.get("text", ""))[:MAX_ENTRY_CHARACTERS].strip()
        answer = await counter.till.scan(text) if text else None
        refused = answer if isinstance(answer, Refused) else None
        return HTMLResponse(render("_banner.html", language, refused=refused))

    def _counter(self, request: Request) -> tuple[Counter, StoreSettings]:
        counter = self._shop.counters.get(request.path_params["till"])
        settings = self._shop.settings()
        if counter is None or settings is None:
            raise NotHere(request.path_params["till"])
        return counter, settings

    def _now(self, settings: StoreSettings) -> StoreSettings:
        return self._shop.settings() or settings

    async def _parts(self, counter: Counter, settings: StoreSettings, language: Language) -> Parts:
        view = await counter.till.view()
        context = {
            "basket": till_page.basket_shown(view, settings, language),
            "status": await till_page.status(self._shop, counter, settings),
            "sign": _SIGNS.get(settings.currency, settings.currency + " "),
            "settings": settings,
        }
        return {name: render(f"_{name}.html", language, **context) for name in ("head", "lines", "sum", "foot")}

    def _page(self, request: Request, template: str, language: Language, **context: Any) -> HTMLResponse:
        body = render(template, language, token=request.scope["token"], path=request.url.path, **context)
        response = HTMLResponse(body, headers={"Cache-Control": "no-store", "Content-Language": language})
        if request.query_params.get("language") in LANGUAGES:
            response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_SECONDS, httponly=True, samesite="strict")
        return response


async def _missing(request: Request, error: Exception) -> Response:
    language = language_of(request, "en")
    body = render("missing.html", language, token=request.scope["token"], path="/", what=str(error))
    return HTMLResponse(body, status_code=HTTPStatus.NOT_FOUND)


def make_app(shop: Shop, *, hosts: list[str], key: bytes, make_visit: Callable[[], str]) -> Starlette:
    """Return the application. `hosts` are its own names with port; the rest is as `Guard` takes it."""
    pages = Pages(shop)
    return Starlette(
        routes=[
            Route("/", pages.tills),
            Route("/tills/{till}", pages.till),
            Route("/tills/{till}/stream", pages.stream),
            Route("/tills/{till}/enter", pages.enter, methods=["POST"]),
            Route("/static/{name:path}", static),
        ],
        middleware=[Middleware(Guard, hosts=hosts, key=key, make_visit=make_visit)],
        exception_handlers={NotHere: _missing},
    )
