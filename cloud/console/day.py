"""The last business day in pictures: what each store sold in each hour, and on each of the last days."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func
from sqlmodel import Session, col, select

from cloud.org.models import Store
from cloud.sales.models import StoreDay, StoreHour

CHART_DAYS = 28
MOST_STORES = 10
"""Of a large chain the busiest are drawn one by one, the rest as one row."""


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Sales per store and hour of one business day: the busiest stores first, then the rest together."""

    day: date
    hours: list[int]
    rows: list[tuple[str, list[int]]]
    """A store's name and its sales in each of the hours."""
    others: int
    """How many stores the last row stands for, 0 for none."""

    @property
    def total(self) -> int:
        """Return the day's sales so far."""
        return sum(sum(counts) for _, counts in self.rows)

    @property
    def busiest(self) -> tuple[int, int]:
        """Return the hour with most sales, and how many."""
        sums = [sum(counts[at] for _, counts in self.rows) for at in range(len(self.hours))]
        most = max(sums)
        return self.hours[sums.index(most)], most


def hours_of_last_day(session: Session) -> Hours | None:
    """Return the hours of the newest business day with sales; None before the first."""
    day = session.exec(select(func.max(StoreHour.business_date))).one()
    if day is None:
        return None
    counts: dict[str, dict[int, int]] = defaultdict(dict)
    for row in session.exec(select(StoreHour).where(col(StoreHour.business_date) == day)):
        counts[row.store_id][row.hour] = row.sales
    seen = {hour for by_hour in counts.values() for hour in by_hour}
    hours = list(range(min(seen), max(seen) + 1))
    ranked = sorted(counts, key=lambda store: (-sum(counts[store].values()), store))
    shown = ranked if len(ranked) <= MOST_STORES + 1 else ranked[:MOST_STORES]
    rest = ranked[len(shown) :]
    names = dict(session.execute(select(col(Store.id), col(Store.name)).where(col(Store.id).in_(shown))).all())
    rows = [(names.get(store, store), [counts[store].get(hour, 0) for hour in hours]) for store in shown]
    if rest:
        rows.append(("", [sum(counts[store].get(hour, 0) for store in rest) for hour in hours]))
    return Hours(day=day, hours=hours, rows=rows, others=len(rest))


def sales_by_day(session: Session, store: str | None = None) -> list[tuple[date, int]]:
    """Return the last business days with sales and how many each had, of the chain or of one store."""
    query = (
        select(col(StoreDay.business_date), func.sum(StoreDay.sales))
        .where(col(StoreDay.sales) > 0)
        .group_by(col(StoreDay.business_date))
        .order_by(col(StoreDay.business_date).desc())
        .limit(CHART_DAYS)
    )
    if store is not None:
        query = query.where(col(StoreDay.store_id) == store)
    return sorted((day, int(count)) for day, count in session.execute(query))


def takings_by_day(session: Session) -> list[tuple[date, int]]:
    """Return the last business days with sales and what each took, in minor units: its sales less what came back."""
    takings = func.sum(col(StoreDay.total_minor) - col(StoreDay.refund_minor))
    query = (
        select(col(StoreDay.business_date), takings)
        .where(col(StoreDay.sales) > 0)
        .group_by(col(StoreDay.business_date))
        .order_by(col(StoreDay.business_date).desc())
        .limit(CHART_DAYS)
    )
    return sorted((day, int(minor)) for day, minor in session.execute(query))
