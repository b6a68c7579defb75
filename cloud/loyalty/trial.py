"""What another tier rule would change for real members: a tally that grows slice by slice and changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.loyalty import tiers
from cloud.loyalty.rules import load
from cloud.members.models import ACTIVE, Member
from shared.loyalty import TierRule

EXAMPLES = 50
SLICE = 2_000
_MOVE = "{before}>{after}"


class Example(msgspec.Struct, frozen=True):
    """A member who would stand elsewhere: from, to, and why there; what they did in the window that counts."""

    member: UUID
    before: str
    after: str
    reason: str
    spend_minor: int
    visits: int


class Trial(msgspec.Struct, kw_only=True):
    """What a rule comes to so far: how many members were looked at, who would stand where, who would move.

    `before` and `after` count members by tier, `moves` by `from>to`; examples are of as many kinds of move as there
    are.
    """

    members: int = 0
    before: dict[str, int] = {}
    after: dict[str, int] = {}
    moves: dict[str, int] = {}
    examples: list[Example] = []

    def flow(self) -> dict[tuple[str, str], int]:
        """Return how many members would go from one tier to another."""
        parted = {tuple(key.split(">", 1)): count for key, count in self.moves.items()}
        return {(before, after): count for (before, after), count in parted.items()}

    @property
    def changed(self) -> int:
        """How many members would stand elsewhere."""
        return sum(self.moves.values())


def count_members(session: Session) -> int:
    """Return how many members a trial looks at: those who are members now."""
    member = table_of(Member)
    return int(session.execute(select(func.count()).where(member.c.status == ACTIVE)).scalar_one())


def members_after(session: Session, last: UUID | None, limit: int = SLICE) -> list[UUID]:
    """Return the next members, in the order of their ids."""
    member = table_of(Member)
    query = select(member.c.id).where(member.c.status == ACTIVE).order_by(member.c.id).limit(limit)
    return list(session.execute(query if last is None else query.where(member.c.id > last)).scalars())


def add(session: Session, trial: Trial, members: Sequence[UUID], rule: TierRule, today: date) -> None:
    """Look at some more members under the rule in force and under the other one."""
    in_force = load(session).tier_on(today)
    now = tiers.outlooks(session, members, today, in_force)
    then = tiers.outlooks(session, members, today, rule)
    before, after, moves = Counter(trial.before), Counter(trial.after), Counter(trial.moves)
    for member in members:
        here, there = now[member].standing.tier, then[member].standing
        before[here] += 1
        after[there.tier] += 1
        if here == there.tier:
            continue
        move = _MOVE.format(before=here, after=there.tier)
        moves[move] += 1
        if _wanted(moves[move], len(trial.examples)):
            found = then[member]
            trial.examples.append(Example(member, here, there.tier, there.reason, found.spend_minor, found.visits))
    trial.members += len(members)
    trial.before, trial.after, trial.moves = dict(before), dict(after), dict(moves)


def _wanted(nth: int, have: int) -> bool:
    """Tell whether to keep an example: a few of each kind of move, so that no kind crowds out the others."""
    return have < EXAMPLES and nth <= EXAMPLES // 8


def dry_run(session: Session, rule: TierRule, today: date) -> Trial:
    """Look at everybody at once: for a chain of a few thousand members."""
    trial, last = Trial(), None
    while members := members_after(session, last):
        add(session, trial, members, rule, today)
        last = members[-1]
    return trial
