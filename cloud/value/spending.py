"""What sales spend of members' value: captured from the holds behind it, and what no hold covers shows as shortfall.

A sale is a fact: what it took in points or stored value is posted in full, whenever it arrives. Holds placed for its
basket pay first, then the allowances it names. What is left then was nobody's to spend any more, because a hold had
ended before the sale came; it stands in the store's `shortfall` account and never in the member's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.commits import Commit
from cloud.database.rowset import table_of
from cloud.ledger import AccountKey, Journal, Leg, post
from cloud.ledger.holding import HELD, holds_of_baskets, lock_hold
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, POINTS_SPENT, SHORTFALL, VALUE_TAKEN
from cloud.ledger.models import Hold
from cloud.ledger.reversing import Undo
from cloud.ledger.settling import CAPTURE, Ending, capture, draw, draw_key
from cloud.members.reversals import reverse
from cloud.value.models import Spending
from shared.wire.events import SaleCompleted, SaleReturned, TenderKind

VALUE_TENDERS = (TenderKind.STORED_VALUE, TenderKind.GIFT_CARD)
FELL_SHORT = "shortfall"
_COLUMNS = (
    "sale_id", "n", "cause", "purpose", "unit", "amount", "given_back", "shortfall", "store_id", "at_ms",
)  # fmt: skip
_ALLOWANCE = "allowance"


class _Spent(NamedTuple):
    """One journal's part in what a sale spent."""

    cause: UUID
    purpose: str
    unit: str
    amount: int
    shortfall: bool = False


def spent_by(sale: SaleCompleted) -> dict[str, int]:
    """Return what a sale took of members' value, by unit: points as money, stored value as tender."""
    points = sum([use.spent_points for use in sale.promotions]) if sale.promotions else 0
    money = sum([tender.minor for tender in sale.tenders if tender.method in VALUE_TENDERS])
    return {unit: amount for unit, amount in ((POINTS, points), (sale.currency, money)) if amount > 0}


def settle_sales(session: Session, commit: Commit, sales: Sequence[SaleCompleted]) -> None:
    """Post what new sales spent. Sales that spent nothing of that kind cost nothing here."""
    spending = [(sale, owed) for sale in sales if (owed := spent_by(sale)) or sale.holds]
    if not spending:
        return
    waiting: defaultdict[UUID | None, list[Hold]] = defaultdict(list)
    for hold_id in holds_of_baskets(session, [sale.id for sale, _ in spending]):
        hold = lock_hold(session, hold_id)
        if hold is not None and hold.state == HELD:
            waiting[hold.basket_id].append(hold)
    for sale, owed in sorted(spending, key=lambda one: one[0].id):
        _settle(session, commit, sale, owed, waiting[sale.id])


def _settle(session: Session, commit: Commit, sale: SaleCompleted, owed: dict[str, int], holds: list[Hold]) -> None:
    ending = _ending(sale)
    spent: list[_Spent] = []
    for hold in holds:
        taken = min(owed.get(hold.unit, 0), hold.amount)
        capture(session, commit.commit_no, hold.id, taken, ending, now_ms=commit.now_ms)
        if taken:
            owed[hold.unit] -= taken
            spent.append(_Spent(hold.id, CAPTURE, hold.unit, taken))
    for hold_id in dict.fromkeys(sale.holds):
        spent += _drawn(session, commit, sale, owed, hold_id)
    spent += _fallen_short(session, commit, sale, owed)
    rows = [(sale.id, n, *one[:4], 0, one.shortfall, sale.store, sale.at_ms) for n, one in enumerate(spent, start=1)]
    bulk.insert_tuples(session, Spending, _COLUMNS, rows)


def _drawn(session: Session, commit: Commit, sale: SaleCompleted, owed: dict[str, int], hold_id: UUID) -> list[_Spent]:
    """Draw on an allowance of this sale's store, as far as it goes; one of another store gives nothing."""
    hold = lock_hold(session, hold_id)
    if hold is None or hold.kind != _ALLOWANCE or hold.store_id != sale.store or not owed.get(hold.unit):
        return []
    taken = draw(session, commit.commit_no, hold_id, owed[hold.unit], _ending(sale), cause=sale.id)
    if not taken:
        return []
    owed[hold.unit] -= taken
    return [_Spent(*draw_key(hold_id, sale.id), hold.unit, taken)]


def _fallen_short(session: Session, commit: Commit, sale: SaleCompleted, owed: Mapping[str, int]) -> list[_Spent]:
    """Post what nobody's value covers to the store's shortfall, in full."""
    journals, spent = [], []
    for unit, amount in owed.items():
        if amount > 0:
            purpose = f"{FELL_SHORT}:{unit}"
            legs = (Leg(AccountKey(SHORTFALL, sale.store, unit), -amount), Leg(_into(sale.store, unit), amount))
            journals.append(
                Journal(
                    cause=sale.id, purpose=purpose, at_ms=sale.at_ms, store=sale.store, till=sale.till,
                    cashier=sale.cashier, receipt=_receipt(sale), legs=legs,
                    member=sale.member.member if sale.member else None,
                )
            )  # fmt: skip
            spent.append(_Spent(sale.id, purpose, unit, amount, shortfall=True))
    post(session, commit.commit_no, journals)
    return spent


def _ending(sale: SaleCompleted) -> Ending:
    return Ending(
        store=sale.store, at_ms=sale.at_ms, till=sale.till, cashier=sale.cashier, receipt=_receipt(sale),
        into=lambda kind: _into(sale.store, POINTS if kind == MEMBER_POINTS else sale.currency),
    )  # fmt: skip


def _into(store: str, unit: str) -> AccountKey:
    return AccountKey(POINTS_SPENT if unit == POINTS else VALUE_TAKEN, store, unit)


def _receipt(event: SaleCompleted | SaleReturned) -> str:
    return f"{event.receipt.series}-{event.receipt.number}"


_ANYWHERE: Mapping[UUID, int] = {}


def give_back(
    session: Session, commit: Commit, back: SaleReturned, unit: str, amount: int, *, to: Mapping[UUID, int] = _ANYWHERE
) -> int:
    """Give back what a return undoes of its sale's spending: each part to the lot and money it came from, once.

    `to` says how much of it goes back to which hold: a sale may be paid from a member's stored value and from a gift
    card. The rest goes back in the order it was spent; what fell short comes back last. Return what could not be given
    back, because so much was never spent.
    """
    row = table_of(Spending)
    rows = session.execute(
        select(row)
        .where(row.c.sale_id == back.original, row.c.unit == unit, row.c.amount > row.c.given_back)
        .order_by(row.c.shortfall, row.c.n)
        .with_for_update()
    ).all()
    left = {spent.n: int(spent.amount - spent.given_back) for spent in rows}
    parts = dict.fromkeys(left, 0)
    first = [(spent.n, to.get(spent.cause, 0)) for spent in rows]
    rest = amount
    for n, wanted in [*first, *((spent.n, amount) for spent in rows)]:
        part = min(rest, wanted, left[n] - parts[n])
        parts[n] += part
        rest -= part
    for spent in rows:
        part = parts[spent.n]
        if not part:
            continue
        undo = Undo(
            cause=back.id, purpose=f"back:{unit}:{spent.n}", of=(spent.cause, spent.purpose), at_ms=back.at_ms,
            store=back.store, amount=part, till=back.till, cashier=back.cashier, receipt=_receipt(back),
        )  # fmt: skip
        reverse(session, commit.commit_no, undo)
        own = (row.c.sale_id == back.original, row.c.n == spent.n)
        session.execute(update(row).where(*own).values(given_back=row.c.given_back + part))
    return rest
