"""What the console shows, read from the database: one frozen context per page, no HTML."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func
from sqlmodel import Session, col, select

from cloud.fleet.agents import AgentStatus
from cloud.fleet.agents import status as agent_status
from cloud.ingest.models import ParkedEvent
from cloud.ledger.models import Account, Balance
from cloud.org.models import Store
from cloud.org.stores import called, house_money
from cloud.prices.models import EntryStatus, PriceVersion, TimelineEntryRow, VersionStatus
from cloud.prices.timeline import in_force, live_entries
from cloud.pricing_audit import Waiting, waiting
from cloud.pricing_audit.models import PriceAuditDay, Verdict
from cloud.sales.models import ReceiptSeries, StoreDay

_TAKINGS = col(StoreDay.total_minor) - col(StoreDay.refund_minor)
STORES_SHOWN = 12
"""Of a chain those that need somebody first; the page of stores has them all."""
_AUDIT_BEHIND_MS = 60_000
"""What came in less than this ago is not late for the audit, it is on its way."""


@dataclass(frozen=True, kw_only=True)
class StoreRow:
    """One store's line: its serving agent as HQ sees it, its sales, what is missing."""

    store: str
    name: str
    agent: AgentStatus | None
    seen_seconds: int | None
    sales: int
    takings_minor: int
    """Sales less what came back, as everywhere it is called takings."""
    parked: int
    gapped: int
    """How many of its receipt series miss a number."""
    wanted: int | None
    """The price-book version its timeline asks for now."""

    @property
    def online(self) -> bool:
        """Tell whether its agent was heard of lately."""
        return self.agent is not None and self.agent.online

    @property
    def backlog(self) -> int | None:
        """Return how many events wait there, as last reported."""
        return self.agent.reported.backlog if self.agent and self.agent.reported else None

    @property
    def runs(self) -> list[int]:
        """Return the price-book versions its tills sell by."""
        reported = self.agent.reported if self.agent else None
        return sorted({till.version for till in reported.tills}) if reported else []

    @property
    def behind(self) -> bool:
        """Tell whether it has reported tills that do not sell by the version asked for."""
        return self.wanted is not None and bool(self.runs) and self.runs != [self.wanted]

    @property
    def staged(self) -> list[int]:
        """Return the versions that wait on its disk."""
        reported = self.agent.reported if self.agent else None
        return reported.staged if reported else []

    @property
    def devices_down(self) -> int:
        """Return how many of its devices are away or faulty."""
        return self.agent.devices_down if self.agent else 0

    @property
    def needs_somebody(self) -> bool:
        """Tell whether a person should look."""
        problems = self.agent.reported.problems if self.agent and self.agent.reported else []
        return not self.online or self.parked > 0 or self.gapped > 0 or bool(problems) or self.devices_down > 0


@dataclass(frozen=True, kw_only=True)
class LastDay:
    """What was sold on the newest business day with sales, or where and when somebody asks; money in minor units."""

    day: date | None
    sales: int
    sales_minor: int
    refund_minor: int
    voids: int
    """Sales undone right after they were paid; what they came to is in `refund_minor` too."""
    void_minor: int

    @property
    def takings_minor(self) -> int:
        """Sales less what came back."""
        return self.sales_minor - self.refund_minor


@dataclass(frozen=True, kw_only=True)
class Today:
    """The page that answers: is my chain all right?"""

    stores: list[StoreRow]
    currency: str
    exponent: int
    points: int
    newest_version: int | None
    last_day: date | None
    day_sales: int
    day_takings_minor: int
    parked: int
    differences: int
    unaudited: Waiting | None
    """What the price audit is behind with, None while it keeps up."""

    @property
    def needy(self) -> int:
        """Return how many stores need a person."""
        return sum(store.needs_somebody for store in self.stores)


