"""What tills ask about budgets while they sell: more of a share, and what a member used elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlmodel import Session, col

from cloud.clock import SystemMachineClock
from cloud.database import Database
from cloud.database.rowset import table_of, upsert_into
from cloud.database.transactions import in_transaction
from cloud.members import one_person
from cloud.promotions import sharing
from cloud.promotions.budget_models import BudgetSetAside, BudgetUse, StoreShare
from cloud.promotions.sharing import Moment
from shared.clock import BusinessClock, MachineClock
from shared.ids import UuidMint
from shared.pricing import Counter, Per
from shared.wire.budgets import AskBudgets, BudgetsElsewhere

SET_ASIDE_MS = 15 * 60_000
"""A member's budget is one basket's for so long: from the question to the sale's arrival."""
MOST_ASKED = 100


class BudgetAnswers:
    """Answers a till, in a transaction of its own."""

    def __init__(
        self, database: Database, business: BusinessClock, machine: MachineClock | None, mint: UuidMint
    ) -> None:
        self._database = database
        self._business = business
        self._machine = machine or SystemMachineClock()
        self._mint = mint

    def answer(self, agent: str, store: str, ask: AskBudgets) -> BudgetsElsewhere:
        """Move shares for what is short here, and say what the member used elsewhere of the rest.

        Raise Unavailable when the database is away.
        """
        moment = Moment(self._machine.wall_ms(), self._business.now_ms())

        def work(session: Session) -> BudgetsElsewhere:
            raised = [one for one in ask.short[:MOST_ASKED] if self._raise(session, agent, one, moment)]
            if ask.member is None:
                return BudgetsElsewhere(raised=raised)
            person = one_person.now_of(session, ask.member)
            free, busy = self._set_aside(session, ask, person, moment.wall_ms)
            elsewhere = _elsewhere(session, free, person, ask, store)
            return BudgetsElsewhere(elsewhere=elsewhere, busy=busy, raised=raised)

        return in_transaction(self._database, work)

    def _raise(self, session: Session, agent: str, promotion: str, moment: Moment) -> bool:
        """Mark an agent's share as short, and see whether there is more for it now."""
        known = sharing.known(session, promotion)
        row = session.execute(
            select(StoreShare).where(
                col(StoreShare.promotion) == promotion, col(StoreShare.agent_id) == agent, ~col(StoreShare.closed)
            )
        ).scalar_one_or_none()
        if known is None or row is None:
            return False
        before = (row.most_uses or 0, row.most_minor or 0)
        row.short = True
        session.add(row)
        session.flush()
        stores = session.execute(
            select(col(StoreShare.store_id)).where(col(StoreShare.promotion) == promotion, ~col(StoreShare.closed))
        ).scalars()
        sharing.share_out(session, known, set(stores), moment, self._mint)
        return (row.most_uses or 0, row.most_minor or 0) > before

    def _set_aside(
        self, session: Session, ask: AskBudgets, member: UUID, now_ms: int
    ) -> tuple[Sequence[str], list[str]]:
        """Set a member's budgets aside for a basket; return those that are its now, and those another basket has."""
        aside = table_of(BudgetSetAside)
        wanted = sorted(set(ask.of_member[:MOST_ASKED]))
        if not wanted:
            return [], []
        statement = upsert_into(session, BudgetSetAside)
        free_now = (aside.c.until_ms < now_ms) | (aside.c.basket_id == ask.basket)
        until = {"basket_id": statement.excluded.basket_id, "until_ms": statement.excluded.until_ms}
        session.execute(
            statement.on_conflict_do_update(index_elements=["promotion", "member_id"], set_=until, where=free_now),
            [
                {"promotion": one, "member_id": member, "basket_id": ask.basket, "until_ms": now_ms + SET_ASIDE_MS}
                for one in wanted
            ],
        )
        mine = set(
            session.execute(
                select(aside.c.promotion).where(aside.c.member_id == member, aside.c.basket_id == ask.basket)
            ).scalars()
        )
        return [one for one in wanted if one in mine], [one for one in wanted if one not in mine]


def _elsewhere(session: Session, promotions: Sequence[str], person: UUID, ask: AskBudgets, store: str) -> list[Counter]:
    """Return what a member used of promotions elsewhere: in all, and on this business day.

    Whoever was made one with them used it too, also in this store, which counts by the member it knows.
    """
    row = table_of(BudgetUse)
    others = sorted(one_person.ids_of(session, [person]).keys() - {ask.member})
    theirs = or_(and_(row.c.member_id == ask.member, row.c.store_id != store), row.c.member_id.in_(others))
    sums = (func.coalesce(func.sum(row.c.uses), 0), func.coalesce(func.sum(row.c.minor), 0))
    found = []
    for promotion in promotions:
        for per, more in ((Per.MEMBER, ()), (Per.MEMBER_DAY, (row.c.day == ask.day,))):
            uses, minor = session.execute(select(*sums).where(row.c.promotion == promotion, theirs, *more)).one()
            found.append(Counter(promotion, per, int(uses), int(minor)))
    return found
