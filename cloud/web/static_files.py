"""The console's static files: the design system, what set-up fetched, and its own, each kept by browsers for ever."""

from __future__ import annotations

import gzip
import mimetypes
from functools import cache
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Request, Response

from shared.web.assets import Assets, assets_of

OWN = Path(__file__).parent / "static"
_SHARED = Path(str(files("shared.web"))) / "static"
_WORTH_PACKING = 1_000

router = APIRouter(include_in_schema=False)


@cache
def _contents() -> dict[str, bytes]:
    """Read every file once; a console restarts when it is upgraded."""
    found: dict[str, bytes] = {}
    for folder in (_SHARED, OWN):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


@cache
def assets() -> Assets:
    """Return the names of all static files with the marks of their content."""
    return assets_of(_contents().items())


@cache
def _packed(name: str) -> bytes:
    return gzip.compress(_contents()[name], mtime=0)


@router.get("/static/{name:path}")
def static(request: Request, name: str, v: str | None = None) -> Response:
    """Give a file by name: for ever when asked for under the mark of its content."""
    content = _contents().get(name)
    if content is None:
        return Response("no such file", status_code=404, media_type="text/plain")
    mark = f'"{assets().marks[name]}"'
    headers = {"Cache-Control": assets().cache_control(name, v), "ETag": mark, "Vary": "Accept-Encoding"}
    if request.headers.get("If-None-Match") == mark:
        return Response(status_code=304, headers=headers)
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    if len(content) > _WORTH_PACKING and "gzip" in request.headers.get("Accept-Encoding", ""):
        return Response(_packed(name), media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return Response(content, media_type=kind, headers=headers)
