"""What sales used of promotions' budgets, counted in the transaction that takes them in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlmodel import Session

from cloud.database.rowset import table_of, upsert_into
from cloud.promotions.budget_models import BudgetedPromotion, BudgetSetAside, BudgetUse
from cloud.sales.models import Sale
from shared.pricing.budgets import used_of
from shared.wire.events import SaleCompleted

NOBODY = UUID(int=0)
_Key = tuple[str, UUID, str, str]


def note_sales(session: Session, sales: Sequence[SaleCompleted]) -> None:
    """Count new sales. Nothing is asked of the database's tables of sales where no promotion has a budget."""
    row = table_of(BudgetedPromotion)
    budgeted = set(session.execute(select(row.c.promotion)).scalars())
    if not budgeted:
        return
    found = [(sale, {name: used for name, used in used_of(sale).items() if name in budgeted}) for sale in sales]
    found = [(sale, used) for sale, used in found if used]
    if not found:
        return
    members = _members(session, [sale.id for sale, _ in found])
    counts: defaultdict[_Key, list[int]] = defaultdict(lambda: [0, 0])
    for sale, used in found:
        member = members.get(sale.id) or NOBODY
        for promotion, one in used.items():
            count = counts[promotion, member, sale.business_date, sale.store]
            count[0] += one.uses
            count[1] += one.minor
    _add(session, counts)
    aside = table_of(BudgetSetAside)
    session.execute(delete(aside).where(aside.c.basket_id.in_([sale.id for sale, _ in found])))


def _members(session: Session, sales: Sequence[UUID]) -> dict[UUID, UUID | None]:
    row = table_of(Sale)
    return {
        one.id: one.member_id for one in session.execute(select(row.c.id, row.c.member_id).where(row.c.id.in_(sales)))
    }


def _add(session: Session, counts: dict[_Key, list[int]]) -> None:
    table = table_of(BudgetUse)
    statement = upsert_into(session, BudgetUse)
    key = ("promotion", "member_id", "day", "store_id")
    more = {name: table.c[name] + statement.excluded[name] for name in ("uses", "minor")}
    session.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=more),
        [dict(zip((*key, "uses", "minor"), (*place, *count), strict=True)) for place, count in sorted(counts.items())],
    )
