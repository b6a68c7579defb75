"""The job that checks and loads uploaded files: one at a time, watched, cancelled between rows, gone on with elsewhere.

Whoever works on a file says so with a beat; without one for two minutes another process takes it over. A file that is
through, bad or cancelled is let go of in the same transaction that says so.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
import structlog
from sqlalchemy import ColumnElement, and_, or_, update
from sqlmodel import Session, col, select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.errors import CloudError, Conflict, Refused
from cloud.member_import import signing, taking_back, uploads
from cloud.member_import.importing import Importer, Problem
from cloud.member_import.loading import Loader, opening_of
from cloud.member_import.models import MemberOpening, OpeningUpload
from cloud.member_import.reading import OpeningFile
from cloud.member_import.uploads import PROBLEMS_KEPT, WAITS, WORKS, UploadStatus
from cloud.privacy import Vault
from shared.clock import MachineClock
from shared.ids import UuidMint
from shared.web.phrases import Phrase

SILENT_MS = 120_000
MOST_STARTS = 3
_NEXT = {
    UploadStatus.WAITING: UploadStatus.CHECKING,
    UploadStatus.CHECKING: UploadStatus.CHECKING,
    UploadStatus.TO_LOAD: UploadStatus.LOADING,
    UploadStatus.LOADING: UploadStatus.LOADING,
}

log = structlog.get_logger()


class Stopped(Exception):
    """Somebody cancelled the file, or another process took it over."""


class Uploading:
    """Works on uploaded files, one a call."""

    def __init__(self, database: Database, vault: Vault, clock: MachineClock, mint: UuidMint) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._mint = mint
        self._runner = str(mint())

    def __call__(self) -> bool:
        """Work on the oldest file that waits, then take back what is to be; tell whether there was anything."""
        worked = self._upload()
        with self._database.snapshot() as session:
            waiting = taking_back.waiting(session)
        for opening in waiting:
            people = taking_back.take_back(self._database, opening, self._clock.wall_ms)
            log.info("opening taken back", opening=str(opening), people=people)
        return worked or bool(waiting)

    def _upload(self) -> bool:
        with self._database.session() as session:
            uploads.expire(session, self._clock.wall_ms())
            left = self._cancelled_and_left(session)
            claimed = None if left else self._claim(session)
        if left is not None:
            self._let_go(left)
            return True
        if claimed is None:
            return False
        upload_id, status = claimed
        try:
            self._work(upload_id, status)
        except Stopped:
            self._let_go(upload_id)
        except Conflict:
            self._end(upload_id, UploadStatus.FAILED, problem="here_already")
        except CloudError as error:  # no table of members, or a key that is gone
            said = error.phrase or Phrase("the file cannot be read any more: upload it again")
            file = OpeningFile(0, 0, [Problem(1, "", said)])
            self._end(upload_id, UploadStatus.FAILED, file, problem="no_table")
        except Exception:
            self._end(upload_id, UploadStatus.FAILED, problem="failed")
            raise
        return True

    def _cancelled_and_left(self, session: Session) -> UUID | None:
        """Return a cancelled file whose worker is gone with the process it ran in."""
        silent = col(OpeningUpload.beat_ms) < self._clock.wall_ms() - SILENT_MS
        left = (col(OpeningUpload.status) == UploadStatus.CANCELLED, col(OpeningUpload.content).is_not(None), silent)
        return session.exec(select(col(OpeningUpload.id)).where(*left).limit(1)).first()

    def _claim(self, session: Session) -> tuple[UUID, UploadStatus] | None:
        now_ms = self._clock.wall_ms()
        abandoned = and_(col(OpeningUpload.status).in_(WORKS), col(OpeningUpload.beat_ms) < now_ms - SILENT_MS)
        query = select(OpeningUpload).where(or_(col(OpeningUpload.status).in_(WAITS), abandoned))
        row = session.exec(query.order_by(col(OpeningUpload.asked_ms)).limit(1).with_for_update()).first()
        if row is None:
            return None
        row.starts += 1
        if row.starts > MOST_STARTS:
            row.status, row.problem, row.content = UploadStatus.FAILED, "restarts", None
            session.add(row)
            return None
        row.status = _NEXT[UploadStatus(row.status)]
        row.runner, row.beat_ms, row.done, row.total = self._runner, now_ms, 0, 0
        session.add(row)
        return row.id, UploadStatus(row.status)

    def _work(self, upload_id: UUID, status: UploadStatus) -> None:
        with self._database.snapshot() as session:
            row = uploads.find(session, upload_id)
            content, actor = uploads.opened(self._vault, row), row.asked_by
        loader = Loader(self._database, Importer(self._vault, self._mint, self._clock.wall_ms(), open_commit), actor)

        def progress(done: int, rows: int) -> None:
            self._beat(upload_id, done, rows)

        if status is UploadStatus.CHECKING:
            file = loader.check(content, progress)
            self._end(upload_id, UploadStatus.BAD if file.problems else UploadStatus.CHECKED, file)
            return
        done = loader.load(content, row.name, progress, lambda _done, rows: progress(0, rows))
        ended = UploadStatus.BAD if done.opening is None else UploadStatus.LOADED
        self._end(upload_id, ended, done.file, opening=done.opening)
        log.info("opening upload ended", upload=str(upload_id), status=str(ended), rows=done.file.rows)

    def _beat(self, upload_id: UUID, done: int, rows: int) -> None:
        """Say how far it is. Raise Stopped when it is not ours any more."""
        with self._database.session() as session:
            ours = session.execute(
                update(OpeningUpload)
                .where(*self._ours(upload_id))
                .values(done=done, total=rows, beat_ms=self._clock.wall_ms())
                .returning(col(OpeningUpload.id))
            ).first()
        if ours is None:
            raise Stopped(str(upload_id))

    def _ours(self, upload_id: UUID) -> tuple[ColumnElement[bool], ...]:
        return (
            col(OpeningUpload.id) == upload_id,
            col(OpeningUpload.runner) == self._runner,
            col(OpeningUpload.status).in_(WORKS),
        )

    def _end(
        self, upload_id: UUID, status: UploadStatus, file: OpeningFile | None = None, *, opening: UUID | None = None,
        problem: str = "",
    ) -> None:  # fmt: skip
        """Write down what came of a step; the content stays only for a file that may still be loaded."""
        now_ms = self._clock.wall_ms()
        facts: dict[str, object] = {"status": status, "problem": problem, "opening_id": opening, "starts": 0}
        if status is UploadStatus.CHECKED:
            facts["checked_ms"] = now_ms
        else:
            facts |= {"content": None, "finished_ms": now_ms}
        if file is not None:
            facts |= _found(file)
        with self._database.session() as session:
            ended = update(OpeningUpload).where(*self._ours(upload_id)).values(facts)
            ours = session.execute(ended.returning(col(OpeningUpload.id))).first()
        if ours is None:
            self._let_go(upload_id)

    def _let_go(self, upload_id: UUID) -> None:
        """Have what a cancelled file brought taken back, and drop it. What another process took over is left to it."""
        with self._database.session() as session:
            row = session.get(OpeningUpload, upload_id, with_for_update=True, populate_existing=True)
            if row is None or row.status != UploadStatus.CANCELLED or row.content is None:
                return
            begun = opening_of(session, uploads.opened(self._vault, row))
            row.content = None
            session.add(row)
            if session.get(MemberOpening, begun) is not None:
                now_ms = self._clock.wall_ms()
                try:
                    signing.refuse(
                        session, begun, reason="cancelled while it was loaded", actor=row.ended_by, now_ms=now_ms
                    )  # fmt: skip
                except Refused:
                    log.warning("opening is closed already", opening=str(begun))


def _found(file: OpeningFile) -> dict[str, object]:
    kept = file.problems[:PROBLEMS_KEPT]
    problems = [{"row": one.row, "column": one.column, "problem": one.problem.record} for one in kept]
    return {
        "rows": file.rows,
        "known": file.known,
        "cards": file.cards,
        "unread_cards": file.unread_cards,
        "bad": file.bad_rows,
        "problems": msgspec.json.encode(problems).decode(),
        "totals": msgspec.json.encode([one._asdict() for one in file.totals]).decode(),
    }
