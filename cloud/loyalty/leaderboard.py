"""Who did most in a period: masked, of those alone who agreed to stand there; equal figures share a place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, func, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.ledger.kinds import POINTS_ISSUED
from cloud.ledger.models import Account, JournalRow, Posting
from cloud.loyalty.earning import debt_account, points_account
from cloud.loyalty.models import MemberDay
from cloud.members import one_person, rules
from cloud.members.models import ACTIVE, Consent, Member
from cloud.org.zones import zone_of

CHANNEL = "leaderboard"
"""The channel of the consent that puts a member on the board; taking it back takes them off at once."""


class Place(NamedTuple):
    """A place on the board. Members with the same figure share it; the next is as far down as members stand above."""

    place: int
    member: UUID
    masked_name: str
    value: int


class Period(NamedTuple):
    """The business dates a board is about, both included."""

    first: date
    last: date


def period_of(day: date, period: str, back: int = 0) -> Period:
    """Return the month, quarter or year that a day lies in, or the one so many before it."""
    months = {"month": 1, "quarter": 3, "year": 12}[period]
    start = (day.year * 12 + day.month - 1) // months * months - back * months
    end = start + months
    return Period(date(start // 12, start % 12 + 1, 1), date(end // 12, end % 12 + 1, 1) - timedelta(days=1))


def board(session: Session, wanted: Period, rule: rules.Leaderboard) -> list[Place]:
    """Return the first places of a period; empty while there is no board."""
    return _ranked(session, wanted, rule)[: rule.places] if rule.on else []


def place_of(session: Session, member: UUID, wanted: Period, rule: rules.Leaderboard) -> Place | None:
    """Return a member's own place, however far down; None for whoever does not stand there."""
    found = _ranked(session, wanted, rule) if rule.on else []
    return next((place for place in found if place.member == member), None)


def _ranked(session: Session, wanted: Period, rule: rules.Leaderboard) -> list[Place]:
    names = _agreed(session)
    figures = _points(session, names, wanted) if rule.by == "points" else _days(session, names, wanted, rule.by)
    ordered = sorted((one for one in figures.items() if one[1] > 0), key=lambda one: (-one[1], names[one[0]], one[0]))
    places: list[Place] = []
    for n, (member, value) in enumerate(ordered, start=1):
        place = places[-1].place if places and places[-1].value == value else n
        places.append(Place(place, member, names[member] or "*", value))
    return places


def _agreed(session: Session) -> dict[UUID, str]:
    """Return who agreed to stand there, with their masked names."""
    member, consent = table_of(Member), table_of(Consent)
    rows = session.execute(
        select(member.c.id, member.c.masked_name)
        .join(consent, consent.c.member_id == member.c.id)
        .where(consent.c.channel == CHANNEL, consent.c.withdrawn_ms.is_(None), member.c.status == ACTIVE)
    )
    return {row.id: row.masked_name for row in rows}


def _days(session: Session, members: Collection[UUID], wanted: Period, by: str) -> dict[UUID, int]:
    day = table_of(MemberDay)
    who = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)])
    figure = func.sum(day.c.visits if by == "visits" else day.c.spend_minor)
    query = (
        select(day.c.member_id, figure)
        .join(who, who.c.id == day.c.member_id)
        .where(day.c.day.between(wanted.first, wanted.last))
        .group_by(day.c.member_id)
    )
    return {member: int(sum_) for member, sum_ in session.execute(query).all()}


def _points(session: Session, members: Collection[UUID], wanted: Period) -> dict[UUID, int]:
    """Return the points earned in a period, less those taken back in it, whether they pay a debt or not.

    Earned is what stores issued: by sales and other tills' receipts, and what a tier of the day adds to one later; not
    what was a gift, handed on or given back after spending it.
    """
    people = one_person.ids_of(session, members)
    owners = {of(one).id: member for one, member in people.items() for of in (points_account, debt_account)}
    who = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(owners, key=str)])
    posting, journal, contra = table_of(Posting), table_of(JournalRow), table_of(Posting).alias("contra")
    begin, end = (
        int(datetime.combine(day, time(), zone_of(session)).timestamp()) * 1000
        for day in (wanted.first, wanted.last + timedelta(days=1))
    )
    account = table_of(Account)
    issued = (
        select(contra.c.cause)
        .join(account, account.c.id == contra.c.account_id)
        .where(contra.c.cause == journal.c.cause, contra.c.purpose == journal.c.purpose)
        .where(account.c.kind == POINTS_ISSUED)
    )
    query = (
        select(posting.c.account_id, func.sum(posting.c.amount))
        .join(who, who.c.id == posting.c.account_id)
        .join(journal, (journal.c.cause == posting.c.cause) & (journal.c.purpose == posting.c.purpose))
        .where(issued.exists(), journal.c.at_ms >= begin, journal.c.at_ms < end)
        .group_by(posting.c.account_id)
    )
    found: Counter[UUID] = Counter()
    for account, sum_ in session.execute(query).all():
        found[owners[account]] += int(sum_)
    return dict(found)
