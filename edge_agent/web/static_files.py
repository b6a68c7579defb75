"""The static files of the till's pages: its own, and those it has in common with head office."""

from __future__ import annotations

from functools import cache
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response

import shared.web
from shared.web.assets import OURS, Assets, assets_of

FOLDERS = (Path(shared.web.__file__).parent / "static", Path(__file__).parent / "static")
"""Where they lie; of two with one name the later counts."""


@cache
def _files() -> dict[str, Path]:
    common = {name: FOLDERS[0] / name for name in OURS if (FOLDERS[0] / name).is_file()}
    own = {path.relative_to(FOLDERS[1]).as_posix(): path for path in FOLDERS[1].rglob("*") if path.is_file()}
    return common | own


@cache
def assets() -> Assets:
    """Return the addresses of the files."""
    return assets_of((name, path.read_bytes()) for name, path in _files().items())


def static(request: Request) -> Response:
    """Answer with one file; only those known by name are given out."""
    name = request.path_params["name"]
    path = _files().get(name)
    if path is None:
        return PlainTextResponse("There is no such file.", status_code=HTTPStatus.NOT_FOUND)
    return FileResponse(path, headers={"Cache-Control": assets().cache_control(name, request.query_params.get("v"))})
