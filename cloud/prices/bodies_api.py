"""Body files over HTTP: named by content, so proxies may keep them for ever and a broken download goes on."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header, Response, status
from fastapi.responses import FileResponse

from cloud.api.auth import CurrentAgent
from cloud.api.services import Here
from cloud.errors import NotFound
from cloud.prices.bodies import BodyFiles

router = APIRouter(prefix="/api/v1/bodies", tags=["agent"])

_FOR_EVER = "public, max-age=31536000, immutable"


@router.get("/{name}.zst", response_class=FileResponse)
def get_body(
    services: Here, _: CurrentAgent, name: str, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Return a whole body (`<hash>.zst`) or a delta (`<base>..<hash>.zst`); `Range` is understood."""
    files = BodyFiles(services.settings.bodies_dir)
    path = files.cached(name)
    if path is None:
        with services.database.snapshot() as session:
            path = files.render(session, name)
    if path is None:
        raise NotFound(f"there is no body file {name[:140]!r}")
    headers = {"ETag": f'"{name}"', "Cache-Control": _FOR_EVER}
    if if_none_match is not None and f'"{name}"' in if_none_match:
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return FileResponse(path, media_type="application/zstd", headers=headers)
