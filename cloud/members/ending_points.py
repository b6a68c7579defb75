"""Members are told of points that end soon, where the rule says how many days before: once for each such day."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.ledger import AccountKey
from cloud.ledger.kinds import MEMBER_POINTS, POINTS
from cloud.ledger.models import Account, Lot
from cloud.members import rules
from cloud.members.care_models import MemberNotice
from cloud.members.home_days import Days, chain_day
from shared.ids import UuidMint

POINTS_EXPIRE = "points_expire"
AT_ONCE = 2_000
"""At the end of a year it may be everybody: they are told in parts."""
_NOTICE = ("id", "member_id", "kind", "subject", "due_on", "made_ms")


def tell(session: Session, mint: UuidMint, *, today: Days, now_ms: int) -> int:
    """Make the notices of points that end within the rule's days, some at a time. Return how many.

    A notice's `due_on` is the first day on which the points are worth nothing. The chain's day decides: some hours do
    not matter days ahead.
    """
    ahead = rules.newest(session, rules.Notices).points_days
    if not ahead:
        return 0
    day = chain_day(session, today)
    lot, account, notice = table_of(Lot), table_of(Account), table_of(MemberNotice)
    told = (
        select(notice.c.id)
        .where(notice.c.kind == POINTS_EXPIRE, notice.c.subject == account.c.owner, notice.c.due_on == lot.c.expires_on)
        .exists()
    )
    due = (
        select(account.c.owner, lot.c.expires_on)
        .join(account, account.c.id == lot.c.account_id)
        .where(account.c.kind == MEMBER_POINTS, lot.c.left > 0, ~told)
        .where(lot.c.expires_on > day, lot.c.expires_on <= day + timedelta(days=ahead))
        .distinct()
        .order_by(lot.c.expires_on, account.c.owner)
        .limit(AT_ONCE)
    )
    rows = [
        (mint(), UUID(row.owner), POINTS_EXPIRE, row.owner, row.expires_on, now_ms)
        for row in session.execute(due).all()
    ]
    bulk.insert_tuples(session, MemberNotice, _NOTICE, rows)
    return len(rows)


def ending(session: Session, member: UUID, on: date) -> int:
    """Return how many points of a member are worth nothing from a day on, as far as they are not spent by now."""
    lot = table_of(Lot)
    mine = lot.c.account_id == AccountKey(MEMBER_POINTS, str(member), POINTS).id
    query = select(func.coalesce(func.sum(lot.c.left), 0)).where(mine, lot.c.expires_on == on, lot.c.left > 0)
    return int(session.execute(query).scalar_one())
