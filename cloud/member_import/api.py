"""Members of a file over HTTP: what is wrong with it, or all of them at once."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from cloud import audit
from cloud.api.auth import holder_with
from cloud.api.body import read_body
from cloud.api.services import Here, Services
from cloud.database.commits import open_commit
from cloud.identity.tokens import TokenHolder
from cloud.member_import.importing import Importer, MemberImport
from cloud.members.minting import mint_of
from cloud.prices.sheets import FILE_TOO_LARGE, MAX_FILE_BYTES

router = APIRouter(prefix="/api/v1/members", tags=["members"])

MayWrite = Annotated[TokenHolder, Depends(holder_with("members:write"))]


class ProblemView(BaseModel):
    """What is wrong with a row of a file."""

    row: int
    column: str
    problem: str


class ImportView(BaseModel):
    """What a file would make, or has made."""

    rows: int
    known: int
    cards: int
    problems: list[ProblemView]
    stored: bool
    sales_credited: int


@router.post("/import")
async def import_file(
    request: Request,
    services: Here,
    who: MayWrite,
    response: Response,
    *,
    dry_run: Annotated[bool, Query(description="Only say what is wrong; store nothing.")] = True,
) -> ImportView:
    """Read a CSV or XLSX file of members, sent as the request's body. A single bad row and nothing is stored (422)."""
    content = await read_body(request, MAX_FILE_BYTES, FILE_TOO_LARGE)
    result = await run_in_threadpool(_import, services, who, content, dry_run=dry_run)
    if not result.ok and not dry_run:
        response.status_code = status.HTTP_422_UNPROCESSABLE_CONTENT
    return ImportView(**asdict(result))


def _import(services: Services, who: TokenHolder, content: bytes, *, dry_run: bool) -> MemberImport:
    importer = Importer(services.vault, mint_of(services.clocks), services.clocks.machine.wall_ms(), open_commit)
    opened = services.database.snapshot if dry_run else services.database.session
    with opened() as session:
        result = importer.run(session, content, dry_run=dry_run)
        if result.stored:
            now_ms, subject = services.clocks.machine.wall_ms(), f"{result.rows} rows"
            audit.record(session, at_ms=now_ms, actor=who.actor, action="member.import", subject=subject)
        return result
