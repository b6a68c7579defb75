"""What a member may not do for now: buy, collect and spend points, use coupons. Each stands and falls apart.

Whoever is blocked from points collects none with what they buy from then on until it is lifted, whatever the till knew
and whenever the sale arrives; what is bought counts for their tier all the same. Whoever is blocked from buying spends
nothing of theirs either.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, func, null, select, union_all
from sqlmodel import Session, col

from cloud import audit
from cloud.database.rowset import rowset, table_of
from cloud.errors import Invalid, NotFound, Refused
from cloud.members import dirt, one_person
from cloud.members.models import Member, MemberBlock, PastBlock

BUY = "buy"
POINTS = "points"
COUPONS = "coupons"
KINDS = (BUY, POINTS, COUPONS)
_BLOCKED_FROM = {BUY: "buy", POINTS: "collect or spend points", COUPONS: "use coupons"}
_MOST_REASON = 500


class Span(NamedTuple):
    """How long a block stood, in business time; `until_ms` is None while it stands."""

    since_ms: int
    until_ms: int | None

    def covers(self, at_ms: int) -> bool:
        """Tell whether it stood at a moment."""
        return self.since_ms <= at_ms and (self.until_ms is None or at_ms < self.until_ms)


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


def spans(session: Session, members: Collection[UUID], kind: str) -> Mapping[UUID, list[Span]]:
    """Return when these members might not do one thing, up to now; whoever always might is absent.

    Whoever was made one with somebody is judged by what stood for either.
    """
    if not members:
        return {}
    ids = one_person.ids_of(session, members)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(ids)])
    found: defaultdict[UUID, list[Span]] = defaultdict(list)
    block, past = table_of(MemberBlock), table_of(PastBlock)
    standing = select(block.c.member_id, block.c.since_ms, null().label("until_ms")).where(block.c.kind == kind)
    ended = select(past.c.member_id, past.c.since_ms, past.c.until_ms).where(past.c.kind == kind)
    both = union_all(
        standing.join(wanted, wanted.c.id == block.c.member_id), ended.join(wanted, wanted.c.id == past.c.member_id)
    )
    for row in session.execute(both):
        found[ids[row.member_id]].append(Span(row.since_ms, row.until_ms))
    return found


def require_free(session: Session, member: UUID, kind: str) -> None:
    """Raise Refused (`points_blocked`, `coupons_blocked`, `buy_blocked`) for whoever may not do this, or not buy."""
    found = standing(session, [member]).get(member, frozenset())
    for one in (kind, BUY):
        if one in found:
            raise Refused(f"{one}_blocked", f"this member may not {_BLOCKED_FROM[one]} for now")


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
    _check_reason(reason)
    if session.get(MemberBlock, (member, kind)) is not None:
        return
    since_ms = now_ms if since_ms is None else since_ms
    session.add(MemberBlock(member_id=member, kind=kind, reason=reason.strip(), since_ms=since_ms, actor=actor))
    _record(session, member, f"block {kind}", reason=reason, actor=actor, commit_no=commit_no, now_ms=now_ms)


def lift(
    session: Session,
    member: UUID,
    kind: str,
    *,
    reason: str,
    actor: str,
    commit_no: int,
    now_ms: int,
    until_ms: int | None = None,
) -> None:
    """Lift a block; that it stood, until when and why it was lifted is kept. Raise NotFound where there is none.

    It is lifted for whoever was made one with them, too. `until_ms` is business time, as sales have it; where nobody
    drives that, it is `now_ms`.
    """
    _check(session, member, kind)
    _check_reason(reason)
    if session.get(MemberBlock, (member, kind)) is None:
        raise NotFound(f"member {member} is not blocked from {kind}")
    for one in sorted(one_person.ids_of(session, [member])):
        row = session.get(MemberBlock, (one, kind))
        if row is not None:
            _end(session, row, reason.strip(), actor, now_ms if until_ms is None else until_ms)
    _record(session, member, f"unblock {kind}", reason=reason, actor=actor, commit_no=commit_no, now_ms=now_ms)


def past_of(session: Session, member: UUID) -> list[PastBlock]:
    """Return the blocks of a member that were lifted, the last one first."""
    query = select(PastBlock).where(col(PastBlock.member_id) == member)
    return list(session.execute(query.order_by(col(PastBlock.n).desc())).scalars())


def _end(session: Session, row: MemberBlock, reason: str, actor: str, until_ms: int) -> None:
    count = select(func.count()).where(col(PastBlock.member_id) == row.member_id)
    past = PastBlock(
        member_id=row.member_id, n=session.execute(count).scalar_one() + 1, kind=row.kind, since_ms=row.since_ms,
        until_ms=max(until_ms, row.since_ms), reason=row.reason, actor=row.actor, lifted_reason=reason,
        lifted_by=actor,
    )  # fmt: skip
    session.add(past)
    session.delete(row)


def _check_reason(reason: str) -> None:
    if not 0 < len(reason.strip()) <= _MOST_REASON:
        raise Invalid(f"say why, in up to {_MOST_REASON} characters: the member may ask")


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
