"""Where members stand: by what they reached year by year, floors set by hand, and what another rule would change."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, delete, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.errors import Invalid
from cloud.fleet import audit
from cloud.ledger.commits import open_commit
from cloud.loyalty import rules
from cloud.loyalty.models import MemberYear, TierFloor
from cloud.members import dirt
from shared.loyalty import Standing, TierRule

EXAMPLES = 50


def standings(session: Session, members: Collection[UUID], year: int) -> dict[UUID, Standing]:
    """Return where each member stands in a calendar year, and why."""
    if not members:
        return {}
    rule = rules.load(session).tier
    wanted = rowset(session, "wanted", {"member_id": Uuid()}, [(member,) for member in sorted(members)])
    years = table_of(MemberYear)
    query = (
        select(years.c.member_id, years.c.year, years.c.tier)
        .join(wanted, wanted.c.member_id == years.c.member_id)
        .where(years.c.year <= year, years.c.tier != "")
    )
    if not rule.looks_back:
        query = query.where(years.c.year >= year - 1)
    reached: defaultdict[UUID, dict[int, str]] = defaultdict(dict)
    for row in session.execute(query):
        reached[row.member_id][row.year] = row.tier
    floors = _floors(session, members)
    return {member: rule.standing(reached[member], year, floors.get(member, "")) for member in members}


def set_floor(session: Session, member: UUID, tier: str, until: date, *, reason: str, actor: str, now_ms: int) -> None:
    """Let a member stand in a tier at least until a day, whatever they earn. Raise Invalid for no such tier."""
    if tier not in {one.code for one in rules.load(session).tier.tiers}:
        raise Invalid(f"there is no tier {tier!r}")
    if not reason.strip():
        raise Invalid("reason: say why the tier is given by hand")
    session.merge(TierFloor(member_id=member, tier=tier, until=until, reason=reason, set_by=actor, set_ms=now_ms))
    session.flush()
    audit.record(session, at_ms=now_ms, actor=actor, action="tier.floor", subject=f"member {member}: {tier}")
    dirt.note(session, open_commit(session, now_ms), [(member, dirt.HEAD_OFFICE, 0)])


def end_floors(session: Session, today: date, now_ms: int) -> int:
    """End the floors whose last day is over. Return how many."""
    floor = table_of(TierFloor)
    ended = session.execute(delete(floor).where(floor.c.until < today).returning(floor.c.member_id)).scalars().all()
    if ended:
        dirt.note(session, open_commit(session, now_ms), [(member, dirt.HEAD_OFFICE, 0) for member in ended])
    return len(ended)


def _floors(session: Session, members: Collection[UUID]) -> dict[UUID, str]:
    floor = table_of(TierFloor)
    wanted = rowset(session, "wanted", {"member_id": Uuid()}, [(member,) for member in sorted(members)])
    rows = session.execute(
        select(floor.c.member_id, floor.c.tier).join(wanted, wanted.c.member_id == floor.c.member_id)
    )
    return dict(rows.all())


class Move(NamedTuple):
    """A member who would stand elsewhere: from, to, and why there."""

    member: UUID
    before: str
    after: str
    reason: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a rule would change: how many stand where, who goes where, and examples with their reasons."""

    members: int
    standing: Mapping[str, int]
    moves: Mapping[tuple[str, str], int]
    examples: list[Move]


def dry_run(session: Session, rule: TierRule, year: int, examples: int = EXAMPLES) -> Trial:
    """Work out where everybody would stand in `year` under a rule, without changing anything."""
    in_force, floor = rules.load(session).tier, table_of(TierFloor)
    floors = dict(session.execute(select(floor.c.member_id, floor.c.tier)).all())
    found: list[Move] = []
    moves, stands, members = Counter[tuple[str, str]](), Counter[str](), 0
    for member, rows in _by_member(session, year):
        members += 1
        now = in_force.standing({row.year: row.tier for row in rows}, year, floors.get(member, ""))
        reached = {row.year: rule.reached(row.spend_minor, row.visits) for row in rows}
        then = rule.standing(reached, year, floors.get(member, ""))
        stands[then.tier] += 1
        if then.tier != now.tier:
            moves[now.tier, then.tier] += 1
            if len(found) < examples:
                found.append(Move(member, now.tier, then.tier, then.reason or "below_first"))
    return Trial(members, dict(stands), dict(moves), found)


def _by_member(session: Session, year: int) -> list[tuple[UUID, list[Any]]]:
    row = table_of(MemberYear)
    grouped: defaultdict[UUID, list[Any]] = defaultdict(list)
    for one in session.execute(select(row).where(row.c.year <= year).order_by(row.c.member_id, row.c.year)):
        grouped[one.member_id].append(one)
    return list(grouped.items())
