"""What stores may spend of their members' value while they are offline: holds, given ahead to the agents.

An allowance leaves the member's balance when it is issued, so that all stores together never spend more than there is.
It counts in one epoch of one agent and until its end; then it frees itself like any hold (`cloud.value.timing_out`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, func, select
from sqlmodel import Session, col

from cloud.database.commits import open_commit
from cloud.database.rowset import rowset, table_of
from cloud.fleet.models import Agent, AgentEpoch
from cloud.ledger import AccountKey
from cloud.ledger.holding import HELD, HoldRequest, place
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, PURSE_GIFT, PURSE_PRINCIPAL
from cloud.ledger.models import Balance, Hold
from cloud.members import blocks, dirt, sets
from cloud.members.models import StoreMember
from cloud.org.models import Store
from cloud.value import rules
from cloud.value.models import OPEN, Purse
from shared.value import Allowance, ValueRule

ALLOWANCE = "allowance"
AT_ONCE = 100
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Due:
    """What one member should get at one agent now."""

    member: UUID
    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: HQ's wall time, business time, and the store's business date."""

    wall_ms: int
    at_ms: int
    today: date


def issue(session: Session, agent_id: str, moment: Moment, mint: Callable[[], UUID], *, at_once: int = AT_ONCE) -> int:
    """Give an agent allowances for the members who shop in its store, most recent first. Return how many.

    Nothing for an agent that is not in service or has never opened an epoch. Its store hears of them with its members.
    """
    rule = rules.current(session)
    agent = session.get(Agent, agent_id)
    epoch = current_epoch(session, agent_id)
    if agent is None or agent.status != "active" or epoch is None:
        return 0
    store = session.get_one(Store, agent.store_id)
    due = _due(session, agent, epoch, rule, currency=store.currency, moment=moment)[:at_once]
    issued = [one.member for one in due if _place(session, agent, epoch, one, rule, moment=moment, mint=mint)]
    if issued:
        dirt.note(session, open_commit(session, moment.wall_ms), [(one, dirt.HEAD_OFFICE, 0) for one in set(issued)])
        sets.touch(session, agent.store_id, set(issued))
    return len(issued)


def current_epoch(session: Session, agent: str) -> UUID | None:
    """Return the epoch in which an agent numbers its events now, as far as HQ has heard."""
    row = table_of(AgentEpoch)
    newest = select(row.c.epoch).where(row.c.agent_id == agent).order_by(row.c.opened_ms.desc(), row.c.epoch.desc())
    return session.execute(newest.limit(1)).scalar_one_or_none()


def of_agent(session: Session, agent: str, members: Collection[UUID]) -> dict[UUID, list[Allowance]]:
    """Return the open allowances an agent has for members."""
    hold = table_of(Hold)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(members)])
    found: defaultdict[UUID, list[Allowance]] = defaultdict(list)
    for row in session.execute(
        select(hold)
        .join(wanted, wanted.c.id == hold.c.member_id)
        .where(hold.c.agent_id == agent, hold.c.kind == ALLOWANCE, hold.c.state == HELD, hold.c.epoch.is_not(None))
        .order_by(hold.c.valid_until_ms, hold.c.id)
    ):
        found[row.member_id].append(
            Allowance(id=row.id, unit=row.unit, amount=row.amount, valid_until_ms=row.valid_until_ms, epoch=row.epoch)
        )
    return dict(found)


def points_ahead(session: Session, member: UUID) -> int:
    """Return the points of a member that stores were given ahead and have not spent, as far as HQ has heard."""
    hold = table_of(Hold)
    left = select(func.coalesce(func.sum(hold.c.amount - hold.c.captured), 0)).where(
        hold.c.member_id == member, hold.c.kind == ALLOWANCE, hold.c.state == HELD, hold.c.unit == POINTS
    )
    return int(session.execute(left).scalar_one())


