"""Where members stand, worked out from what they did by the rule of a day; and tiers given by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, delete, select
from sqlmodel import Session

from cloud import audit
from cloud.database.commits import open_commit
from cloud.database.rowset import rowset, table_of
from cloud.errors import Invalid
from cloud.loyalty import rules
from cloud.loyalty.models import MemberDay, MemberYear, TierFloor
from cloud.members import dirt, home_days
from cloud.members.home_days import Days
from cloud.members.models import Member
from shared.calendar import local_time
from shared.loyalty import Did, Floor, Outlook, Standing, TierRule, look_back, outlook

_NOTHING = Outlook(Standing("", ""), 0, 0, None)


def outlooks(
    session: Session, members: Collection[UUID], today: Days, rule: TierRule | None = None
) -> dict[UUID, Outlook]:
    """Return where each member stands on a day, or on their own, and what they lack to the next tier.

    By the rule in force on that day, or by another one that is only tried.
    """
    found: dict[UUID, Outlook] = {}
    for day, some in home_days.by_day(session, members, today).items():
        of_day = rules.load(session).tier_on(day) if rule is None else rule
        found |= _outlooks_on(session, some, day, of_day)
    return found


def _outlooks_on(session: Session, members: Collection[UUID], today: date, rule: TierRule) -> dict[UUID, Outlook]:
    if not rule.tiers:
        return dict.fromkeys(members, _NOTHING)
    did, floors = _did(session, members, rule, today), floors_of(session, members)
    since = joined(session, members) if rule.window == "anniversary_year" else {}
    return {
        member: outlook(rule, did.get(member, ()), today, joined=since.get(member), floor=floors.get(member))
        for member in members
    }


def standings(session: Session, members: Collection[UUID], today: Days) -> dict[UUID, Standing]:
    """Return where each member stands on a day, and why."""
    return {member: found.standing for member, found in outlooks(session, members, today).items()}


def tiers_of(session: Session, members: Collection[UUID], today: Days) -> dict[UUID, str]:
    """Return each member's tier on a day, '' for none."""
    return {member: stands.tier for member, stands in standings(session, members, today).items()}


def _did(session: Session, members: Collection[UUID], rule: TierRule, today: date) -> Mapping[UUID, Iterable[Did]]:
    """Return what members did, as far back as the rule looks: by year where that is its window, else by day."""
    wanted, since = rowset(session, "wanted", {"member_id": Uuid()}, [(one,) for one in sorted(members)]), None
    since = look_back(rule, today)
    query: Select[Any]
    if rule.window == "calendar_year":
        years = table_of(MemberYear)
        query = select(years).join(wanted, wanted.c.member_id == years.c.member_id).where(years.c.year <= today.year)
        if since is not None:
            query = query.where(years.c.year >= since.year)
    else:
        days = table_of(MemberDay)
        query = select(days).join(wanted, wanted.c.member_id == days.c.member_id).where(days.c.day <= today)
        if since is not None:
            query = query.where(days.c.day >= since)
    by_year = rule.window == "calendar_year"
    found: defaultdict[UUID, list[Did]] = defaultdict(list)
    for row in session.execute(query):
        day = date(row.year, 1, 1) if by_year else row.day
        found[row.member_id].append(Did(day, row.spend_minor, row.visits))
    return found


def joined(session: Session, members: Collection[UUID]) -> dict[UUID, date]:
    """Return the day on which each joined, at their home: anniversaries count from it."""
    member = table_of(Member)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)])
    rows = session.execute(select(member.c.id, member.c.created_ms).join(wanted, wanted.c.id == member.c.id))
    zones = home_days.zones_of(session, members)
    return {row.id: local_time(row.created_ms, zones[row.id]).date() for row in rows}


def floors_of(session: Session, members: Collection[UUID]) -> dict[UUID, Floor]:
    """Return the tiers given by hand, over or not."""
    floor = table_of(TierFloor)
    wanted = rowset(session, "wanted", {"member_id": Uuid()}, [(member,) for member in sorted(members)])
    rows = session.execute(select(floor).join(wanted, wanted.c.member_id == floor.c.member_id))
    return {row.member_id: Floor(row.tier, row.until) for row in rows}


def set_floor(session: Session, member: UUID, tier: str, until: date, *, reason: str, actor: str, now_ms: int) -> None:
    """Let a member stand in a tier at least until a day, whatever they earn. Raise Invalid for no such tier."""
    if all(rule.tier(tier) is None for rule in rules.load(session).tiers):
        raise Invalid(f"there is no tier {tier!r}")
    if not reason.strip():
        raise Invalid("reason: say why the tier is given by hand")
    session.merge(TierFloor(member_id=member, tier=tier, until=until, reason=reason, set_by=actor, set_ms=now_ms))
    session.flush()
    audit.record(
        session, at_ms=now_ms, actor=actor, action="tier.floor", subject=f"member {member}: {tier}", reason=reason
    )
    dirt.note(session, open_commit(session, now_ms), [(member, dirt.HEAD_OFFICE, 0)])


def end_floors(session: Session, today: Days, now_ms: int) -> int:
    """End the floors whose last day is over where the member is at home. Return how many."""
    floor = table_of(TierFloor)
    ended: list[UUID] = []
    for home in home_days.home_days(session, today):
        over = delete(floor).where(floor.c.until < home.day, home.whose(floor.c.member_id))
        ended += session.execute(over.returning(floor.c.member_id)).scalars()
    if ended:
        dirt.note(session, open_commit(session, now_ms), [(member, dirt.HEAD_OFFICE, 0) for member in ended])
    return len(ended)
