"""Who came to stand in another tier: seen whenever a member is looked at anew, written down once, with the reason.

A member is looked at when something of theirs has changed, when the last day of their tier has passed, and when another
rule starts. The look compares with the last one, so that a late sale or return, whatever it changes, is one more entry.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import Uuid, func, select, union
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import rowset, table_of, upsert_into
from cloud.loyalty import rules, tier_of_day, tiers
from cloud.loyalty.models import MemberDay, MemberStanding, MemberYear, TierChange, TierFloor, TierTurn
from cloud.members import dirt, home_days
from cloud.members.home_days import Days, HomeDay
from cloud.members.models import ACTIVE, Member
from shared.loyalty import Standing

_CHANGE = ("member_id", "n", "before", "after", "reason", "rule_version", "day", "at_ms")
_TURN = ("version", "zone", "day")
_NOWHERE = Standing("", "")
_AT_ONCE = 20_000
"""Members whose tier has ended that one look notes; the next one notes further ones."""


def turn(session: Session, today: Days) -> None:
    """Note whoever time alone may move: those whose tier's last day has passed, and everybody when a rule starts.

    Each is noted once, when the day has come at their home: the next look at them gives them another last day.
    """
    for home in home_days.home_days(session, today):
        _turn(session, home)


def _turn(session: Session, home: HomeDay) -> None:
    standing = table_of(MemberStanding)
    ended = select(standing.c.member_id).where(standing.c.until < home.day, home.whose(standing.c.member_id))
    over = session.execute(ended.order_by(standing.c.member_id).limit(_AT_ONCE)).scalars().all()
    rule = rules.load(session).tier_on(home.day)
    started = _started(session, rule.version, home) if rule.version else set()
    if started:
        zones = None if home.everybody and started == home.zones else started
        concerned = _whom_rules_concern(session, home, zones)
        dirt.note(session, -rule.version, ((one, dirt.HEAD_OFFICE, 0) for one in concerned))
    if over:
        dirt.note(session, -home.day.toordinal(), ((one, dirt.HEAD_OFFICE, 0) for one in over))


def _started(session: Session, version: int, home: HomeDay) -> set[str]:
    """Write down in which zones a rule counts from now on; return those where that had not been seen."""
    turn_ = table_of(TierTurn)
    seen = set(session.execute(select(turn_.c.zone).where(turn_.c.version == version)).scalars())
    rows = [(version, zone, home.day) for zone in sorted(home.zones - seen)]
    return {zone for _, zone in bulk.insert_new_tuples(session, TierTurn, _TURN, rows)}


def _whom_rules_concern(session: Session, home: HomeDay, zones: Collection[str] | None) -> list[UUID]:
    """Return everybody of these zones who did something, stands somewhere, or is a member at all."""
    member = table_of(Member)
    queries = [select(table_of(one).c.member_id) for one in (MemberYear, MemberDay, MemberStanding, TierFloor)]
    found = union(*queries, select(member.c.id).where(member.c.status == ACTIVE)).subquery("concerned")
    return list(session.execute(select(found.c.member_id).where(home.whose(found.c.member_id, zones=zones))).scalars())


def look(session: Session, members: Collection[UUID], today: Days, *, now_ms: int) -> None:
    """Look at members: write down who stands elsewhere, and settle the points that their tier of a day brings.

    The caller holds their rows, as for `assess`.
    """
    assess(session, members, today, now_ms=now_ms)
    tier_of_day.settle(session, members, now_ms=now_ms)


def assess(session: Session, members: Collection[UUID], today: Days, *, now_ms: int) -> int:
    """Look at members and write down who stands elsewhere than before, each on their own day. Return how many do.

    The caller holds their rows: two that look at one member would both find the same change.
    """
    days = home_days.by_day(session, members, today).items()
    return sum(_assess(session, some, day, now_ms=now_ms) for day, some in sorted(days))


def _assess(session: Session, members: Collection[UUID], today: date, *, now_ms: int) -> int:
    rule = rules.load(session).tier_on(today)
    if not rule.version or not members:
        return 0
    before = _before(session, members)
    now = tiers.standings(session, members, today)
    moved = {
        member: stands
        for member, stands in now.items()
        if member in before or stands.tier
        if before.get(member, _NOWHERE) != stands
    }
    _write(session, moved, before, today)
    elsewhere = [member for member, stands in moved.items() if before.get(member, _NOWHERE).tier != stands.tier]
    counts = _counts(session, elsewhere)
    rows = [
        (
            member, counts.get(member, 0) + 1, before.get(member, _NOWHERE).tier, moved[member].tier,
            moved[member].reason, rule.version, today, now_ms,
        )
        for member in elsewhere
    ]  # fmt: skip
    bulk.insert_tuples(session, TierChange, _CHANGE, rows)
    return len(elsewhere)


def _before(session: Session, members: Collection[UUID]) -> dict[UUID, Standing]:
    standing = table_of(MemberStanding)
    wanted = rowset(session, "wanted", {"member_id": Uuid()}, [(one,) for one in sorted(members)])
    rows = session.execute(select(standing).join(wanted, wanted.c.member_id == standing.c.member_id))
    return {row.member_id: Standing(row.tier, row.reason, row.until) for row in rows}


def _counts(session: Session, members: Collection[UUID]) -> dict[UUID, int]:
    change = table_of(TierChange)
    wanted = rowset(session, "wanted", {"member_id": Uuid()}, [(one,) for one in sorted(members)])
    query = select(change.c.member_id, func.max(change.c.n)).join(wanted, wanted.c.member_id == change.c.member_id)
    return {member: int(n) for member, n in session.execute(query.group_by(change.c.member_id)).all()}


def _write(session: Session, moved: Mapping[UUID, Standing], before: Mapping[UUID, Standing], today: date) -> None:
    """Keep where they stand now; `since` moves only with the tier itself."""
    for same_tier in (True, False):
        rows = [
            {"member_id": member, "since": today, **stands._asdict()}
            for member, stands in sorted(moved.items())
            if (before.get(member, _NOWHERE).tier == stands.tier) is same_tier
        ]
        if not rows:
            continue
        statement = upsert_into(session, MemberStanding)
        columns = ("tier", "reason", "until") if same_tier else ("tier", "reason", "until", "since")
        replaced = {column: statement.excluded[column] for column in columns}
        session.execute(statement.on_conflict_do_update(index_elements=["member_id"], set_=replaced), rows)
