"""Shares of chains' budgets: given to stores whose books hold the promotion, heard of, moved to where it is short."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from sqlmodel import Session, col

from cloud.database.rowset import table_of
from cloud.fleet.models import Agent
from cloud.members.home_days import HomeDays, chain_day
from cloud.promotions.budget_models import BudgetedPromotion, StoreShare
from cloud.promotions.dividing import Standing, balanced, fair_parts, first_parts
from cloud.sales.models import Sale
from cloud.value.allowances import current_epoch
from shared.pricing import Per
from shared.pricing.promotion import Divide, Limit, Promotion
from shared.pricing.promotion_rows import read_promotion
from shared.wire.budgets import BudgetReport, BudgetShare
from shared.wire.messages import Reported

SALES_DAYS = 28
"""Days of sales by which a budget is divided."""
_reported = msgspec.json.Decoder(Reported)
Mint = Callable[[], UUID]


@dataclass(frozen=True, slots=True)
class Moment:
    """Now: HQ's wall time and business time."""

    wall_ms: int
    at_ms: int


def of_agents(session: Session, agents: Collection[str]) -> dict[str, list[BudgetShare]]:
    """Return what each of these agents may use of chains' budgets, by promotion: nothing of one that is over."""
    query = (
        select(StoreShare)
        .where(col(StoreShare.agent_id).in_(agents), ~col(StoreShare.closed) | col(StoreShare.closing))
        .order_by(col(StoreShare.promotion), col(StoreShare.id))
    )
    found: defaultdict[str, list[BudgetShare]] = defaultdict(list)
    for row in session.execute(query).scalars():
        found[row.agent_id].append(
            BudgetShare(
                share=row.id, promotion=row.promotion, epoch=row.epoch, serial=row.serial, uses=row.most_uses,
                minor=row.most_minor,
            )
        )  # fmt: skip
    return dict(found)


def chain_limit(promotion: Promotion) -> Limit | None:
    """Return a promotion's budget of the whole chain, None where it has none."""
    return next((limit for limit in promotion.limits if limit.per is Per.CHAIN), None)


def share_out(session: Session, promotion: Promotion, stores: Collection[str], moment: Moment, mint: Mint) -> bool:
    """Bring the shares of a promotion up to date: new ones, what stores said, what moves. True when any changed.

    `stores` are those whose books hold it. A store counts by the newest epoch of its one active agent.
    """
    limit = chain_limit(promotion)
    if limit is None or session.get(BudgetedPromotion, promotion.promotion, with_for_update=True) is None:
        return False
    agents = _agents(session, stores)
    rows = list(
        session.execute(
            select(StoreShare).where(col(StoreShare.promotion) == promotion.promotion).order_by(col(StoreShare.id))
        ).scalars()
    )
    new_here = not rows
    weights = weights_of(session, limit, stores, moment)
    changed = _close(session, rows, agents)
    open_ = {row.store_id: row for row in rows if not row.closed}
    for store, (agent, epoch) in sorted(agents.items()):
        if store not in open_ and (back := _closed_of(rows, agent, epoch)) is not None:
            back.closed = back.closing = False
            back.most_uses = None if limit.uses is None else back.most_uses or 0
            back.most_minor = None if limit.minor is None else back.most_minor or 0
            open_[store], changed = back, True
        elif store not in open_:
            row = _opened(promotion.promotion, agent, epoch, limit, mint())
            open_[store], changed = row, True
            rows.append(row)
            session.add(row)
    _hear(rows, {agent.id: agent for agent, _ in agents.values()})
    excluded = [store for store in open_ if limit.divide is Divide.WEIGHTS and not weights.get(store)]
    for name in ("uses", "minor"):
        budget = getattr(limit, name)
        if budget is not None:
            changed |= _balance(name, budget, rows, open_, weights, first=new_here, excluded=excluded)
    for row in open_.values():
        if changed:
            row.changed_ms = moment.wall_ms
    session.flush()
    return changed


