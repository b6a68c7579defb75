"""Groups of members that offers are made to, by code, and what they are called. Who is in one is decided elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Uuid, delete, func, select
from sqlmodel import Session

from cloud import audit
from cloud.database import bulk
from cloud.database.rowset import rowset, table_of
from cloud.errors import Invalid, NotFound
from cloud.members import dirt
from cloud.members.models import Member, MemberSegment, Segment
from shared.ids import check_slug
from shared.web.phrases import Phrase

Names = Mapping[str, str]
"""What something is called, by language."""
LONGEST_NAME = 80
MOST_SENT = 32
"""Segments of one member that stores are told, the first by code: a set of members has to stay small."""


def put_in(session: Session, segment: str, members: Collection[UUID], *, commit_no: int, now_ms: int) -> int:
    """Put members into a segment and return how many were not in it. Stores that know them hear of it.

    Raise Invalid for a code that is none, NotFound for somebody who is no member.
    """
    _check_code(segment)
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


def called(session: Session, segment: str, names: Mapping[str, str], *, actor: str, now_ms: int) -> None:
    """Give a segment its names by language, before or after somebody is in it; nothing stores know changes.

    Raise Invalid for a code that is none, without a name in any language, or for one that is too long.
    """
    _check_code(segment)
    english, chinese = (names.get(language, "").strip() for language in ("en", "zh"))
    if not english and not chinese:
        raise Invalid(Phrase("Say what the segment is called, in one language at least."))
    if max(len(english), len(chinese)) > LONGEST_NAME:
        raise Invalid(Phrase("A name has at most {count} characters.", count=LONGEST_NAME))
    session.merge(Segment(code=segment, name_en=english, name_zh=chinese, changed_by=actor, changed_ms=now_ms))
    detail = " / ".join(one for one in (english, chinese) if one)
    audit.record(session, at_ms=now_ms, actor=actor, action="member.segment_name", subject=segment, detail=detail)
    session.flush()


def names(session: Session) -> dict[str, Names]:
    """Return what every segment is called by its code: those that were named, and those that only have members."""
    table, inside = table_of(Segment), table_of(MemberSegment)
    found: dict[str, Names] = {code: {} for code in session.execute(select(inside.c.segment).distinct()).scalars()}
    for row in session.execute(select(table.c.code, table.c.name_en, table.c.name_zh)):
        found[row.code] = {language: name for language, name in (("en", row.name_en), ("zh", row.name_zh)) if name}
    return dict(sorted(found.items()))


def sizes(session: Session) -> dict[str, int]:
    """Return how many members are in each segment that has any."""
    table = table_of(MemberSegment)
    counted = select(table.c.segment, func.count()).group_by(table.c.segment)
    return {row[0]: row[1] for row in session.execute(counted)}


def _check_code(segment: str) -> None:
    try:
        check_slug(segment, "a segment's code")
    except ValueError as error:
        raise Invalid(
            Phrase("A segment's code is 1 to 32 of a-z, 0-9 and '-', not {text}.", text=repr(segment))
        ) from error


def _note(session: Session, commit_no: int, members: Collection[UUID]) -> None:
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0) for member in members])
