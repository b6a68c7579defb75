"""How long a card counts: from the day it is given, at joining or later, as the rule of that day says."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.members import rules
from cloud.members.home_days import Days, day_of
from cloud.members.models import ACTIVE, Card


def begin(session: Session, member: UUID, today: Days) -> None:
    """Have the card that a member was given just now end as the rule says, counted from the day where they are at home.

    Nothing happens to whoever has none in use.
    """
    ends = _end(day_of(session, member, today), rules.newest(session, rules.Cards).valid_months)
    card = table_of(Card)
    theirs = (card.c.member_id == member, card.c.status == ACTIVE)
    session.execute(update(card).where(*theirs).values(expires_on=ends, noticed_ms=None))


def _end(today: date, months: int) -> date | None:
    """Return the last day of a card given today: the day before the same day so many months on."""
    if not months:
        return None
    year, month = divmod(today.month - 1 + months, 12)
    first = date(today.year + year, month + 1, 1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first + timedelta(days=today.day - 1), following) - timedelta(days=1)