def weights_of(session: Session, limit: Limit, stores: Collection[str], moment: Moment) -> dict[str, int]:
    """Return how heavy each store is in a budget's division."""
    if limit.divide is Divide.WEIGHTS:
        return {store: limit.weights.get(store, 0) for store in stores}
    if limit.divide is Divide.EQUAL:
        return dict.fromkeys(stores, 1)
    row = table_of(Sale)
    since = chain_day(session, HomeDays(moment.at_ms)) - timedelta(days=SALES_DAYS)
    sold = session.execute(
        select(row.c.store_id, func.sum(row.c.total_minor))
        .where(row.c.store_id.in_(stores), row.c.business_date >= since)
        .group_by(row.c.store_id)
    )
    return dict.fromkeys(stores, 0) | {store: max(0, int(total)) for store, total in sold}


def _agents(session: Session, stores: Collection[str]) -> dict[str, tuple[Agent, UUID]]:
    query = select(Agent).where(col(Agent.store_id).in_(stores), col(Agent.status) == "active").order_by(col(Agent.id))
    found: dict[str, tuple[Agent, UUID]] = {}
    for agent in session.execute(query).scalars():
        epoch = current_epoch(session, agent.id)
        if epoch is not None:
            found[agent.store_id] = (agent, epoch)
    return found


def close_over(session: Session, promotions: Collection[str], now_ms: int) -> None:
    """Close every share of promotions that no book holds any more, and have their stores told so."""
    query = select(StoreShare).where(col(StoreShare.promotion).in_(promotions), ~col(StoreShare.closed))
    for row in session.execute(query).scalars():
        _end(session, row)
        row.changed_ms = now_ms
    session.flush()


def hear_closing(session: Session) -> None:
    """Free what closed shares had left as soon as their stores have said that they use nothing more of them."""
    query = select(StoreShare).where(col(StoreShare.closing)).order_by(col(StoreShare.id))
    for row in session.execute(query.with_for_update()).scalars():
        agent = session.get(Agent, row.agent_id)
        if agent is None or agent.status != "active" or current_epoch(session, agent.id) != row.epoch:
            row.closing = False  # nobody is left to say: what it may have used stays counted
            continue
        said = () if agent.reported is None else _reported.decode(agent.reported).budgets
        for report in said:
            if report.share == row.id and report.serial >= row.serial:
                row.used_uses, row.used_minor = report.uses, report.minor
                row.ceiling_uses = None if row.ceiling_uses is None else report.uses
                row.ceiling_minor = None if row.ceiling_minor is None else report.minor
                row.heard_serial, row.closing = row.serial, False
    session.flush()


def _end(session: Session, row: StoreShare) -> None:
    """Close a share whose agent still sells: from now on it may use nothing more."""
    row.most_uses = None if row.most_uses is None else 0
    row.most_minor = None if row.most_minor is None else 0
    row.serial += 1
    row.closed = row.closing = True
    session.add(row)


def _closed_of(rows: Sequence[StoreShare], agent: Agent, epoch: UUID) -> StoreShare | None:
    """Return the closed share that a store still holds, to be opened again: two for one promotion it could not keep."""
    mine = [row for row in rows if row.closed and (row.agent_id, row.epoch) == (agent.id, epoch)]
    return mine[-1] if mine else None


def _close(session: Session, rows: Sequence[StoreShare], agents: Mapping[str, tuple[Agent, UUID]]) -> bool:
    """Close shares of another agent or epoch: what they may have used stays counted as used.

    A store whose book holds the promotion no more is told, and what it has not used is free once it has heard.
    """
    changed = False
    for row in rows:
        agent, epoch = agents.get(row.store_id, (None, None))
        if row.closed or (agent is not None and agent.id == row.agent_id and epoch == row.epoch):
            continue
        changed = True
        if agent is None:
            _end(session, row)
        row.closed = True
        session.add(row)
    return changed


