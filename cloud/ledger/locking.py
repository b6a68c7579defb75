"""Lock balances before deciding by them: the decision then still holds when it is posted."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Uuid, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.ledger.journal import AccountKey
from cloud.ledger.models import Balance
from cloud.ledger.posting import open_accounts


def lock_balances(session: Session, accounts: Collection[AccountKey]) -> dict[AccountKey, int]:
    """Return what each account holds, locked in the order of account ids until the transaction ends.

    Accounts that do not exist yet are opened, so that two who decide by an empty one queue up too. They are of kinds
    that keep a balance.
    """
    by_id = {account.id: account for account in accounts}
    if not by_id:
        return {}
    open_accounts(session, set(accounts))
    ids = sorted(by_id, key=lambda one: one.int)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in ids])
    balance = table_of(Balance)
    rows = session.execute(
        select(balance.c.account_id, balance.c.amount)
        .join(wanted, wanted.c.id == balance.c.account_id)
        .order_by(balance.c.account_id)
        .with_for_update(of=balance)
    )
    found = {by_id[row.account_id]: int(row.amount) for row in rows}
    return {account: found[account] for account in by_id.values()}
