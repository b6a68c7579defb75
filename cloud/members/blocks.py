"""What a member may not do for now: buy, collect and spend points, use coupons. Each stands and falls apart.

Whoever is blocked from points collects none with what they buy from then on, whatever the till knew; what is bought
counts for their tier all the same. Whoever is blocked from buying spends nothing of theirs either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import Uuid, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.errors import Invalid, NotFound, Refused
from cloud.fleet import audit
from cloud.members import dirt
from cloud.members.models import Member, MemberBlock

BUY = "buy"
POINTS = "points"
COUPONS = "coupons"
KINDS = (BUY, POINTS, COUPONS)


def standing(session: Session, members: Collection[UUID]) -> Mapping[UUID, frozenset[str]]:
    """Return what each member may not do; whoever may do everything is absent."""
    if not members:
        return {}
    wanted, block = (
        rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)]),
        table_of(MemberBlock),
    )
    found: defaultdict[UUID, set[str]] = defaultdict(set)
    rows = session.execute(select(block.c.member_id, block.c.kind).join(wanted, wanted.c.id == block.c.member_id))
    for row in rows:
        found[row.member_id].add(row.kind)
    return {member: frozenset(kinds) for member, kinds in found.items()}


def since(session: Session, members: Collection[UUID], kind: str) -> Mapping[UUID, int]:
    """Return from when on (business time) these members may not do one thing; whoever may is absent."""
    if not members:
        return {}
    wanted, block = (
        rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)]),
        table_of(MemberBlock),
    )
    query = select(block.c.member_id, block.c.since_ms).join(wanted, wanted.c.id == block.c.member_id)
    return {row.member_id: row.since_ms for row in session.execute(query.where(block.c.kind == kind))}


def require_free(session: Session, member: UUID, kind: str) -> None:
    """Raise Refused (`points_blocked`, `coupons_blocked`, `buy_blocked`) for whoever may not do this, or not buy."""
    found = standing(session, [member]).get(member, frozenset())
    for one in (kind, BUY):
        if one in found:
            raise Refused(f"{one}_blocked", f"member {member} is blocked from {one} for now")


def put(
    session: Session,
    member: UUID,
    kind: str,
    *,
    reason: str,
    actor: str,
    commit_no: int,
    now_ms: int,
    since_ms: int | None = None,
) -> None:
    """Block a member from one thing; tills of stores that know them hear of it. Repeating it changes nothing.

    `since_ms` is business time, as sales have it; where nobody drives that, it is `now_ms`.
    """
    _check(session, member, kind)
    if not 0 < len(reason.strip()) <= 500:
        raise Invalid("say why, in up to 500 characters: the member may ask")
    if session.get(MemberBlock, (member, kind)) is not None:
        return
    since_ms = now_ms if since_ms is None else since_ms
    session.add(MemberBlock(member_id=member, kind=kind, reason=reason.strip(), since_ms=since_ms, actor=actor))
    _record(session, member, f"block {kind}", reason=reason, actor=actor, commit_no=commit_no, now_ms=now_ms)


def lift(session: Session, member: UUID, kind: str, *, reason: str, actor: str, commit_no: int, now_ms: int) -> None:
    """Lift a block. Raise NotFound where there is none."""
    _check(session, member, kind)
    row = session.get(MemberBlock, (member, kind))
    if row is None:
        raise NotFound(f"member {member} is not blocked from {kind}")
    session.delete(row)
    _record(session, member, f"unblock {kind}", reason=reason, actor=actor, commit_no=commit_no, now_ms=now_ms)


def _check(session: Session, member: UUID, kind: str) -> None:
    if kind not in KINDS:
        raise Invalid(f"a block is of {', '.join(KINDS)}, got {kind!r}")
    if session.get(Member, member, with_for_update={"key_share": True}) is None:
        raise NotFound(f"there is no member {member}")


def _record(
    session: Session, member: UUID, detail: str, *, reason: str, actor: str, commit_no: int, now_ms: int
) -> None:
    dirt.note(session, commit_no, [(member, dirt.HEAD_OFFICE, 0)])
    audit.record(
        session, at_ms=now_ms, actor=actor, action="member.block", subject=str(member), reason=reason, detail=detail
    )
    session.flush()