def store_rows(session: Session, now_ms: int, business_ms: int) -> list[StoreRow]:
    """Read every store as HQ sees it, those that need somebody first.

    `now_ms` is the machine's wall time, by which a heartbeat ages, `business_ms` the time by which prices take over.
    """
    agents = _serving(agent_status(session, now_ms=now_ms))
    sold = {
        store: (int(count), int(minor))
        for store, count, minor in session.execute(
            select(StoreDay.store_id, func.sum(StoreDay.sales), func.sum(_TAKINGS)).group_by(col(StoreDay.store_id))
        )
    }
    parked = _open_parked(session)
    gapped = _gapped_series(session)
    stores = list(session.exec(select(Store).order_by(col(Store.id))))
    timelines = live_entries(session, {store.id for store in stores}, business_ms)
    wanted = {store: entry.version for store, entries in timelines.items() if (entry := in_force(entries, business_ms))}
    rows = [
        StoreRow(
            store=store.id,
            name=store.name,
            agent=agents.get(store.id),
            seen_seconds=_age_seconds(agents.get(store.id), now_ms),
            sales=sold.get(store.id, (0, 0))[0],
            takings_minor=sold.get(store.id, (0, 0))[1],
            parked=parked.get(store.id, 0),
            gapped=gapped.get(store.id, 0),
            wanted=wanted.get(store.id),
        )
        for store in stores
    ]
    return sorted(rows, key=lambda row: (not row.needs_somebody, row.store))


def today(session: Session, now_ms: int, business_ms: int) -> Today:
    """Read the overview; moments as in `store_rows`."""
    currency, exponent = house_money(session)
    last = last_day(session)
    return Today(
        stores=store_rows(session, now_ms, business_ms),
        currency=currency,
        exponent=exponent,
        points=_points(session),
        newest_version=session.exec(select(func.max(PriceVersion.version))).one(),
        last_day=last.day,
        day_sales=last.sales,
        day_takings_minor=last.takings_minor,
        parked=sum(_open_parked(session).values()),
        differences=differences(session),
        unaudited=unaudited(session, now_ms),
    )


def last_day(session: Session) -> LastDay:
    """Return the newest business day with sales: how many, for how much, and what came back."""
    day = session.exec(select(func.max(StoreDay.business_date)).where(col(StoreDay.sales) > 0)).one()
    return _summed(session, day, col(StoreDay.business_date) == day)


def sums_of(session: Session, store: str, day: date | None) -> LastDay:
    """Return the same of a store that somebody names, of a day, or of a store's day."""
    wanted = [col(StoreDay.store_id).in_(called(store))] if store else []
    return _summed(session, day, *wanted, *([col(StoreDay.business_date) == day] if day else []))


def _summed(session: Session, day: date | None, *wanted: ColumnElement[bool]) -> LastDay:
    summed = (StoreDay.sales, StoreDay.total_minor, StoreDay.refund_minor, StoreDay.voids, StoreDay.void_minor)
    sums = (func.coalesce(func.sum(one), 0) for one in summed)
    sales, minor, refund, voids, voided = map(int, session.execute(select(*sums).where(*wanted)).one())
    return LastDay(day=day, sales=sales, sales_minor=minor, refund_minor=refund, voids=voids, void_minor=voided)


def _serving(agents: Sequence[AgentStatus]) -> dict[str, AgentStatus]:
    """Return the agent that stands for each store: the active one, else whatever was enrolled last."""
    found: dict[str, AgentStatus] = {}
    for agent in sorted(agents, key=lambda agent: (agent.status == "active", agent.enrolled_ms)):
        found[agent.store] = agent
    return found


def _age_seconds(agent: AgentStatus | None, now_ms: int) -> int | None:
    return None if agent is None or agent.seen_ms is None else max(0, now_ms - agent.seen_ms) // 1000


def _open_parked(session: Session) -> dict[str, int]:
    query = (
        select(ParkedEvent.store_id, func.count())
        .where(col(ParkedEvent.resolved_ms).is_(None))
        .group_by(col(ParkedEvent.store_id))
    )
    return {store: int(count) for store, count in session.execute(query)}


def _gapped_series(session: Session) -> dict[str, int]:
    """Count the series that miss a number below the highest seen; the page of gaps names each."""
    query = (
        select(ReceiptSeries.store_id, func.count())
        .where(col(ReceiptSeries.highest) > col(ReceiptSeries.complete_to))
        .group_by(col(ReceiptSeries.store_id))
    )
    return {store: int(count) for store, count in session.execute(query)}


