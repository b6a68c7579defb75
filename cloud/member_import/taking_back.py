"""Taking a base back part by part: each part is a transaction of its own, so that nothing else waits long for it.

A row's member has an id that follows from the opening and the row, and the opening knows the last row that is undone.
Both are written with the part itself: whoever is killed between two parts goes on behind the last, and two processes
at once take turns. Between parts the ledger's proof holds, for each journal is undone whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from cloud.database import Database
from cloud.database.commits import open_commit
from cloud.database.rowset import table_of
from cloud.member_import.loading import Progress, locked, member_id
from cloud.member_import.models import REFUSED, TAKING_BACK, MemberOpening, OpeningCard
from cloud.member_import.reading import nobody_looks
from cloud.members import value
from cloud.members.models import CLOSED, Member, MemberField, MemberKey

AT_ONCE = 1_000
"""Rows of one transaction."""
_HEAD = 1
"""Rows of a file count from its line of headings on."""


def waiting(session: Session) -> Sequence[UUID]:
    """Return the openings that are being taken back, the first decided first."""
    query = select(col(MemberOpening.id)).where(col(MemberOpening.status) == TAKING_BACK)
    return session.exec(query.order_by(col(MemberOpening.closed_ms), col(MemberOpening.id))).all()


def take_back(database: Database, opening: UUID, now_ms: Callable[[], int], progress: Progress = nobody_looks) -> int:
    """Undo what is left of an opening that is being taken back; return how many people that erased.

    `now_ms` tells HQ's wall time; `progress` is told how many rows are through, of how many. Raise NotFound.
    """
    gone = 0
    while True:
        with database.session() as session:
            row = locked(session, opening)
            if row.status != TAKING_BACK:
                return gone
            gone += _part(session, row, now_ms())
            done, rows = (max(n - _HEAD, 0) for n in (row.undone, row.done))
        progress(done, rows)


def _part(session: Session, row: MemberOpening, now_ms: int) -> int:
    """Undo the next rows, and say so; the last part closes the opening."""
    until = min(row.undone + AT_ONCE, row.done)
    members = [member_id(row.id, n) for n in range(row.undone + 1, until + 1)]
    value.unopen(session, open_commit(session, now_ms), members, now_ms)
    gone = _erase(session, members)
    row.undone = until
    if until == row.done:
        row.status = REFUSED
    session.add(row)
    session.flush()
    return gone


def _erase(session: Session, members: Sequence[UUID]) -> int:
    for model in (MemberField, MemberKey, OpeningCard):
        session.execute(delete(table_of(model)).where(table_of(model).c.member_id.in_(members)))
    member = table_of(Member)
    gone = session.execute(
        update(member)
        .where(member.c.id.in_(members))
        .values(status=CLOSED, reference=None, masked_name="", home_store=None, language="")
        .returning(member.c.id)
    )
    return len(gone.all())