def _opened(promotion: str, agent: Agent, epoch: UUID, limit: Limit, share: UUID) -> StoreShare:
    uses = None if limit.uses is None else 0
    minor = None if limit.minor is None else 0
    return StoreShare(
        id=share, promotion=promotion, store_id=agent.store_id, agent_id=agent.id, epoch=epoch, serial=1,
        most_uses=uses, most_minor=minor, ceiling_uses=uses, ceiling_minor=minor, heard_serial=1, changed_ms=0,
    )  # fmt: skip


def _hear(rows: Sequence[StoreShare], agents: Mapping[str, Agent]) -> None:
    """Take in what agents last said of their shares."""
    said: dict[UUID, BudgetReport] = {}
    for agent in agents.values():
        if agent.reported is not None:
            said |= {one.share: one for one in _reported.decode(agent.reported).budgets}
    for row in rows:
        report = said.get(row.id)
        if report is None or row.closed:
            continue
        if report.serial > row.serial:
            # Head office was put back to before it gave this much: what the store holds is the fact.
            row.serial, row.most_uses, row.most_minor = report.serial, report.most_uses, report.most_minor
            row.ceiling_uses = _higher(row.ceiling_uses, report.most_uses)
            row.ceiling_minor = _higher(row.ceiling_minor, report.most_minor)
        again = row.heard_serial == report.serial
        row.used_uses = max(report.uses, row.used_uses) if again else report.uses
        row.used_minor = max(report.minor, row.used_minor) if again else report.minor
        if report.serial == row.serial and not again:
            row.ceiling_uses = _higher(row.most_uses, row.used_uses)
            row.ceiling_minor = _higher(row.most_minor, row.used_minor)
            row.heard_serial = report.serial
            row.short = False


def _higher(first: int | None, second: int | None) -> int | None:
    return None if first is None else max(first, second or 0)


def _balance(
    name: str,
    budget: int,
    rows: Sequence[StoreShare],
    open_: Mapping[str, StoreShare],
    weights: Mapping[str, int],
    *,
    first: bool,
    excluded: Collection[str] = (),
) -> bool:
    """Grant what each store is to hold of one number. `excluded` are stores that get nothing, whatever they ask."""
    fair = fair_parts(budget, {store: weights.get(store, 0) for store in open_})
    if first:
        begun = first_parts(budget, {store: weights.get(store, 0) for store in open_})
        for store, part in begun.items():
            _grant(open_[store], name, part)
        return bool(begun)
    standing = {store: _standing(row, name, fair[store]) for store, row in open_.items()}
    for store in excluded:
        standing[store] = replace(standing[store], short=False)
    closed = sum(getattr(row, f"ceiling_{name}") or 0 for row in rows if row.closed)
    changed = False
    for store, granted in balanced(budget, standing, closed).items():
        if granted != standing[store].granted:
            _grant(open_[store], name, granted)
            changed = True
    return changed


def _standing(row: StoreShare, name: str, fair: int) -> Standing:
    return Standing(
        granted=getattr(row, f"most_{name}") or 0,
        ceiling=getattr(row, f"ceiling_{name}") or 0,
        used=getattr(row, f"used_{name}"),
        fair=fair,
        settled=row.heard_serial == row.serial,
        short=row.short,
    )


def _grant(row: StoreShare, name: str, most: int) -> None:
    """Let a store hold so much from now on, under a new serial."""
    setattr(row, f"most_{name}", most)
    setattr(row, f"ceiling_{name}", max(getattr(row, f"ceiling_{name}") or 0, most))
    row.serial += 1


def known(session: Session, promotion: str) -> Promotion | None:
    """Return a promotion with a budget as the newest price book has it."""
    row = session.get(BudgetedPromotion, promotion)
    return None if row is None else read_promotion(row.content)
