"""What sales used of promotions' budgets, counted in the transaction that takes them in, and what returns give back.

Money comes back with each piece, a use with the last; what a sale was counted with stands beside it, so that all its
returns together give back exactly that, whatever order they come in and however often one comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import table_of, upsert_into
from cloud.promotions.budget_models import BudgetCounted, BudgetedPromotion, BudgetSetAside, BudgetUse
from cloud.sales.models import Sale, SaleDiscount, SaleLine, SaleReturnLine
from shared.money import divide_half_up
from shared.pricing.budgets import Used, used_of
from shared.wire.events import SaleCompleted, SaleReturned

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
        _remember(session, sale, member, used)
    _add(session, counts)
    aside = table_of(BudgetSetAside)
    session.execute(delete(aside).where(aside.c.basket_id.in_([sale.id for sale, _ in found])))


def note_returns(session: Session, returns: Sequence[SaleReturned]) -> None:
    """Give back what returns that were just written down undo of what their sales were counted with."""
    row = table_of(BudgetCounted)
    originals = sorted({back.original for back in returns})
    counted = session.execute(select(row).where(row.c.sale_id.in_(originals)).order_by(row.c.sale_id)).all()
    if not counted:
        return
    counts: defaultdict[_Key, list[int]] = defaultdict(lambda: [0, 0])
    came = _came_back(session, {one.sale_id for one in counted})
    for one in counted:
        uses, minor = _given_back(session, one, came)
        place = counts[one.promotion, one.member_id, one.day, one.store_id]
        place[0] -= uses - one.back_uses
        place[1] -= minor - one.back_minor
        here = (row.c.sale_id == one.sale_id, row.c.promotion == one.promotion)
        session.execute(update(row).where(*here).values(back_uses=uses, back_minor=minor))
    _add(session, {place: count for place, count in counts.items() if any(count)})


def _given_back(session: Session, counted: Any, came: Mapping[tuple[UUID, int], int]) -> tuple[int, int]:
    """Return how many uses and how much money of a counted sale have come back in all."""
    line, discount = table_of(SaleLine), table_of(SaleDiscount)
    taken = func.coalesce(func.sum(discount.c.minor), 0)
    theirs = (discount.c.sale_id == line.c.sale_id) & (discount.c.line_n == line.c.n)
    rows = session.execute(
        select(line.c.n, line.c.quantity, taken.label("minor"))
        .outerjoin(discount, theirs & (discount.c.source == counted.promotion))
        .where(line.c.sale_id == counted.sale_id)
        .group_by(line.c.n, line.c.quantity)
    ).all()
    borne = [one for one in rows if one.minor] or rows
    back = {one.n: min(came.get((counted.sale_id, one.n), 0), one.quantity) for one in borne}
    minor = sum(divide_half_up(int(one.minor) * back[one.n], one.quantity) for one in borne if one.quantity)
    whole = all(back[one.n] >= one.quantity for one in borne)
    return (counted.uses if whole else 0), min(minor, counted.minor)


def _came_back(session: Session, sales: Collection[UUID]) -> dict[tuple[UUID, int], int]:
    row = table_of(SaleReturnLine)
    rows = session.execute(
        select(row.c.original_sale_id, row.c.of_line, func.sum(row.c.quantity).label("quantity"))
        .where(row.c.original_sale_id.in_(sorted(sales)))
        .group_by(row.c.original_sale_id, row.c.of_line)
    )
    return {(one.original_sale_id, one.of_line): int(one.quantity) for one in rows}


def _remember(session: Session, sale: SaleCompleted, member: UUID, used: Mapping[str, Used]) -> None:
    columns = ("sale_id", "promotion", "member_id", "day", "store_id", "uses", "minor", "back_uses", "back_minor")
    place = (sale.business_date, sale.store)
    rows = [(sale.id, name, member, *place, one.uses, one.minor, 0, 0) for name, one in used.items()]
    bulk.insert_new_tuples(session, BudgetCounted, columns, rows)


def _members(session: Session, sales: Sequence[UUID]) -> dict[UUID, UUID | None]:
    row = table_of(Sale)
    return {
        one.id: one.member_id for one in session.execute(select(row.c.id, row.c.member_id).where(row.c.id.in_(sales)))
    }


def _add(session: Session, counts: Mapping[_Key, list[int]]) -> None:
    if not counts:
        return
    table = table_of(BudgetUse)
    statement = upsert_into(session, BudgetUse)
    key = ("promotion", "member_id", "day", "store_id")
    more = {name: table.c[name] + statement.excluded[name] for name in ("uses", "minor")}
    session.execute(
        statement.on_conflict_do_update(index_elements=list(key), set_=more),
        [dict(zip((*key, "uses", "minor"), (*place, *count), strict=True)) for place, count in sorted(counts.items())],
    )
