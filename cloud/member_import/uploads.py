"""Uploaded files of members to take over: asked for, checked, loaded or cancelled, and gone with their use."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import update
from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Invalid, NotFound, Refused
from cloud.member_import.models import OpeningUpload
from cloud.prices.sheets import MAX_FILE_BYTES
from cloud.privacy import Vault
from shared.web.phrases import Phrase

KEPT_MS = 24 * 3600 * 1000
"""How long a checked file waits for the word to load it."""
PROBLEMS_KEPT = 500


class UploadStatus(StrEnum):
    """How far an upload is."""

    WAITING = "waiting"
    CHECKING = "checking"
    BAD = "bad"
    """Rows are wrong: nothing was stored, the file is gone."""
    CHECKED = "checked"
    TO_LOAD = "to_load"
    LOADING = "loading"
    LOADED = "loaded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    FAILED = "failed"


WAITS = (UploadStatus.WAITING, UploadStatus.TO_LOAD)
WORKS = (UploadStatus.CHECKING, UploadStatus.LOADING)
OPEN = (*WAITS, *WORKS, UploadStatus.CHECKED)


def ask(
    session: Session, vault: Vault, upload_id: UUID, *, name: str, content: bytes, actor: str, reason: str, now_ms: int
) -> OpeningUpload:
    """Take a file for its dry run. Raise Invalid for none, one too large, or no reason."""
    if not content:
        raise Invalid("choose a file: CSV or XLSX, one member a row")
    if len(content) > MAX_FILE_BYTES:
        raise Invalid(f"the file has more than {MAX_FILE_BYTES} bytes: split it")
    if not reason:
        raise Refused("reason", "say why: it is kept in the audit log")
    row = OpeningUpload(
        id=upload_id,
        name=name[:200] or "file",
        size=len(content),
        content=_closed(vault, upload_id, content),
        asked_by=actor,
        asked_ms=now_ms,
        reason=reason[:500],
    )
    session.add(row)
    audit.record(
        session, at_ms=now_ms, actor=actor, action="member.upload", subject=str(upload_id), reason=reason,
        detail=f"{row.name}, {row.size} bytes",
    )  # fmt: skip
    session.flush()
    return row


def load(session: Session, upload_id: UUID, *, actor: str, now_ms: int) -> None:
    """Say that a checked file is to be loaded. Raise NotFound, or Refused: `upload_<status>`."""
    row = _locked(session, upload_id)
    if row.status != UploadStatus.CHECKED:
        raise Refused(f"upload_{row.status}", f"this file is {row.status}")
    row.status, row.done, row.starts = UploadStatus.TO_LOAD, 0, 0
    session.add(row)
    audit.record(session, at_ms=now_ms, actor=actor, action="member.upload", subject=str(upload_id), detail="load")


def cancel(session: Session, upload_id: UUID, *, actor: str, now_ms: int) -> None:
    """End what is not finished; whoever works on it notices within some thousand rows. Raise NotFound, Refused."""
    row = _locked(session, upload_id)
    if row.status not in OPEN:
        raise Refused(f"upload_{row.status}", f"this file is {row.status}")
    if row.status not in WORKS:
        row.content = None
    row.status, row.ended_by, row.finished_ms = UploadStatus.CANCELLED, actor, now_ms
    session.add(row)
    audit.record(session, at_ms=now_ms, actor=actor, action="member.upload", subject=str(upload_id), detail="cancel")


def expire(session: Session, now_ms: int) -> int:
    """Let go of files that nobody wanted loaded in time; return how many."""
    late = (col(OpeningUpload.status) == UploadStatus.CHECKED, col(OpeningUpload.checked_ms) < now_ms - KEPT_MS)
    gone = session.execute(
        update(OpeningUpload)
        .where(*late)
        .values(status=UploadStatus.EXPIRED, content=None, finished_ms=now_ms)
        .returning(col(OpeningUpload.id))
    )
    return len(gone.all())


def find(session: Session, upload_id: UUID) -> OpeningUpload:
    """Return an upload. Raise NotFound."""
    row = session.get(OpeningUpload, upload_id)
    if row is None:
        raise NotFound(f"there is no upload {upload_id}")
    return row


def newest(session: Session, limit: int = 20) -> Sequence[OpeningUpload]:
    """Return the newest uploads, newest first. Their content is not read."""
    query = select(OpeningUpload).order_by(col(OpeningUpload.asked_ms).desc(), col(OpeningUpload.id).desc())
    return session.exec(query.limit(limit)).all()


def opened(vault: Vault, row: OpeningUpload) -> bytes:
    """Return an upload's file. Raise CannotOpen, or Refused when it is gone."""
    if row.content is None:
        raise Refused("gone", "the file is gone: upload it again")
    return zlib.decompress(base64.b64decode(vault.decrypt(bytes(row.content), upload_context(row.id))))


def problems_of(row: OpeningUpload) -> list[dict[str, Any]]:
    """Return the first bad rows: row, column, and the problem as a `Phrase`."""
    found: list[dict[str, Any]] = msgspec.json.decode(row.problems) if row.problems else []
    return [{**one, "problem": Phrase.of(one["problem"])} for one in found]


def totals_of(row: OpeningUpload) -> list[dict[str, Any]]:
    """Return what members hold by the file: kind, unit, members, amount."""
    found: list[dict[str, Any]] = msgspec.json.decode(row.totals) if row.totals else []
    return found


def _closed(vault: Vault, upload_id: UUID, content: bytes) -> bytes:
    return vault.encrypt(base64.b64encode(zlib.compress(content)).decode(), upload_context(upload_id))


def upload_context(upload_id: UUID) -> str:
    """Return what an uploaded file is encrypted with."""
    return f"opening_upload/{upload_id}"


def _locked(session: Session, upload_id: UUID) -> OpeningUpload:
    row = session.get(OpeningUpload, upload_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no upload {upload_id}")
    return row
