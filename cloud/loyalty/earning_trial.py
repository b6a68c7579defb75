"""What another earning rule would have given on the last weeks' real sales, beside the rule in force. Changes nothing.

Sales as they were sold: what came back since is taken off neither side, and neither are points of other kinds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.loyalty.crediting import tier_times
from cloud.loyalty.facts import SaleFacts
from cloud.loyalty.history import sale_facts
from cloud.loyalty.rules import load
from cloud.org.models import Store
from cloud.sales.models import Sale
from shared.loyalty import EarningRule, points_earned

DAYS = 28
"""Four weeks, so that each day of the week counts as often."""
SLICE = 2_000
"""After so many sales a transaction ends."""
_MOST_PARTS = 100
EXAMPLES = 12


class StoreSum(msgspec.Struct, frozen=True):
    """What a store's sales come to under both rules (points)."""

    sales: int = 0
    before: int = 0
    after: int = 0


class SaleExample(msgspec.Struct, frozen=True):
    """A sale that would bring other points: what it came to (minor units), and the points of both rules."""

    sale: UUID
    store: str
    day: date
    net_minor: int
    before: int
    after: int


class EarningTrial(msgspec.Struct, kw_only=True):
    """What a rule comes to so far, on sales with a member from `first` on for `DAYS` business dates.

    `before` are the points of the rule in force on the day of the trial, `after` those of the draft. Examples are the
    sales that differ most.
    """

    first: date
    stores: list[str]
    sales: int = 0
    before: int = 0
    after: int = 0
    by_store: dict[str, StoreSum] = {}
    examples: list[SaleExample] = []

    @property
    def last(self) -> date:
        """Return the last business date that is looked at."""
        return self.first + timedelta(days=DAYS - 1)

    @property
    def parts(self) -> int:
        """Return how many days of stores there are to look at."""
        return len(self.stores) * DAYS


def begin(session: Session, today: date) -> EarningTrial:
    """Return a trial that has found nothing yet; it ends with the day before `today`, which is over everywhere."""
    stores = session.execute(select(table_of(Store).c.id).order_by(table_of(Store).c.id)).scalars()
    return EarningTrial(first=today - timedelta(days=DAYS), stores=list(stores))


def add(session: Session, found: EarningTrial, rule: EarningRule, today: date, done: int) -> int:
    """Look at some more days of stores, `done` of which were looked at. Return how many were by now."""
    rules = load(session)
    in_force, looked, until = rules.earning_on(today), 0, min(done + _MOST_PARTS, found.parts)
    while done < until and looked < SLICE:
        sales = _sales(session, found.stores[done // DAYS], found.first + timedelta(days=done % DAYS))
        counted = []
        for sale in sales.values():
            times = tier_times(sale, rules)
            before = points_earned(sale, in_force, times) if in_force is not None else 0
            counted.append((sale, before, points_earned(sale, rule, times)))
        _count(found, counted)
        looked, done = looked + len(sales), done + 1
    return done


def _sales(session: Session, store: str, day: date) -> Mapping[UUID, SaleFacts]:
    sale = table_of(Sale)
    query = select(sale.c.id, sale.c.member_id).where(
        sale.c.store_id == store, sale.c.business_date == day, sale.c.member_id.is_not(None)
    )
    buyers = {row.id: row.member_id for row in session.execute(query)}
    return sale_facts(session, buyers) if buyers else {}


def _count(found: EarningTrial, counted: Iterable[tuple[SaleFacts, int, int]]) -> None:
    for sale, before, after in counted:
        so_far = found.by_store.get(sale.store, StoreSum())
        found.by_store[sale.store] = StoreSum(so_far.sales + 1, so_far.before + before, so_far.after + after)
        found.sales, found.before, found.after = found.sales + 1, found.before + before, found.after + after
        if before != after:
            example = SaleExample(sale.sale, sale.store, sale.business_date, sale.net_minor, before, after)
            found.examples.append(example)
    found.examples = sorted(found.examples, key=_most_first)[:EXAMPLES]


def _most_first(one: SaleExample) -> tuple[int, UUID]:
    return -abs(one.after - one.before), one.sale
