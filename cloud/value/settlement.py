"""Who owes whom for stored value: the store that sold it, the store that took it, month by month."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.ledger.kinds import PURSE_GIFT, PURSE_PRINCIPAL
from cloud.ledger.models import Account, JournalRow, Lot, LotUse
from cloud.ledger.settling import CAPTURE, DRAW

_SPENDING = (CAPTURE, DRAW)


@dataclass(frozen=True, slots=True, order=True)
class Owed:
    """What one store sold and another took of it, in minor units of a currency, less what has been given back."""

    sold_by: str
    taken_by: str
    currency: str
    principal_minor: int
    gift_minor: int


def between_stores(session: Session, from_ms: int, to_ms: int) -> list[Owed]:
    """Return what was spent from `from_ms` to before `to_ms` (business time) by who sold it and who took it.

    A top-up is attributed to the store it was paid at; what is spent first is what was sold first.
    """
    lot, use, account, journal = table_of(Lot), table_of(LotUse), table_of(Account), table_of(JournalRow)
    sums: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for row in session.execute(
        select(lot.c.store_id, use.c.store_id.label("taker"), account.c.unit, account.c.kind, use.c.amount,
               use.c.given_back)
        .join(use, use.c.lot_id == lot.c.id)
        .join(account, account.c.id == lot.c.account_id)
        .join(journal, (journal.c.cause == use.c.cause) & (journal.c.purpose == use.c.purpose))
        .where(
            account.c.kind.in_((PURSE_PRINCIPAL, PURSE_GIFT)),
            use.c.purpose.in_(_SPENDING),
            journal.c.at_ms >= from_ms,
            journal.c.at_ms < to_ms,
        )
    ):  # fmt: skip
        sums[row.store_id, row.taker, row.unit][row.kind == PURSE_GIFT] += int(row.amount - row.given_back)
    return sorted(Owed(*key, *minor) for key, minor in sums.items() if any(minor))
