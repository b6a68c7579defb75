"""From a context to HTML in somebody's language: whole pages, and the regions that keep an open one live."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from sqlmodel import Session

from cloud.api.services import Services
from cloud.errors import NotFound
from cloud.identity.people import Signed
from cloud.org.zones import zone_of
from cloud.prices import naming
from cloud.sales.naming import receipt_name
from cloud.web import figures, said
from cloud.web.live import Regions, Streams, asks_for_stream
from cloud.web.navigation import place_of, shown_to
from cloud.web.speaking import COOKIE, language_of, newly_chosen, speech
from cloud.web.static_files import assets
from cloud.web.who import who
from shared.receipt.figures import money_with_sign
from shared.web.phrases import Phrase
from shared.web.words import HTML_LANGUAGE, Language

HERE = Path(__file__).parent
_LIVE = "live_"
"""What the name of a template's block begins with when the block is kept live."""
_YEAR_SECONDS = 365 * 24 * 3600

Context = dict[str, Any]
Read = Callable[[Session, int], Context]
"""Reads a page's context. It is given the machine's wall time in milliseconds."""


def page(request: Request, services: Services, name: str, read: Read) -> Response:
    """Answer with the page whose template is `name`, or with the stream that keeps it live.

    What is not there is said as a page.
    """
    language = language_of(request)

    def context() -> Context:
        with services.database.snapshot() as session:
            return {"zone": zone_of(session), **read(session, services.clocks.machine.wall_ms())}

    if asks_for_stream(request):
        streams: Streams = request.app.state.streams
        return streams.answer(f"{language} {_address(request)}", lambda: regions(language, name, context()))
    status = HTTPStatus.OK
    try:
        values = context()
    except NotFound:
        status, name, values = HTTPStatus.NOT_FOUND, "missing", {}
    return answer(request, language, name, values, status)


def answer(
    request: Request, language: Language, name: str, values: Context, status: HTTPStatus = HTTPStatus.OK
) -> Response:
    """Render a whole page from its context."""
    who: Signed | None = getattr(request.state, "signed", None)
    place = place_of(request.url.path, shown_to(who, request.app.state.entries))
    where = {"place": place, "path": request.url.path, "address": _address(request), "other": _other(request, language)}
    seen = {"signed": who, **where}
    with figures.written_in(values.get("zone", UTC)):
        body = environment(language).get_template(f"{name}.html").render({**seen, **values})
    headers = {"Cache-Control": "no-store", "Vary": "Accept, Accept-Language, Cookie", "Content-Language": language}
    response = HTMLResponse(body, status_code=status, headers=headers)
    chosen = newly_chosen(request)
    if chosen:
        response.set_cookie(COOKIE, chosen, max_age=_YEAR_SECONDS, httponly=True, samesite="lax")
    return response


def regions(language: Language, name: str, values: Mapping[str, Any]) -> Regions:
    """Render the live regions of a page from its context."""
    template = environment(language).get_template(f"{name}.html")
    context = template.new_context(dict(values))
    with figures.written_in(values.get("zone", UTC)):
        return {
            block[len(_LIVE) :]: "".join(render(context))
            for block, render in template.blocks.items()
            if block.startswith(_LIVE)
        }


def _address(request: Request) -> str:
    """Return the page's own address with what was asked of it; the language is remembered elsewhere."""
    query = "&".join(part for part in request.url.query.split("&") if part and not part.startswith("language="))
    return f"{request.url.path}?{query}" if query else request.url.path


def _other(request: Request, language: Language) -> str:
    address = _address(request)
    return f"{address}{'&' if '?' in address else '?'}language={'en' if language == 'zh' else 'zh'}"


@cache
def environment(language: Language) -> Environment:
    """Return the templates of one language, of the console and of every feature that brings its own."""
    folders = [HERE / "templates", *sorted(HERE.parent.glob("*/templates"))]
    made = Environment(
        loader=FileSystemLoader(list(dict.fromkeys(folders))),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    spoken = speech(language)
    made.globals.update(
        t=spoken.t,
        tn=spoken.tn,
        tp=spoken.tp,
        asset=assets().url,
        said=said,
        language=language,
        lang=HTML_LANGUAGE[language],
    )
    made.filters.update(
        receipt=receipt_name,
        money=figures.money,
        signed_money=money_with_sign,
        with_sign=figures.with_sign,
        moment=figures.moment,
        size=figures.size,
        thousands=figures.thousands,
        quantity=figures.quantity,
        who=lambda code: who(code, spoken),
        said=lambda text: spoken.t(text) if isinstance(text, Phrase) else text,
        name_of=naming.name_of,
        named=naming.named,
        all_named=naming.all_named,
    )
    made.globals["ui"] = made.get_template("components.html").module
    return made
