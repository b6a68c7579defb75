"""People who may be here twice: found by what they share, decided by a person, and not asked about again."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlmodel import Session, col

from cloud import audit
from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.members.care_models import DuplicatePair
from cloud.members.lookup_keys import NAME_BIRTHDAY
from cloud.members.models import ACTIVE, Member, MemberField, MemberKey
from cloud.members.profile import EMAIL, PHONE

OPEN = "open"
DIFFERENT = "different"
MERGED = "merged"
MOST_OF_ONE = 20
"""Members that share one thing: a phone that more have is a shop's or a made-up one, and says nothing of them."""
_COLUMNS = ("first_id", "second_id", "reasons", "status", "found_ms", "decided_ms", "decided_by")


def scan(session: Session, now_ms: int) -> int:
    """Look for pairs that nobody has decided yet. Return how many are new."""
    reasons: defaultdict[tuple[UUID, UUID], set[str]] = defaultdict(set)
    for kind, query in (
        (PHONE, _by_field(PHONE)),
        (EMAIL, _by_field(EMAIL)),
        (NAME_BIRTHDAY, _by_key(NAME_BIRTHDAY)),
    ):
        group: list[UUID] = []
        last: bytes | None = None
        for index, member in session.execute(query):
            if index != last:
                _pair(group, kind, reasons)
                group, last = [], index
            group.append(member)
        _pair(group, kind, reasons)
    rows = [(*pair, ",".join(sorted(found)), OPEN, now_ms, None, "") for pair, found in sorted(reasons.items())]
    return len(bulk.insert_new_tuples(session, DuplicatePair, _COLUMNS, rows))


def of_member(session: Session, member: UUID) -> list[DuplicatePair]:
    """Return the pairs a member is in that nobody has decided."""
    query = select(DuplicatePair).where(
        (col(DuplicatePair.first_id) == member) | (col(DuplicatePair.second_id) == member),
        col(DuplicatePair.status) == OPEN,
    )
    return list(session.execute(query).scalars())


def decide(session: Session, first: UUID, second: UUID, *, status: str, actor: str, now_ms: int) -> None:
    """Note what somebody decided about a pair. Raise NotFound, or Refused (`decided`) where it was before."""
    low, high = sorted((first, second))
    row = session.get(DuplicatePair, (low, high), with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("these two were never found to be alike")
    if row.status not in (OPEN, status):
        raise Refused("decided", f"somebody decided this pair before: {row.status}")
    row.status, row.decided_ms, row.decided_by = status, now_ms, actor
    session.add(row)
    subject, detail = str(low), f"{high} {status}"
    audit.record(session, at_ms=now_ms, actor=actor, action="member.duplicate", subject=subject, detail=detail)
    session.flush()


def _by_field(name: str) -> Select[tuple[bytes, UUID]]:
    field, member = table_of(MemberField), table_of(Member)
    twice = (
        select(field.c.blind_index)
        .where(field.c.name == name, field.c.blind_index.is_not(None))
        .group_by(field.c.blind_index)
        .having(func.count(field.c.member_id) > 1)
    )
    return (
        select(field.c.blind_index, field.c.member_id)
        .join(member, member.c.id == field.c.member_id)
        .where(field.c.name == name, field.c.blind_index.in_(twice), member.c.status == ACTIVE)
        .order_by(field.c.blind_index, field.c.member_id)
    )


def _by_key(kind: str) -> Select[tuple[bytes, UUID]]:
    key, member = table_of(MemberKey), table_of(Member)
    twice = (
        select(key.c.blind_index)
        .where(key.c.kind == kind)
        .group_by(key.c.blind_index)
        .having(func.count(key.c.member_id) > 1)
    )
    return (
        select(key.c.blind_index, key.c.member_id)
        .join(member, member.c.id == key.c.member_id)
        .where(key.c.kind == kind, key.c.blind_index.in_(twice), member.c.status == ACTIVE)
        .order_by(key.c.blind_index, key.c.member_id)
    )


def _pair(group: list[UUID], kind: str, reasons: defaultdict[tuple[UUID, UUID], set[str]]) -> None:
    """Pair everybody of a group with its first: one decision after the other brings the rest together."""
    if not 1 < len(group) <= MOST_OF_ONE:
        return
    low, *others = sorted(group)
    for other in others:
        reasons[low, other].add(kind)
