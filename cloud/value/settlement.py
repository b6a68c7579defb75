"""Who owes whom for stored value: the store that sold it, the store that took it, month by month.

A month is what was taken in it less what was given back in it, whenever that had been taken: later returns change no
month that is over.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.ledger.kinds import PURSE_GIFT, PURSE_PRINCIPAL
from cloud.ledger.models import Account, JournalRow, Lot, LotBack, LotUse
from cloud.ledger.settling import CAPTURE, DRAW

_SPENDING = (CAPTURE, DRAW)


@dataclass(frozen=True, slots=True, order=True)
class Owed:
    """What one store sold and another took of it, in minor units of a currency, less what was given back meanwhile."""

    sold_by: str
    taken_by: str
    currency: str
    principal_minor: int
    gift_minor: int


def between_stores(session: Session, from_ms: int, to_ms: int) -> list[Owed]:
    """Return what was spent from `from_ms` to before `to_ms` (business time) by who sold it and who took it.

    A top-up is attributed to the store it was paid at; what is spent first is what was sold first. Below zero: more
    came back than was taken.
    """
    sums: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
    for query, sign in ((_taken(from_ms, to_ms), 1), (_given_back(from_ms, to_ms), -1)):
        for sold_by, taken_by, unit, kind, amount in session.execute(query):
            sums[sold_by, taken_by, unit][kind == PURSE_GIFT] += sign * int(amount)
    return sorted(Owed(*key, *minor) for key, minor in sums.items() if any(minor))


def _taken(from_ms: int, to_ms: int) -> Select[*tuple[Any, ...]]:
    lot, use, account, journal = table_of(Lot), table_of(LotUse), table_of(Account), table_of(JournalRow)
    return (
        select(lot.c.store_id, use.c.store_id.label("taker"), account.c.unit, account.c.kind, func.sum(use.c.amount))
        .join(use, use.c.lot_id == lot.c.id)
        .join(account, account.c.id == lot.c.account_id)
        .join(journal, (journal.c.cause == use.c.cause) & (journal.c.purpose == use.c.purpose))
        .where(
            account.c.kind.in_((PURSE_PRINCIPAL, PURSE_GIFT)),
            use.c.purpose.in_(_SPENDING),
            journal.c.at_ms >= from_ms,
            journal.c.at_ms < to_ms,
        )
        .group_by(lot.c.store_id, use.c.store_id, account.c.unit, account.c.kind)
    )


def _given_back(from_ms: int, to_ms: int) -> Select[*tuple[Any, ...]]:
    lot, use, back = table_of(Lot), table_of(LotUse), table_of(LotBack)
    account, journal = table_of(Account), table_of(JournalRow)
    same = (
        (use.c.cause == back.c.of_cause) & (use.c.purpose == back.c.of_purpose) & (use.c.lot_id == back.c.lot_id)
    )  # fmt: skip
    return (
        select(lot.c.store_id, use.c.store_id.label("taker"), account.c.unit, account.c.kind, func.sum(back.c.amount))
        .join(back, back.c.lot_id == lot.c.id)
        .join(use, same)
        .join(account, account.c.id == lot.c.account_id)
        .join(journal, (journal.c.cause == back.c.cause) & (journal.c.purpose == back.c.purpose))
        .where(
            account.c.kind.in_((PURSE_PRINCIPAL, PURSE_GIFT)),
            use.c.purpose.in_(_SPENDING),
            journal.c.at_ms >= from_ms,
            journal.c.at_ms < to_ms,
        )
        .group_by(lot.c.store_id, use.c.store_id, account.c.unit, account.c.kind)
    )
