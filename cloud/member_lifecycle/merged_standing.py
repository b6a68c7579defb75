"""What a merge does to how somebody stands: blocks, groups, family, staff, a tier given by hand. And back when undone.

Somebody who is two members is not rid of a block, nor of being watched as staff, by being made one.
"""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import select, update
from sqlmodel import Session

from cloud.database import Table
from cloud.database.rowset import table_of
from cloud.loyalty import merged
from cloud.members.care_models import StaffCard
from cloud.members.models import FamilyMember, MemberBlock, MemberSegment

_BLOCK, _SEGMENT, _STAFF = (MemberBlock, "kind"), (MemberSegment, "segment"), (StaffCard, "staff_code")


class Family(msgspec.Struct, frozen=True):
    """The family of `gone`, which has `keep` in their place, or has them no more where `keep` has one already."""

    family: UUID
    joined_ms: int
    passed_on: bool


class MovedStanding(msgspec.Struct, frozen=True):
    """What `keep` has of `gone` since: codes and ids."""

    blocks: list[str] = []
    segments: list[str] = []
    staff: list[str] = []
    family: Family | None = None
    floor_ms: int | None = None
    """When the tier by hand was given that `keep` has of `gone`; theirs, if they had one, lies with `gone`."""


def move(session: Session, keep: UUID, gone: UUID) -> MovedStanding:
    """Have `keep` stand as `gone` did where that is more. `gone` keeps what is copied, so that it can come apart."""
    session.flush()
    moved = MovedStanding(
        blocks=_copy(session, *_BLOCK, keep=keep, gone=gone),
        segments=_copy(session, *_SEGMENT, keep=keep, gone=gone),
        staff=_copy(session, *_STAFF, keep=keep, gone=gone),
        family=_pass_family_on(session, keep, gone),
        floor_ms=merged.higher_floor(session, gone, keep),
    )
    session.expire_all()
    return moved


def move_back(session: Session, moved: MovedStanding, *, keep: UUID, gone: UUID) -> None:
    """Take away from `keep` what came with `gone`. What was ended since, a block that was lifted, is ended for both."""
    session.flush()
    for (model, column), codes in ((_BLOCK, moved.blocks), (_SEGMENT, moved.segments), (_STAFF, moved.staff)):
        _take_away(session, model, column, codes, keep=keep, gone=gone)
    if moved.family is not None:
        _return_family(session, moved.family, keep=keep, gone=gone)
    if moved.floor_ms is not None:
        merged.return_floor(session, moved.floor_ms, of=keep, to=gone)
    session.expire_all()


def _copy(session: Session, model: type[Table], column: str, *, keep: UUID, gone: UUID) -> list[str]:
    table = table_of(model)
    rows = session.execute(select(table).where(table.c.member_id.in_((keep, gone)))).mappings().all()
    has = {row[column] for row in rows if row["member_id"] == keep}
    new = [{**row, "member_id": keep} for row in rows if row["member_id"] == gone and row[column] not in has]
    if new:
        session.execute(table.insert(), new)
    return sorted(row[column] for row in new)


def _take_away(session: Session, model: type[Table], column: str, codes: list[str], *, keep: UUID, gone: UUID) -> None:
    if not codes:
        return
    table = table_of(model)
    mine = (table.c.member_id == keep, table.c[column].in_(codes))
    ended = set(codes) - set(session.execute(table.delete().where(*mine).returning(table.c[column])).scalars())
    session.execute(table.delete().where(table.c.member_id == gone, table.c[column].in_(sorted(ended))))


def _pass_family_on(session: Session, keep: UUID, gone: UUID) -> Family | None:
    table = table_of(FamilyMember)
    rows = {row.member_id: row for row in session.execute(select(table).where(table.c.member_id.in_((keep, gone))))}
    if gone not in rows:
        return None
    if keep in rows:
        session.execute(table.delete().where(table.c.member_id == gone))
    else:
        session.execute(update(table).where(table.c.member_id == gone).values(member_id=keep))
    return Family(rows[gone].family_id, rows[gone].joined_ms, keep not in rows)


def _return_family(session: Session, was: Family, *, keep: UUID, gone: UUID) -> None:
    table = table_of(FamilyMember)
    if was.passed_on:
        theirs = (table.c.member_id == keep, table.c.family_id == was.family)
        session.execute(update(table).where(*theirs).values(member_id=gone))
        return
    row = {"member_id": gone, "family_id": was.family, "joined_ms": was.joined_ms}
    session.execute(table.insert(), [row])
