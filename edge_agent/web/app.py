"""The till's pages as an application: which address shows what, and what a press of a key leads to."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from cryptography import x509
from starlette.applications import Starlette
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from edge_agent.terminals.desk import TerminalDesk
from edge_agent.till.asks import Expects
from edge_agent.web import bench_page, display_page, key_card, till_page
from edge_agent.web.guard import Guard
from edge_agent.web.paired import PAIRING_PATH, PairedOnly
from edge_agent.web.pairing_page import TerminalPages
from edge_agent.web.rendering import language_of, page, render, speech
from edge_agent.web.screen.screen import Seen
from edge_agent.web.shop import Counter, Shop
from edge_agent.web.static_files import static
from edge_agent.web.stream import Closing, streamed
from edge_agent.web.terminals_page import TerminalList
from shared.codes import MAX_SCAN_CHARACTERS
from shared.pictures import MEDIA_TYPE
from shared.web.words import LANGUAGES
from shared.wire.desired import StoreSettings
from shared.wire.events import TillKind

MAX_ENTRY_CHARACTERS = MAX_SCAN_CHARACTERS
"""A scanner that types into the page sends everything a scanner may: a member's code alone has 137 characters."""
_MOST_FIELDS = 8


class NotHere(Exception):
    """There is no such till, or no store yet: answered with a page that says so."""


class Pages:
    """The handlers, with the store they show."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self.closing = Closing()

    async def tills(self, request: Request) -> Response:
        """List the store's tills; with one till there is nothing to choose, and its page is shown."""
        settings = self._shop.settings()
        language = language_of(request, settings.locale if settings else "en")
        known = sorted(self._shop.counters)
        chosen = request.query_params.get("language") in LANGUAGES
        if len(known) == 1 and not chosen and "all" not in request.query_params:
            return RedirectResponse(f"/tills/{known[0]}", status_code=HTTPStatus.SEE_OTHER)
        counters = self._shop.counters
        simulated = [till for till in known if counters[till].simulated]
        desks = [till for till in known if counters[till].till.kind is TillKind.SERVICE_DESK]
        return page(
            request, "tills.html", language, tills=known, settings=settings, simulated=simulated, desks=desks,
            known_as=self._known_as(settings),
        )  # fmt: skip

    def _known_as(self, settings: StoreSettings | None) -> dict[str, str]:
        """Return each till's number, as people call it; one without is called by its id."""
        numbers = {one.till: str(one.number or one.till) for one in settings.tills} if settings else {}
        return {till: numbers.get(till, till) for till in self._shop.counters}

    async def till(self, request: Request) -> Response:
        """Show one till."""
        counter, settings = self._counter(request)
        language = language_of(request, settings.locale)
        parts = await till_page.parts(self._shop, counter, settings, language)
        number = self._known_as(settings).get(counter.till.id, counter.till.id)
        return page(request, "till.html", language, till=counter.till.id, number=number, settings=settings, parts=parts)

    async def stream(self, request: Request) -> Response:
        """Send the till's page what has changed, while somebody looks."""
        counter, settings = self._counter(request)
        language = language_of(request, settings.locale)
        return streamed(
            counter.till.changes,
            lambda: till_page.parts(self._shop, counter, self._now(settings), language),
            self.closing,
        )

    async def press(self, request: Request) -> Response:
        """Take a line typed, an answer chosen or a key pressed. What it leads to comes by the stream."""
        counter, _settings = self._counter(request)
        async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
            text = str(form.get("text", ""))[:MAX_ENTRY_CHARACTERS].strip()
            value = str(form.get("value", ""))[:MAX_ENTRY_CHARACTERS]
            seen = seen_by(form)
            match form.get("kind"):
                case "enter":
                    await counter.screen.enter(text, seen)
                case "choose":
                    await counter.screen.choose(value, seen)
                case "key":
                    await counter.screen.press(value, text, seen)
                case _:
                    return JSONResponse({"error": "kind is enter, choose or key"}, HTTPStatus.UNPROCESSABLE_ENTITY)
        return JSONResponse({"count": counter.till.changes.count})

    async def display(self, request: Request) -> Response:
        """Show the customer's side of a till."""
        counter, settings = self._counter(request)
        language = language_of(request, settings.locale)
        parts = await display_page.parts(counter, settings, language, self._shop.pictures)
        return page(request, "display.html", language, till=counter.till.id, settings=settings, parts=parts)

    async def display_stream(self, request: Request) -> Response:
        """Send the customer's side what has changed."""
        counter, settings = self._counter(request)
        language = language_of(request, settings.locale)
        return streamed(
            counter.till.changes,
            lambda: display_page.parts(counter, self._now(settings), language, self._shop.pictures),
            self.closing,
        )

    async def picture(self, request: Request) -> Response:
        """Send an item's picture; its name says what it is, so a browser keeps it for good."""
        pictures = self._shop.pictures
        content = None if pictures is None else await pictures.content(request.path_params["name"])
        if content is None:
            return PlainTextResponse("There is no such picture.", status_code=HTTPStatus.NOT_FOUND)
        headers = {"Cache-Control": "private, max-age=31536000, immutable"}
        return Response(content, media_type=MEDIA_TYPE, headers=headers)

    async def keys(self, request: Request) -> Response:
        """Show the key card and the practice basket, on one page to print."""
        counter, settings = self._counter(request)
        language = language_of(request, settings.locale)
        card = await key_card.card_of(counter)
        number = self._known_as(settings).get(counter.till.id, counter.till.id)
        return page(request, "keys.html", language, till=counter.till.id, number=number, settings=settings, card=card)

    async def keys_print(self, request: Request) -> Response:
        """Print the key card on the till's receipt printer."""
        counter, settings = self._counter(request)
        language = language_of(request, settings.locale)
        card = await key_card.card_of(counter)
        ordered = counter.till.paper is not None and await counter.till.paper.order(
            lambda _before: key_card.document_of(card, settings, counter.till.id, language)
        )
        return JSONResponse({"said": speech(language).t(key_card.PRINTED if ordered else key_card.NO_PRINTER)})

    async def bench(self, request: Request) -> Response:
        """Show the simulated devices of a till, to play with."""
        counter, settings = self._simulated(request)
        language = language_of(request, settings.locale)
        shown = await bench_page.parts(counter, settings, language)
        return page(request, "bench.html", language, till=counter.till.id, settings=settings, parts=shown)

    async def bench_stream(self, request: Request) -> Response:
        """Send the bench the paper and the devices' states."""
        counter, settings = self._simulated(request)
        language = language_of(request, settings.locale)
        return streamed(
            counter.till.changes, lambda: bench_page.parts(counter, self._now(settings), language), self.closing
        )

    async def bench_do(self, request: Request) -> Response:
        """Play a device: scan, put goods on the scale, order a fault, tear the paper off."""
        counter, _settings = self._simulated(request)
        async with request.form(max_files=0, max_fields=_MOST_FIELDS) as form:
            given = {name: str(value)[:MAX_ENTRY_CHARACTERS] for name, value in form.items()}
        problem = await bench_page.do(counter, given)
        counter.till.changes.note()
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK
        return JSONResponse({"count": counter.till.changes.count, "error": problem}, status)

    def _counter(self, request: Request) -> tuple[Counter, StoreSettings]:
        counter = self._shop.counters.get(request.path_params["till"])
        settings = self._shop.settings()
        if counter is None or settings is None:
            raise NotHere(request.path_params["till"])
        return counter, settings

    def _simulated(self, request: Request) -> tuple[Counter, StoreSettings]:
        """Return a till with devices to play; where all are real there is no bench."""
        counter, settings = self._counter(request)
        if not counter.simulated:
            raise NotHere(f"{counter.till.id}/bench")
        return counter, settings

    def _now(self, settings: StoreSettings) -> StoreSettings:
        return self._shop.settings() or settings


