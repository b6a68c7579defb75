"""The page's few static files, named one by one: nothing else of this program is reachable from the internet."""

from __future__ import annotations

import gzip
import mimetypes
from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request, Response

from shared.web.assets import Assets, assets_of

_OWN = Path(__file__).parent / "static"
_SHARED = Path(str(files("shared.web"))) / "static"
_FILES = {
    "tokens.css": _SHARED,
    "components.css": _SHARED,
    "icon.svg": _SHARED,
    "me.css": _OWN,
    "me.js": _OWN,
    "again.js": _OWN,
}

_WORTH_PACKING = 1_000

router = APIRouter(include_in_schema=False)


@cache
def _contents() -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name, folder in _FILES.items()}


@cache
def assets() -> Assets:
    """Return the files' addresses with the marks of their content."""
    return assets_of(_contents().items(), base="/me/static")


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_contents()[name], mtime=0)


@router.get("/me/static/{name}")
def static(request: Request, name: str, v: str | None = None) -> Response:
    """Give a file by name, for ever when asked for under the mark of its content; packed for who opens it."""
    content = _contents().get(name)
    if content is None:
        return Response("no such file", status_code=404, media_type="text/plain")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    headers = {"Cache-Control": assets().cache_control(name, v), "Vary": "Accept-Encoding"}
    if len(content) > _WORTH_PACKING and "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(_packed(name), media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(content, media_type=kind, headers=headers)


@router.get("/favicon.ico")
def icon(request: Request) -> Response:
    """Give the icon to browsers that ask for it by its old name."""
    return static(request, "icon.svg")