def _due(session: Session, agent: Agent, epoch: UUID, rule: ValueRule, *, currency: str, moment: Moment) -> list[Due]:
    wanted = {POINTS: rule.allowance_points, currency: rule.allowance_minor}
    members = _hot(session, agent.store_id, rule.allowance_members)
    has = _open(session, agent.id, epoch, members, moment.wall_ms + rule.allowance_hours * _HOUR_MS // 2)
    due = []
    for unit, most in wanted.items():
        if not most or not members:
            continue
        able = _able(session, members, unit)
        balances = _balances(session, able, unit)
        for member in able:
            ahead = has.get((member, unit), 0)
            share = (balances.get(member, 0) + ahead) * rule.allowance_percent // 100
            full = min(most, share)
            if ahead * 2 < full:
                due.append(Due(member, unit, full - ahead))
    return due


def _hot(session: Session, store: str, most: int) -> list[UUID]:
    """Return the members a store sees most recently."""
    row = table_of(StoreMember)
    query = select(row.c.member_id).where(row.c.store_id == store, ~row.c.gone)
    return list(session.execute(query.order_by(row.c.seen_ms.desc(), row.c.member_id).limit(most)).scalars())


def _able(session: Session, members: Sequence[UUID], unit: str) -> list[UUID]:
    """Return who may spend a unit just now, as a till that asks would hear: whom no block keeps from it.

    Money of a purse that waits to be paid back, or was, is not given ahead: what is set aside could not be paid out.
    """
    kind = blocks.POINTS if unit == POINTS else blocks.BUY
    barred = {one for one, kinds in blocks.standing(session, members).items() if {kind, blocks.BUY} & kinds}
    if unit != POINTS:
        purse = table_of(Purse)
        closed = (purse.c.member_id.in_(members), purse.c.currency == unit, purse.c.state != OPEN)
        barred |= set(session.execute(select(purse.c.member_id).where(*closed)).scalars())
    return [one for one in members if one not in barred]


def _open(
    session: Session, agent: str, epoch: UUID, members: Sequence[UUID], lasting_ms: int
) -> dict[tuple[UUID, str], int]:
    """Return what is left of this epoch's allowances that last at least so long, by member and unit."""
    hold = table_of(Hold)
    left: defaultdict[tuple[UUID, str], int] = defaultdict(int)
    for row in session.execute(
        select(hold.c.member_id, hold.c.unit, hold.c.amount, hold.c.captured).where(
            hold.c.agent_id == agent, hold.c.epoch == epoch, hold.c.kind == ALLOWANCE, hold.c.state == HELD,
            hold.c.valid_until_ms >= lasting_ms, hold.c.member_id.in_(members),
        )
    ):  # fmt: skip
        left[row.member_id, row.unit] += int(row.amount - row.captured)
    return left


def _balances(session: Session, members: Sequence[UUID], unit: str) -> dict[UUID, int]:
    kinds = (MEMBER_POINTS,) if unit == POINTS else (PURSE_PRINCIPAL, PURSE_GIFT)
    accounts = {AccountKey(kind, str(member), unit).id: member for member in members for kind in kinds}
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(accounts)])
    balance = table_of(Balance)
    found: defaultdict[UUID, int] = defaultdict(int)
    for row in session.execute(
        select(balance.c.account_id, balance.c.amount).join(wanted, wanted.c.id == balance.c.account_id)
    ):
        found[accounts[row.account_id]] += int(row.amount)
    return found


def _place(
    session: Session, agent: Agent, epoch: UUID, due: Due, rule: ValueRule, *, moment: Moment, mint: Callable[[], UUID]
) -> bool:
    request = HoldRequest(
        id=mint(), kind=ALLOWANCE, unit=due.unit, amount=due.amount, owner=due.member, member=due.member,
        kinds=(MEMBER_POINTS,) if due.unit == POINTS else (PURSE_PRINCIPAL, PURSE_GIFT), store=agent.store_id,
        at_ms=moment.at_ms, valid_until_ms=moment.wall_ms + rule.allowance_hours * _HOUR_MS, today=moment.today,
        agent=agent.id, epoch=epoch,
    )  # fmt: skip
    commit_no = open_commit(session, moment.wall_ms)
    answered = place(session, commit_no, request, now_ms=moment.wall_ms)
    return not answered.code


def active_agents(session: Session) -> list[Any]:
    """Return the agents in service with their stores' time zones and day's ends, in order."""
    agent, store = table_of(Agent), table_of(Store)
    rows = session.execute(
        select(agent.c.id, store.c.time_zone, store.c.day_cutoff_minutes)
        .join(store, store.c.id == agent.c.store_id)
        .where(agent.c.status == "active", agent.c.seen_ms.is_not(None))
        .order_by(col(Agent.id))
    )
    return list(rows.all())
