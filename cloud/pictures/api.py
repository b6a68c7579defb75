"""Pictures of items over HTTP: agents fetch them by name, programs put them, one by one or an archive at once."""

from __future__ import annotations

from io import BytesIO
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from cloud.api.auth import CurrentAgent, holder_with
from cloud.api.body import read_body
from cloud.api.services import Here
from cloud.errors import NotFound
from cloud.identity.tokens import TokenHolder
from cloud.pictures import keeping, loading
from cloud.pictures.fitting import MOST_FILE_BYTES, TOO_LARGE, fit
from cloud.pictures.loading import MOST_ARCHIVE_BYTES, Loaded, archive_files
from cloud.pictures.models import ItemPicture
from shared.pictures import MEDIA_TYPE, picture_name
from shared.web.phrases import Phrase

router = APIRouter(prefix="/api/v1/pictures", tags=["pictures"])

MayRead = Annotated[TokenHolder, Depends(holder_with("prices:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("prices:write"))]
DryRun = Annotated[bool, Query(description="Only say what is wrong; keep nothing.")]
Reason = Annotated[str, Query(max_length=500, description="Kept in the audit log.")]
FOR_EVER = "public, max-age=31536000, immutable"
_ARCHIVE_TOO_LARGE = Phrase("the archive has more than {most} MB: load it in parts", most=MOST_ARCHIVE_BYTES // 1024**2)


class PictureView(BaseModel):
    """Which picture an item has: the SHA-256 of what tills are given. Without who and when it is not kept."""

    item: str
    picture: str
    set_by: str = ""
    set_ms: int | None = None


class BadFile(BaseModel):
    """A file that cannot be taken, and why."""

    file: str
    problem: str


class LoadView(BaseModel):
    """What became of an archive: pictures that fit an item, how many of them changed one, and the bad files."""

    dry_run: bool
    pictures: int
    changed: int
    problems: list[BadFile]


@router.get("/{name}.webp", response_class=Response)
def get_content(services: Here, _: CurrentAgent, name: str) -> Response:
    """Return a picture by its name, as a till's display shows it."""
    with services.database.snapshot() as session:
        content = keeping.content_of(session, name)
    return Response(content, media_type=MEDIA_TYPE, headers={"Cache-Control": FOR_EVER, "ETag": f'"{name}"'})


@router.get("/items/{item:path}")
def get_item(services: Here, _: MayRead, item: str) -> PictureView:
    """Return which picture an item has."""
    with services.database.snapshot() as session:
        found = keeping.picture_of(session, item)
        if found is None:
            raise NotFound(f"item {item!r} has no picture")
        return _view(found)


@router.put("/items/{item:path}")
async def put_item(
    request: Request, services: Here, who: MayWrite, item: str, *, dry_run: DryRun = False, reason: Reason = ""
) -> PictureView:
    """Give an item a picture: PNG, JPEG or WebP as the request's body, by whatever name it is sent."""
    content = await read_body(request, MOST_FILE_BYTES, TOO_LARGE)

    def put() -> PictureView:
        fitted = fit(content)
        if dry_run:
            return PictureView(item=item, picture=picture_name(fitted))

        now_ms = services.clocks.machine.wall_ms()
        with services.database.session() as session:
            (name,) = keeping.keep(session, [fitted], now_ms=now_ms)
            keeping.use(session, {item: name}, actor=who.actor, now_ms=now_ms, reason=reason)
            return _view(session.get_one(ItemPicture, item))

    return await run_in_threadpool(put)


@router.delete("/items/{item:path}", status_code=status.HTTP_204_NO_CONTENT)
def remove_item(services: Here, who: MayWrite, item: str, reason: Reason = "") -> None:
    """Take an item's picture away."""
    with services.database.session() as session:
        keeping.remove(session, item, actor=who.actor, now_ms=services.clocks.machine.wall_ms(), reason=reason)


@router.post("/load")
async def load_archive(
    request: Request,
    services: Here,
    who: MayWrite,
    response: Response,
    *,
    dry_run: DryRun = True,
    skip_bad: Annotated[bool, Query(description="Take the good files though others are bad.")] = False,
    reason: Reason = "",
) -> LoadView:
    """Give items the pictures of a ZIP archive, its files named by item number or barcode.

    A single bad file and none is taken (422), unless `skip_bad` is said.
    """
    content = await read_body(request, MOST_ARCHIVE_BYTES, _ARCHIVE_TOO_LARGE)

    def load() -> Loaded:
        return loading.load(
            services.database,
            archive_files(BytesIO(content)),
            actor=who.actor,
            now_ms=services.clocks.machine.wall_ms,
            dry_run=dry_run,
            skip_bad=skip_bad,
            reason=reason,
        )

    done = await run_in_threadpool(load)
    if not (done.ok or dry_run or skip_bad):
        response.status_code = status.HTTP_422_UNPROCESSABLE_CONTENT
    problems = [BadFile(file=one.file, problem=one.words) for one in done.problems]
    return LoadView(dry_run=dry_run, pictures=done.pictures, changed=done.changed, problems=problems)


def _view(found: ItemPicture) -> PictureView:
    return PictureView(item=found.item, picture=found.picture, set_by=found.set_by, set_ms=found.set_ms)