def differences(session: Session) -> int:
    """Count sales that the audit could not confirm; kept by day and verdict, so no sale is looked at."""
    query = select(func.coalesce(func.sum(PriceAuditDay.sales), 0)).where(col(PriceAuditDay.verdict) != Verdict.SAME)
    return int(session.exec(query).one())


def unaudited(session: Session, now_ms: int) -> Waiting | None:
    """Return what the price audit is behind with, None while it keeps up. `now_ms` is wall time."""
    behind = waiting(session)
    return behind if behind.sales and now_ms - behind.since_ms >= _AUDIT_BEHIND_MS else None


def _points(session: Session) -> int:
    query = (
        select(func.coalesce(func.sum(Balance.amount), 0))
        .join(Account, col(Account.id) == col(Balance.account_id))
        .where(col(Account.unit) == "POINTS")
    )
    return int(session.exec(query).one())


@dataclass(frozen=True, kw_only=True)
class VersionRow:
    """One price-book version and how far it has come."""

    version: int
    title: str
    draft: str | None
    """The price change it came of; none for what was rolled back or built anew."""
    activates: str
    status: str
    changed_rows: int
    stores: int
    held_by: int
    runs_at: int


def prices(session: Session, now_ms: int, *, limit: int = 500) -> list[VersionRow]:
    """Read the newest versions with how many stores hold and run each, as the agents report."""
    agents = _serving(agent_status(session, now_ms=now_ms)).values()
    held: dict[int, int] = defaultdict(int)
    runs: dict[int, int] = defaultdict(int)
    for agent in agents:
        if agent.reported is None:
            continue
        in_force = {till.version for till in agent.reported.tills}
        for version in in_force:
            runs[version] += 1
        for version in in_force | set(agent.reported.staged):
            held[version] += 1
    newest = list(session.exec(select(PriceVersion).order_by(col(PriceVersion.version).desc()).limit(limit)))
    numbers = [row.version for row in newest]
    entries: dict[int, list[TimelineEntryRow]] = defaultdict(list)
    for entry in session.exec(select(TimelineEntryRow).where(col(TimelineEntryRow.version).in_(numbers))):
        entries[entry.version].append(entry)
    return [
        VersionRow(
            version=row.version,
            title=row.title,
            draft=row.draft_id,
            activates=row.activates_local,
            status=_version_status(row, entries[row.version], runs[row.version], held[row.version]),
            changed_rows=row.changed_rows,
            stores=len(entries[row.version]),
            held_by=held[row.version],
            runs_at=runs[row.version],
        )
        for row in newest
    ]


def _version_status(row: PriceVersion, entries: Sequence[TimelineEntryRow], runs: int, held: int) -> str:
    if row.status == VersionStatus.SUPERSEDED:  # built anew under another number: nobody took it back
        return "superseded"
    if entries and all(entry.status == EntryStatus.WITHDRAWN for entry in entries):
        return "withdrawn"
    if runs:
        return "active"
    return "staged" if held or not entries else "superseded"


@dataclass(frozen=True, kw_only=True)
class ParkedRow:
    """One event that waits for a person."""

    event: str
    store: str
    kind: str
    code: str
    reason: str
    parked_ms: int


def parked(session: Session, *, store: str | None = None, limit: int = 50) -> tuple[int, list[ParkedRow]]:
    """Return how many events are parked, in the chain or of one store, and the oldest of them."""
    waiting: list[ColumnElement[bool]] = [col(ParkedEvent.resolved_ms).is_(None)]
    if store is not None:
        waiting.append(col(ParkedEvent.store_id) == store)
    count = session.exec(select(func.count()).select_from(ParkedEvent).where(*waiting)).one()
    rows = session.exec(select(ParkedEvent).where(*waiting).order_by(col(ParkedEvent.parked_ms)).limit(limit))
    return count, [
        ParkedRow(
            event=str(row.event_id),
            store=row.store_id,
            kind=row.kind,
            code=row.code,
            reason=row.reason,
            parked_ms=row.parked_ms,
        )
        for row in rows
    ]
