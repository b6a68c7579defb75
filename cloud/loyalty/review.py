"""Points that a till promised and head office computes otherwise: a person looks, and decides once.

The ledger has what head office computed. Whoever looks lets that stand, or honours the promise: then what is missing to
it is given besides. What was given so is goodwill, and a return of the sale does not take it back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import func
from sqlmodel import Session, col, select

from cloud import audit
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.kinds import POINTS, POINTS_REWARDED
from cloud.loyalty import debts, rules
from cloud.loyalty.earning import member_legs, points_account
from cloud.loyalty.models import PointsReview
from cloud.members import dirt, one_person
from cloud.members.models import ACTIVE, Member

PURPOSE = "points_review"


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many differences nobody has looked at, and the points they come to: promised too much, and too little."""

    count: int
    too_much: int
    too_little: int


def waiting(session: Session) -> Waiting:
    """Count what nobody has looked at."""
    missing = col(PointsReview.promised) - col(PointsReview.computed)
    open_ = select(func.count(), func.coalesce(func.sum(missing), 0)).where(col(PointsReview.decided_by).is_(None))
    over, under = (session.exec(open_.where(one)).one() for one in (missing > 0, missing < 0))
    return Waiting(int(over[0]) + int(under[0]), int(over[1]), -int(under[1]))


def find(session: Session, event: UUID) -> PointsReview:
    """Return the difference of a sale or a return. Raise NotFound."""
    row = session.get(PointsReview, event)
    if row is None:
        raise NotFound(f"nothing differs about the points of {event}")
    return row


def decide(
    session: Session,
    commit_no: int,
    event: UUID,
    *,
    grant: bool,
    by: str,
    reason: str,
    today: date,
    at_ms: int,
    now_ms: int,
) -> PointsReview:
    """Let head office's figure for a sale or a return stand, or give what is missing to the promise; once.

    `today` begins the time for which what is given lasts, `at_ms` is business time. Refused: `nothing_missing` where
    less was promised, `member_gone`. Raise NotFound, Invalid without a reason, Conflict where somebody decided before.
    """
    if not reason.strip():
        raise Invalid("reason: say what you found")
    row = session.get(PointsReview, event, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"nothing differs about the points of {event}")
    if row.decided_by is not None:
        if (row.decided_by, row.granted) == (by, grant):
            return row
        raise Conflict(f"{row.decided_by} decided about {event} before")
    if grant:
        _give(session, commit_no, row, today=today, at_ms=at_ms)
    row.decided_by, row.decided_ms, row.granted, row.reason = by, now_ms, grant, reason.strip()
    session.add(row)
    session.flush()
    kind = "sale" if row.event_id == row.sale_id else "return"
    audit.record(
        session, at_ms=now_ms, actor=by, action="points.review", subject=f"{kind} {event}", reason=row.reason,
        detail=f"{row.promised - row.computed} given" if grant else f"{row.computed} stand, {row.promised} promised",
    )  # fmt: skip
    return row


def _give(session: Session, commit_no: int, row: PointsReview, *, today: date, at_ms: int) -> None:
    missing = row.promised - row.computed
    if missing < 1:
        raise Refused("nothing_missing", "the till promised no more than head office gave")
    member = session.get(Member, one_person.now_of(session, row.member_id))
    if member is None or member.status != ACTIVE:
        raise Refused("member_gone", "whose points they would be is no member any more")
    account, rule = points_account(member.id), rules.load(session).earning_on(today)
    recovered = debts.settled(debts.lock(session, {member.id}), member.id, missing)
    given_by = Leg(AccountKey(POINTS_REWARDED, "review", POINTS), -missing)
    legs = (*member_legs(member.id, missing - recovered, recovered), given_by)
    journal = Journal(
        cause=row.event_id, purpose=PURPOSE, at_ms=at_ms, store=row.store_id, member=member.id, legs=legs,
        rule_version=rule.version if rule else None,
    )  # fmt: skip
    post(session, commit_no, [journal])
    ends = rule.expires_on(today) if rule else None
    new = lots.NewLot(account=account, key=journal.key, store=row.store_id, amount=missing - recovered, expires_on=ends)
    lots.bring(session, [new])
    dirt.note(session, commit_no, [(member.id, dirt.HEAD_OFFICE, 0)])
