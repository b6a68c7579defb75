"""Pages that hold tables: each `Listing` of a page's context becomes its page of rows, or a file if one is wanted."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session

from cloud.api.services import Services
from cloud.errors import NotFound
from cloud.web import exports
from cloud.web.rendering import Context, Read, page
from cloud.web.speaking import language_of, speech
from cloud.web.tables import Listing, table


def listed(request: Request, services: Services, name: str, read: Read) -> Response:
    """Answer with a page whose context holds listings, by name.

    The first listing's words stand in the address as they are (`?sort=`), those of further ones after their name
    (`?declared.sort=`). Raise NotFound for a file of a table the page does not have.
    """
    wanted = exports.wanted(request)
    if wanted is not None:
        return _file(request, services, read, *wanted)

    def context(session: Session, now_ms: int) -> Context:
        found = read(session, now_ms)
        prefixes = _prefixes(found)
        return {
            key: table(value, session, request.query_params, prefixes[key]) if isinstance(value, Listing) else value
            for key, value in found.items()
        }

    return page(request, services, name, context)


def _prefixes(context: Context) -> dict[str, str]:
    names = [key for key, value in context.items() if isinstance(value, Listing)]
    return {key: "" if place == 0 else f"{key}." for place, key in enumerate(names)}


def _file(request: Request, services: Services, read: Read, name: str, kind: str) -> Response:
    with services.database.snapshot() as session:
        context = read(session, services.clocks.machine.wall_ms())
        for key, prefix in _prefixes(context).items():
            if context[key].name == name:
                spoken = speech(language_of(request))
                return exports.exported(context[key], session, request, spoken, prefix=prefix, kind=kind)
    raise NotFound(f"this page has no table {name!r}")