def seen_by(form: FormData) -> Seen:
    """Return what the page showed when a key was pressed: nothing in particular where it does not say."""
    turn, steps, basket = (str(form.get(name, "")) for name in ("turn", "steps", "basket"))
    if not steps.isdigit():
        return Seen(int(turn) if turn.isdigit() else -1)
    try:
        expects = Expects(UUID(basket) if basket else None, int(steps))
    except ValueError:
        expects = None
    return Seen(int(turn) if turn.isdigit() else -1, expects)


async def _missing(request: Request, error: Exception) -> Response:
    language = language_of(request, "en")
    body = render("missing.html", language, token=request.scope["token"], path="/", what=str(error))
    return HTMLResponse(body, status_code=HTTPStatus.NOT_FOUND)


def make_app(
    shop: Shop,
    *,
    hosts: list[str],
    key: bytes,
    make_visit: Callable[[], str],
    terminals: TerminalList | None = None,
) -> Starlette:
    """Return the application for this machine's own screens. `hosts` are its own names with port.

    The rest is as `Guard` takes it; with `terminals` it has their page. `app.state.closing` ends its streams.
    """
    pages = Pages(shop)
    routes = [
        Route("/", pages.tills),
        *_till_routes(pages),
        Route("/tills/{till}/bench", pages.bench),
        Route("/tills/{till}/bench/stream", pages.bench_stream),
        Route("/tills/{till}/bench/do", pages.bench_do, methods=["POST"]),
    ]
    if terminals is not None:
        routes += [Route("/terminals", terminals.show), Route("/terminals/do", terminals.act, methods=["POST"])]
    return _app(pages, routes, [Middleware(Guard, hosts=hosts, key=key, make_visit=make_visit)])


def make_terminal_app(
    shop: Shop,
    *,
    hosts: list[str],
    key: bytes,
    make_visit: Callable[[], str],
    desk: TerminalDesk,
    root: x509.Certificate,
) -> Starlette:
    """Return the application for terminals of the store's network, which is served by TLS and to paired ones only."""
    pages = Pages(shop)
    own = TerminalPages(shop, desk, root)
    routes = [
        *_till_routes(pages),
        Route(PAIRING_PATH, own.show),
        Route(PAIRING_PATH, own.pair, methods=["POST"]),
        Route("/trust", own.trust),
        Route("/trust/storewire-ca.crt", own.root),
    ]
    guard = Middleware(Guard, hosts=hosts, key=key, make_visit=make_visit, scheme="https")
    return _app(pages, routes, [guard, Middleware(PairedOnly, desk=desk)])


def _till_routes(pages: Pages) -> list[Route]:
    return [
        Route("/tills/{till}", pages.till),
        Route("/tills/{till}/stream", pages.stream),
        Route("/tills/{till}/press", pages.press, methods=["POST"]),
        Route("/tills/{till}/keys", pages.keys),
        Route("/tills/{till}/keys/print", pages.keys_print, methods=["POST"]),
        Route("/tills/{till}/display", pages.display),
        Route("/tills/{till}/display/stream", pages.display_stream),
        Route("/pictures/{name}.webp", pages.picture),
        Route("/static/{name:path}", static),
    ]


def _app(pages: Pages, routes: list[Route], middleware: list[Middleware]) -> Starlette:
    app = Starlette(routes=routes, middleware=middleware, exception_handlers={NotHere: _missing})
    app.state.closing = pages.closing
    return app
