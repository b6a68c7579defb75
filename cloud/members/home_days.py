"""Which day it is for a member: that of their home store's zone; of the chain's zone where they have no home store.

Tiers, birthdays, monthly gifts and everything that ends on a day go by this day, not by that of some data centre.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Uuid, or_, select, true
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.members.models import Member
from cloud.org.models import Store
from cloud.org.zones import zone_of
from shared.calendar import local_time

HOMELESS = ""
"""Stands among zones for those who have no home store."""


@dataclass(frozen=True, slots=True)
class HomeDays:
    """Everybody's own day at a moment of business time (milliseconds)."""

    business_ms: int


Days = date | HomeDays
"""One day for everybody, or everybody's own."""


@dataclass(frozen=True, slots=True)
class HomeDay:
    """A day, and the zones (HOMELESS among them) in which it is that day now."""

    day: date
    zones: frozenset[str]
    everybody: bool

    def whose(self, member: ColumnElement[UUID], *, zones: Collection[str] | None = None) -> ColumnElement[bool]:
        """Return the condition that it is this day for a member; with `zones`, that they belong to one of these."""
        if self.everybody and zones is None:
            return true()
        wanted = self.zones if zones is None else zones
        person, store = table_of(Member), table_of(Store)
        known = select(person.c.id).outerjoin(store, store.c.id == person.c.home_store).where(person.c.id == member)
        named = store.c.time_zone.in_(sorted(set(wanted) - {HOMELESS}))
        return known.where(or_(named, person.c.home_store.is_(None)) if HOMELESS in wanted else named).exists()


def home_days(session: Session, days: Days) -> list[HomeDay]:
    """Return the days it is now, the earliest first: one, or two while midnight goes round the chain's zones."""
    zones = _zones(session)
    if not isinstance(days, HomeDays):
        return [HomeDay(days, frozenset(zones), everybody=True)]
    found: defaultdict[date, set[str]] = defaultdict(set)
    for name, zone in zones.items():
        found[_day(days.business_ms, zone)].add(name)
    return [HomeDay(day, frozenset(found[day]), everybody=len(found) == 1) for day in sorted(found)]


def chain_day(session: Session, days: Days) -> date:
    """Return the day it is for the chain as a whole."""
    return _day(days.business_ms, zone_of(session)) if isinstance(days, HomeDays) else days


def over_everywhere(session: Session, business_ms: int) -> date:
    """Return the earliest day that it still is somewhere: whatever ended before it is over for every member."""
    return home_days(session, HomeDays(business_ms))[0].day


def days_of(session: Session, members: Collection[UUID], days: Days) -> dict[UUID, date]:
    """Return the day it is for each of these."""
    if not isinstance(days, HomeDays):
        return dict.fromkeys(members, days)
    return {member: _day(days.business_ms, zone) for member, zone in zones_of(session, members).items()}


def day_of(session: Session, member: UUID, days: Days) -> date:
    """Return the day it is for a member."""
    return days_of(session, [member], days)[member]


def by_day(session: Session, members: Collection[UUID], days: Days) -> Mapping[date, list[UUID]]:
    """Return these members by the day it is for them."""
    found: defaultdict[date, list[UUID]] = defaultdict(list)
    for member, day in days_of(session, members, days).items():
        found[day].append(member)
    return found


def zones_of(session: Session, members: Collection[UUID]) -> dict[UUID, tzinfo]:
    """Return the zone by which each of these counts days."""
    if not members:
        return {}
    member, store = table_of(Member), table_of(Store)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)])
    rows = session.execute(
        select(member.c.id, store.c.time_zone)
        .join(wanted, wanted.c.id == member.c.id)
        .join(store, store.c.id == member.c.home_store)
    )
    own = {row.id: ZoneInfo(row.time_zone) for row in rows}
    chain = zone_of(session)
    return {one: own.get(one, chain) for one in members}


def _zones(session: Session) -> dict[str, tzinfo]:
    store = table_of(Store)
    names = session.execute(select(store.c.time_zone).distinct().order_by(store.c.time_zone)).scalars()
    return {HOMELESS: zone_of(session)} | {name: ZoneInfo(name) for name in names}


def _day(business_ms: int, zone: tzinfo) -> date:
    return local_time(business_ms, zone).date()
