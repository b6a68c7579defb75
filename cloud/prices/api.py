"""Preparing prices over HTTP: drafts, their changes, spreadsheets in and out."""

from __future__ import annotations

import os
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status
from starlette.concurrency import run_in_threadpool

from cloud.api.auth import holder_with
from cloud.api.body import read_body
from cloud.api.services import Here, Services
from cloud.errors import Conflict, Invalid
from cloud.identity.tokens import TokenHolder
from cloud.prices import drafts
from cloud.prices.content import RowError, encode_row
from cloud.prices.drafts import DraftRow
from cloud.prices.exports import export_body, export_draft
from cloud.prices.imports import ImportResult, import_sheet
from cloud.prices.models import DraftStatus, PriceDraft
from cloud.prices.schemas import ChangeRequest, DraftView, ImportView, NewDraft, RowChange
from cloud.prices.sheets import FILE_TOO_LARGE, MAX_FILE_BYTES, MEDIA_TYPES, SheetFormat
from shared.body import BodyKind
from shared.ids import UuidMint

router = APIRouter(prefix="/api/v1/prices", tags=["prices"])

MayRead = Annotated[TokenHolder, Depends(holder_with("prices:read"))]
MayWrite = Annotated[TokenHolder, Depends(holder_with("prices:write"))]


@router.get("/drafts")
def list_drafts(services: Here, _: MayRead, status: DraftStatus | None = None) -> list[DraftView]:
    """Return drafts, newest first."""
    with services.database.snapshot() as session:
        return [
            DraftView.of(draft, drafts.draft_size(session, draft.id)) for draft in drafts.list_drafts(session, status)
        ]


@router.post("/drafts", status_code=status.HTTP_201_CREATED)
def create_draft(services: Here, who: MayWrite, body: NewDraft) -> DraftView:
    """Start a draft. The same id, title and targets again is the same draft."""
    wall_ms = services.clocks.machine.wall_ms()
    id_ = body.id or UuidMint(services.clocks.machine.wall_ms, os.urandom)()
    with services.database.session() as session:
        known = session.get(PriceDraft, str(id_))
        if known is None:
            known = drafts.create_draft(
                session, id_, body.title, actor=who.actor, wall_ms=wall_ms, targets=body.targets
            )
        elif (known.title, known.targets.split()) != (body.title, body.targets):
            raise Conflict(f"draft {id_} exists with another title or other targets")
        return DraftView.of(known, drafts.draft_size(session, known.id))


@router.get("/drafts/{draft}")
def get_draft(services: Here, _: MayRead, draft: str) -> DraftView:
    """Return a draft."""
    with services.database.snapshot() as session:
        return DraftView.of(drafts.get_draft(session, draft), drafts.draft_size(session, draft))


@router.delete("/drafts/{draft}", status_code=status.HTTP_204_NO_CONTENT)
def discard_draft(services: Here, who: MayWrite, draft: str) -> None:
    """Give a draft up; it stays readable."""
    with services.database.session() as session:
        drafts.discard(session, draft, actor=who.actor, wall_ms=services.clocks.machine.wall_ms())


@router.post("/drafts/{draft}/rows")
def put_rows(services: Here, who: MayWrite, draft: str, body: ChangeRequest) -> DraftView:
    """Put changes into a draft, replacing earlier ones of the same keys. Who writes one does not approve it."""
    rows = [_draft_row(number, change) for number, change in enumerate(body.changes)]
    with services.database.session() as session:
        count = drafts.put_rows(session, draft, rows, actor=who.actor)
        drafts.record_writing(session, draft, actor=who.actor, wall_ms=services.clocks.machine.wall_ms(), put=count)
        return DraftView.of(drafts.get_draft(session, draft), drafts.draft_size(session, draft))


@router.post("/drafts/{draft}/import")
async def import_file(
    request: Request,
    services: Here,
    who: MayWrite,
    draft: str,
    response: Response,
    *,
    kind: BodyKind,
    dry_run: Annotated[bool, Query(description="Only say what is wrong; store nothing.")] = True,
) -> ImportView:
    """Read a CSV or XLSX file, sent as the request's body. A single bad row and nothing is stored (422)."""
    content = await read_body(request, MAX_FILE_BYTES, FILE_TOO_LARGE)
    result = await run_in_threadpool(_import, services, who, draft, kind, content, dry_run=dry_run)
    if not result.ok and not dry_run:
        response.status_code = status.HTTP_422_UNPROCESSABLE_CONTENT
    return ImportView.of(result)


@router.get("/drafts/{draft}/export")
def export_draft_file(services: Here, _: MayRead, draft: str, kind: BodyKind, form: SheetFormat = "csv") -> Response:
    """Return a draft's changes of one kind as a spreadsheet."""
    with services.database.snapshot() as session:
        return _file(export_draft(session, draft, kind, form), f"draft-{kind}", form)


@router.get("/export")
def export_file(
    services: Here, _: MayRead, kind: BodyKind, scope: str, form: SheetFormat = "csv", version: int | None = None
) -> Response:
    """Return items, a zone's prices or a store's overrides, as newly published or as of a version."""
    with services.database.snapshot() as session:
        return _file(export_body(session, kind, scope, form, version), f"{kind}-{version or 'newest'}", form)


def _import(
    services: Services, who: TokenHolder, draft: str, kind: BodyKind, content: bytes, *, dry_run: bool
) -> ImportResult:
    now_ms = services.clocks.business.now_ms()
    opened = services.database.snapshot if dry_run else services.database.session
    with opened() as session:
        drafts.get_draft(session, draft)
        result = import_sheet(session, draft, kind, content, actor=who.actor, dry_run=dry_run, now_ms=now_ms)
        if result.stored:
            wall_ms = services.clocks.machine.wall_ms()
            drafts.record_writing(
                session, draft, actor=who.actor, wall_ms=wall_ms, put=result.changes + result.removals
            )
        return result


def _draft_row(number: int, change: RowChange) -> DraftRow:
    try:
        row = None if change.row is None else encode_row(change.kind, change.key, change.row)
    except RowError as error:
        raise Invalid(f"changes[{number}] ({change.kind} {change.key}): {error}") from error
    return DraftRow(change.kind, change.scope, change.key, row)


def _file(content: bytes, name: str, form: SheetFormat) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "Cache-Control": "no-store"}
    return Response(content, media_type=MEDIA_TYPES[form], headers=headers)
