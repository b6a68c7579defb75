"""The pages that take over members by upload: send a file, see what is wrong with it, load it, watch, cancel."""

from __future__ import annotations

import os
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from cloud.api.services import Here, Services
from cloud.errors import Invalid, NotFound, Refused
from cloud.identity.people import Right
from cloud.ledger.units import units
from cloud.member_import import uploads, words
from cloud.member_import.importing import BALANCES, COLUMNS
from cloud.member_import.uploads import OPEN, PROBLEMS_KEPT, UploadStatus
from cloud.prices.sheets import MAX_FILE_BYTES, write_csv
from cloud.web.rendering import Context, page
from cloud.web.signing_in import Posted, form_by, person_with
from cloud.web.speaking import language_of, speech
from cloud.web.uploading import PostedFile, file_by
from shared.ids import UuidMint

HERE = "/members/openings"
PROBLEMS_SHOWN = 100
router = APIRouter(prefix=f"{HERE}/uploads", include_in_schema=False)

MayUpload = Annotated[PostedFile, Depends(file_by(Right.VALUE, MAX_FILE_BYTES))]
MayLoad = Annotated[Posted, Depends(form_by(Right.VALUE))]


@router.post("")
def upload(services: Here, posted: MayUpload) -> Response:
    """Take a file for its dry run."""
    now_ms = services.clocks.machine.wall_ms()
    upload_id = UuidMint(services.clocks.machine.wall_ms, os.urandom)()
    try:
        with services.database.session() as session:
            uploads.ask(
                session, services.vault, upload_id, name=posted.name, content=posted.content,
                actor=posted.who.actor, reason=posted.get("reason"), now_ms=now_ms,
            )  # fmt: skip
    except Refused as error:
        return _to(HERE, error.code)
    except Invalid:
        return _to(HERE, "file")
    return _to(f"{HERE}/uploads/{upload_id}")


@router.get("/template.csv", dependencies=[Depends(person_with(Right.VALUE))])
def template() -> Response:
    """Return an empty file with every column, to fill in."""
    headers = {"Content-Disposition": 'attachment; filename="members.csv"'}
    content = b"\xef\xbb\xbf" + ",".join((*COLUMNS, *BALANCES)).encode() + b"\r\n"
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{upload_id}", dependencies=[Depends(person_with(Right.VALUE))])
def one(request: Request, services: Here, upload_id: UUID, refused: str = "") -> Response:
    """What is in this file, what is wrong with it, how far is it?"""

    def read(session: Session, _now_ms: int) -> Context:
        it = uploads.find(session, upload_id)
        return {
            "it": it,
            "open": it.status in OPEN,
            "ready": it.status == UploadStatus.CHECKED,
            "problems": (found := uploads.problems_of(it))[:PROBLEMS_SHOWN],
            "more": len(found) > PROBLEMS_SHOWN,
            "kept": PROBLEMS_KEPT,
            "totals": uploads.totals_of(it),
            "units": units(session),
            "words": words,
            "refused": (words.REFUSAL.get(refused, words.ELSE)) if refused else "",
        }

    return page(request, services, "member_upload", read)


@router.get("/{upload_id}/problems.csv", dependencies=[Depends(person_with(Right.VALUE))])
def problems(request: Request, services: Here, upload_id: UUID) -> Response:
    """Return the bad rows as a file, to mend the source by."""
    with services.database.snapshot() as session:
        found = uploads.problems_of(uploads.find(session, upload_id))
    say = speech(language_of(request)).t
    rows = [(str(one["row"]), one["column"], say(one["problem"])) for one in found]
    headers = {"Content-Disposition": 'attachment; filename="problems.csv"', "Cache-Control": "no-store"}
    content = write_csv(("row", "column", "problem"), rows)
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/{upload_id}/load")
def load(services: Here, posted: MayLoad, upload_id: UUID) -> Response:
    """Load a checked file."""
    return _act(services, posted, upload_id, load_it=True)


@router.post("/{upload_id}/cancel")
def cancel(services: Here, posted: MayLoad, upload_id: UUID) -> Response:
    """Cancel what is not finished."""
    return _act(services, posted, upload_id, load_it=False)


def _act(services: Services, posted: Posted, upload_id: UUID, *, load_it: bool) -> Response:
    act, code = uploads.load if load_it else uploads.cancel, ""
    try:
        with services.database.session() as session:
            act(session, upload_id, actor=posted.who.actor, now_ms=services.clocks.machine.wall_ms())
    except (Refused, NotFound):
        code = "else"
    return _to(f"{HERE}/uploads/{upload_id}", code)


def _to(where: str, code: str = "") -> Response:
    return RedirectResponse(f"{where}?refused={code}" if code else where, HTTPStatus.SEE_OTHER)
