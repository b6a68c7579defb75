"""What members owe in points: whatever they are given next settles it first, a purchase or a present.

Else somebody whose reward was taken back after it was spent would only have to earn the next one.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Uuid, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.ledger.models import Balance
from cloud.loyalty.earning import debt_account


def lock(session: Session, members: Collection[UUID]) -> dict[UUID, int]:
    """Return what members owe, those rows locked; whoever owes nothing is absent."""
    if not members:
        return {}
    accounts = {debt_account(member).id: member for member in members}
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(accounts, key=lambda one: one.int)])
    balance = table_of(Balance)
    rows = session.execute(
        select(balance.c.account_id, balance.c.amount)
        .join(wanted, wanted.c.id == balance.c.account_id)
        .where(balance.c.amount < 0)
        .order_by(balance.c.account_id)
        .with_for_update(of=balance)
    )
    return {accounts[row.account_id]: -int(row.amount) for row in rows}


def settled(owed: dict[UUID, int], member: UUID, points: int) -> int:
    """Return how many of these points settle what a member owes, and count it off `owed`."""
    recovered = min(owed.get(member, 0), points)
    if recovered:
        owed[member] -= recovered
    return recovered
