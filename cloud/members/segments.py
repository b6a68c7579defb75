"""Groups of members that offers are made to, by code. Who is in one is decided elsewhere and written here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Uuid, delete, select
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import rowset, table_of
from cloud.errors import Invalid, NotFound
from cloud.members import dirt
from cloud.members.models import Member, MemberSegment
from shared.ids import check_slug

MOST_SENT = 32
"""Segments of one member that stores are told, the first by code: a set of members has to stay small."""


def put_in(session: Session, segment: str, members: Collection[UUID], *, commit_no: int, now_ms: int) -> int:
    """Put members into a segment and return how many were not in it. Stores that know them hear of it.

    Raise Invalid for a code that is none, NotFound for somebody who is no member.
    """
    try:
        check_slug(segment, "a segment's code")
    except ValueError as error:
        raise Invalid(str(error)) from error
    table, wanted = table_of(Member), sorted(set(members))
    ids = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in wanted])
    known = set(session.execute(select(table.c.id).join(ids, ids.c.id == table.c.id)).scalars())
    strange = next((one for one in wanted if one not in known), None)
    if strange is not None:
        raise NotFound(f"there is no member {strange}")
    rows = [(member, segment, now_ms) for member in wanted]
    new = bulk.insert_new_tuples(session, MemberSegment, ("member_id", "segment", "since_ms"), rows)
    _note(session, commit_no, members)
    return len(new)


def take_out(session: Session, segment: str, members: Collection[UUID], *, commit_no: int) -> int:
    """Take members out of a segment and return how many were in it. Stores that know them hear of it."""
    table = table_of(MemberSegment)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(set(members))])
    theirs = table.c.member_id.in_(select(wanted.c.id))
    gone = session.execute(delete(table).where(table.c.segment == segment, theirs).returning(table.c.member_id))
    found = list(gone.scalars())
    _note(session, commit_no, found)
    return len(found)


def of(session: Session, members: Collection[UUID]) -> dict[UUID, list[str]]:
    """Return the segments of members in order; who is in none is absent."""
    table = table_of(MemberSegment)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(member,) for member in sorted(members)])
    found: defaultdict[UUID, list[str]] = defaultdict(list)
    for row in session.execute(
        select(table.c.member_id, table.c.segment)
        .join(wanted, wanted.c.id == table.c.member_id)
        .order_by(table.c.member_id, table.c.segment)
    ):
        found[row.member_id].append(row.segment)
    return dict(found)


def _note(session: Session, commit_no: int, members: Collection[UUID]) -> None:
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0) for member in members])
