"""A till's receipt series in order, whichever disks they were on, and the receipt that the next disk goes on from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.fleet.models import Agent, AgentEpoch
from cloud.ingest.models import InboxEvent
from cloud.sales.models import ReceiptNumber, ReceiptSeries
from shared.hashchain import GENESIS
from shared.wire.desired import LastReceipt

_HQ_RESTORED = "hq_restored"
"""Why an agent opens an epoch without new series (`shared.wire.events.EpochOpened`)."""

Place = tuple[str, str]
"""A store and one of its tills."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TillSeries:
    """A receipt series as people see it: on whose disk, why it began, what it follows, how far HQ has it.

    `reason` is None while its opening has not arrived; `agent` is "" where HQ does not keep its events any more.
    `complete_to` and `highest` differ while numbers are missing.
    """

    store_id: str
    till_id: str
    series: str
    agent: str
    epoch: UUID | None
    reason: str | None
    opened_ms: int | None
    previous_series: str
    previous_number: int
    complete_to: int
    highest: int


def by_till(session: Session, stores: Collection[str]) -> dict[Place, list[TillSeries]]:
    """Return every series of these stores, by store and till, in the order in which they followed each other.

    A replaced agent may go on sending beside its successor: its series stay before the successor's.
    """
    row, opened, newest = table_of(ReceiptSeries), table_of(InboxEvent), table_of(InboxEvent).alias("newest")
    number, agent = table_of(ReceiptNumber), table_of(Agent)
    found = session.execute(
        select(
            row,
            func.coalesce(opened.c.agent_id, newest.c.agent_id).label("agent"),
            func.coalesce(opened.c.epoch, newest.c.epoch).label("epoch"),
        )
        .join(opened, opened.c.event_id == row.c.event_id, isouter=True)
        .join(
            number,
            (number.c.store_id == row.c.store_id)
            & (number.c.till_id == row.c.till_id)
            & (number.c.series == row.c.series)
            & (number.c.number == row.c.highest),
            isouter=True,
        )
        .join(newest, newest.c.event_id == number.c.event_id, isouter=True)
        .join(agent, agent.c.id == func.coalesce(opened.c.agent_id, newest.c.agent_id), isouter=True)
        .where(row.c.store_id.in_(stores))
        .order_by(
            row.c.store_id,
            row.c.till_id,
            func.coalesce(agent.c.enrolled_ms, 0),
            func.coalesce(opened.c.commit_no, newest.c.commit_no, 0),
            row.c.series,
        )
    )
    series: defaultdict[Place, list[TillSeries]] = defaultdict(list)
    for one in found:
        series[one.store_id, one.till_id].append(
            TillSeries(
                store_id=one.store_id,
                till_id=one.till_id,
                series=one.series,
                agent=one.agent or "",
                epoch=one.epoch,
                reason=one.reason,
                opened_ms=one.opened_ms,
                previous_series=one.previous_series,
                previous_number=one.previous_number,
                complete_to=one.complete_to,
                highest=one.highest,
            )
        )
    return {place: _followed(listed) for place, listed in series.items()}


def _followed(listed: Sequence[TillSeries]) -> list[TillSeries]:
    """Put each series behind the one it follows, and leave the order as it is otherwise."""
    waiting, ordered = list(listed), list[TillSeries]()
    while waiting:
        names = {one.series for one in waiting}
        ready = next((one for one in waiting if one.previous_series not in names - {one.series}), waiting[0])
        waiting.remove(ready)
        ordered.append(ready)
    return ordered


def last_receipts(session: Session, agents: Sequence[Agent]) -> dict[str, dict[str, LastReceipt]]:
    """Return, per agent, the last receipt of each till where its present disk has not opened a series yet.

    Of a till that is new there is none. What another disk sends later is not in it: the link names what HQ knew.
    """
    series = by_till(session, {agent.store_id for agent in agents})
    if not series:
        return {}
    epochs = _present_epochs(session, [agent.id for agent in agents])
    wanted: dict[str, list[TillSeries]] = {}
    for agent in agents:
        here = epochs[agent.id]
        wanted[agent.id] = [
            listed[-1]
            for (store, _), listed in series.items()
            if store == agent.store_id and not any(one.agent == agent.id and one.epoch in here for one in listed)
        ]
    heads = _heads(session, {(one.store_id, one.till_id, one.series) for found in wanted.values() for one in found})
    return {agent: {one.till_id: _last(one, heads) for one in found} for agent, found in wanted.items() if found}


_Key = tuple[str, str, str]


def _last(one: TillSeries, heads: Mapping[_Key, tuple[int, bytes]]) -> LastReceipt:
    number, head = heads.get((one.store_id, one.till_id, one.series), (0, GENESIS))
    return LastReceipt(agent=one.agent, series=one.series, number=number, head=head)


def _present_epochs(session: Session, agents: Sequence[str]) -> dict[str, set[UUID]]:
    """Return each agent's epochs in which its present series may have begun: the newest, and those it goes on from.

    An epoch opened because HQ was restored begins no series: the numbers on the agent's paper were never in doubt.
    """
    row = table_of(AgentEpoch)
    query = select(row.c.agent_id, row.c.epoch, row.c.reason).where(row.c.agent_id.in_(agents))
    present: dict[str, set[UUID]] = {agent: set() for agent in agents}
    ended: set[str] = set()
    for agent, epoch, reason in session.execute(query.order_by(row.c.opened_ms.desc(), row.c.epoch.desc())):
        if agent not in ended:
            present[agent].add(epoch)
            if reason != _HQ_RESTORED:
                ended.add(agent)
    return present


def _heads(session: Session, series: Collection[_Key]) -> dict[_Key, tuple[int, bytes]]:
    """Return the last number of each series whose chain head HQ knows, with that head."""
    if not series:
        return {}
    row = table_of(ReceiptNumber)
    key = (row.c.store_id, row.c.till_id, row.c.series)
    newest = (
        select(*key, func.max(row.c.number).label("number"))
        .where(tuple_(*key).in_(sorted(series)), row.c.head.is_not(None))
        .group_by(*key)
        .subquery()
    )
    known = session.execute(
        select(*key, row.c.number, row.c.head).join(
            newest,
            (newest.c.store_id == row.c.store_id)
            & (newest.c.till_id == row.c.till_id)
            & (newest.c.series == row.c.series)
            & (newest.c.number == row.c.number),
        )
    )
    return {(store, till, name): (number, head) for store, till, name, number, head in known}
