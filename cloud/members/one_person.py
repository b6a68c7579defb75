"""Who an id stands for by now: members who were found to be one keep their ids in the books, and one of them lives on.

Whatever names a member's id (a sale, a till's question, a journal) asks here before it gives, takes or counts. Merges
come in chains, and are followed to their end.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.errors import Refused
from cloud.members.models import CLOSED, Member


class Now(NamedTuple):
    """Whom an id leads to, and how they stand."""

    id: UUID
    status: str

    @property
    def has_left(self) -> bool:
        """Whether nothing is theirs any more: a closed account collects nothing."""
        return self.status == CLOSED


def look(session: Session, members: Collection[UUID], *, lock: bool = False) -> dict[UUID, Now]:
    """Return whom each of these ids leads to; an id HQ has no record of is absent.

    With `lock` none of them can be merged or erased before this transaction ends: take it before any lock on balances.
    """
    rows: dict[UUID, Any] = {}
    asked = set(members)
    while asked:
        rows |= {row.id: row for row in _rows(session, asked, lock=lock)}
        asked = {row.merged_into for row in rows.values() if row.merged_into is not None} - rows.keys()
    found = {}
    for one in members:
        row = rows.get(one)
        while row is not None and row.merged_into is not None:
            row = rows[row.merged_into]
        if row is not None:
            found[one] = Now(row.id, row.status)
    return found


def now(session: Session, members: Collection[UUID]) -> dict[UUID, UUID]:
    """Return whom each of these ids leads to; one HQ has no record of is itself."""
    found = look(session, members)
    return {one: found[one].id if one in found else one for one in members}


def now_of(session: Session, member: UUID) -> UUID:
    """Return whom one id leads to, as `now` does."""
    return now(session, [member])[member]


def asked_about(session: Session, member: UUID) -> UUID:
    """Return whom a till means that may know them by an old id. Raise Refused (`member_closed`) for who has left."""
    person = look(session, [member]).get(member)
    if person is not None and person.has_left:
        raise Refused("member_closed", f"member {member} has left")
    return member if person is None else person.id


def ids_of(session: Session, members: Collection[UUID]) -> dict[UUID, UUID]:
    """Return every id under which these members stand in the books, and whose it is: merged ones beside their own."""
    member = table_of(Member)
    found = {one: one for one in members}
    asked = set(members)
    while asked:
        wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(asked)])
        rows = session.execute(
            select(member.c.id, member.c.merged_into).join(wanted, wanted.c.id == member.c.merged_into)
        ).all()
        asked = {row.id for row in rows} - found.keys()
        found |= {row.id: found[row.merged_into] for row in rows if row.id in asked}
    return found


def _rows(session: Session, members: Collection[UUID], *, lock: bool) -> Collection[Any]:
    member = table_of(Member)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)])
    query = select(member.c.id, member.c.status, member.c.merged_into).join(wanted, wanted.c.id == member.c.id)
    if lock:
        # What a foreign key would take: sales of one member do not wait for each other, a merge waits for all.
        query = query.order_by(member.c.id).with_for_update(read=True, key_share=True, of=member)
    return session.execute(query).all()
