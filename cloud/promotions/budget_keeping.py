"""Keeping budgets: which promotions have one, by the books of all stores; their shares; what was set aside too long."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from uuid import UUID

import msgspec
from sqlalchemy import delete, select, update
from sqlmodel import Session, col

from cloud.database import Database
from cloud.database.rowset import table_of
from cloud.org.models import Store
from cloud.prices.books import StoreBooks
from cloud.prices.timeline import live_entries
from cloud.promotions import sharing
from cloud.promotions.budget_models import BudgetedPromotion, BudgetSetAside
from cloud.promotions.sharing import Moment
from shared.clock import BusinessClock, MachineClock
from shared.pricing.promotion import Promotion

EVERY_S = 3.0

Holders = dict[str, tuple[Promotion, set[str]]]
"""Promotions with a budget, as the newest book has each, and the stores whose books hold it."""


class BudgetKeeping:
    """The job."""

    def __init__(
        self, database: Database, business: BusinessClock, machine: MachineClock, mint: Callable[[], UUID]
    ) -> None:
        self._database = database
        self._business = business
        self._machine = machine
        self._mint = mint
        self._books = StoreBooks()
        self._next = 0.0

    def __call__(self) -> bool:
        """Look every few seconds; each promotion's shares move in a transaction of their own."""
        if self._machine.monotonic() < self._next:
            return False
        self._next = self._machine.monotonic() + EVERY_S
        moment = Moment(self._machine.wall_ms(), self._business.now_ms())
        with self._database.session() as session:
            held = holders(session, self._books, moment.at_ms)
            register(session, held, moment)
            sharing.hear_closing(session)
        for promotion, stores in held.values():
            if sharing.chain_limit(promotion) is not None:
                with self._database.session() as session:
                    sharing.share_out(session, promotion, stores, moment, self._mint)
        return False


def holders(session: Session, books: StoreBooks, now_ms: int) -> Holders:
    """Return the promotions with budgets of the books that stores sell by, or will."""
    stores = list(session.execute(select(col(Store.id)).order_by(col(Store.id))).scalars())
    newest: dict[str, tuple[int, Promotion]] = {}
    where: defaultdict[str, set[str]] = defaultdict(set)
    for store, entries in live_entries(session, stores, now_ms).items():
        for entry in entries:
            book = books.book(session, store, entry.version)
            for promotion in book.promotions().with_limits() if book else ():
                if promotion.where.stores and store not in promotion.where.stores:
                    continue
                where[promotion.promotion].add(store)
                if entry.version >= newest.get(promotion.promotion, (0, promotion))[0]:
                    newest[promotion.promotion] = (entry.version, promotion)
    return {name: (promotion, where[name]) for name, (_, promotion) in sorted(newest.items())}


def register(session: Session, held: Holders, moment: Moment) -> None:
    """Write down which promotions have a budget, so that sales are counted; forget what was set aside too long."""
    known = {row.promotion: row for row in session.execute(select(BudgetedPromotion)).scalars()}
    for name, (promotion, _) in held.items():
        content = msgspec.json.encode(promotion)
        row = known.get(name)
        if row is None:
            session.add(BudgetedPromotion(promotion=name, content=content, since_ms=moment.wall_ms))
        elif row.content != content or not row.live:
            row.content, row.live = content, True
            session.add(row)
    over = [name for name, row in known.items() if row.live and name not in held]
    if over:
        table = table_of(BudgetedPromotion)
        session.execute(update(table).where(table.c.promotion.in_(over)).values(live=False))
        sharing.close_over(session, over, moment.wall_ms)
    aside = table_of(BudgetSetAside)
    session.execute(delete(aside).where(aside.c.until_ms < moment.wall_ms))
    session.flush()
