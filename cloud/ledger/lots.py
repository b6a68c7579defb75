"""Lots: what an account holds by when it came in, spent earliest expiry first, given back to where it came from.

Whoever calls holds the lock on the account's balance (`cloud.ledger.locking`): it orders everything that happens to
its lots.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha1
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Uuid, or_, select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import rowset, table_of
from cloud.ledger.journal import AccountKey
from cloud.ledger.models import Lot, LotBack, LotUse

_LOTS = UUID("c1b1e6b2-7d53-5a5e-8f0e-2f6a0d8f9b11")
_LOT = (
    "id", "account_id", "cause", "purpose", "store_id", "amount", "left", "available_on", "expires_on", "basket_id",
)  # fmt: skip
_USE = ("cause", "purpose", "lot_id", "amount", "given_back", "store_id")
_BACK = ("cause", "purpose", "lot_id", "of_cause", "of_purpose", "amount")

JournalKey = tuple[UUID, str]


class NewLot(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal brings into an account, and its dates (business dates of the store; None: none)."""

    account: AccountKey
    key: JournalKey
    store: str
    amount: int
    available_on: date | None = None
    expires_on: date | None = None
    basket: UUID | None = None

    @property
    def id(self) -> UUID:
        """The lot's id follows from what brought it: a UUID of version 5, made without its account's part anew."""
        cause, purpose = self.key
        name = _of_account(self.account).copy()
        name.update(f"{cause}\n{purpose}".encode())
        number = int.from_bytes(name.digest()[:16], "big")
        return UUID(int=number & ~(0xF << 76 | 0b11 << 62) | 5 << 76 | 0b10 << 62)


@lru_cache(maxsize=16_384)
def _of_account(account: AccountKey) -> Any:
    """Return the hash of what the names of an account's lots begin with."""
    return sha1(_LOTS.bytes + f"{account.id}\n".encode(), usedforsecurity=False)


class Part(NamedTuple):
    """So much of a lot."""

    lot: UUID
    amount: int


@dataclass(frozen=True, slots=True)
class Pick:
    """Which lots may be taken from: those a member can spend on a day, for a basket; None everywhere: any."""

    today: date | None = None
    basket: UUID | None = None


ANY = Pick()


def bring(session: Session, lots: Sequence[NewLot]) -> None:
    """Add lots; the journals that bring them are posted in the same transaction and are new."""
    rows = [
        (lot.id, lot.account.id, *lot.key, lot.store, lot.amount, lot.amount, lot.available_on, lot.expires_on,
         lot.basket)
        for lot in lots
        if lot.amount > 0
    ]  # fmt: skip
    bulk.insert_tuples(session, Lot, _LOT, rows)


def spendable(session: Session, account: AccountKey, pick: Pick) -> int:
    """Return how much of an account may be spent: not what is pending, expired, or bought on this very receipt."""
    return sum(row.left for row in _open(session, account, pick))


def take(
    session: Session, account: AccountKey, amount: int, pick: Pick = ANY, *, first: Iterable[UUID] = ()
) -> tuple[list[Part], int]:
    """Take from an account's lots, earliest expiry first, those of `first` before all. Return the parts and the rest.

    The rest is what the lots did not have. Nothing is written about what it was taken for: `used`, or a hold, says.
    """
    preferred = set(first)
    rows = sorted(_open(session, account, pick), key=lambda row: row.id not in preferred)
    parts, rest = [], amount
    for row in rows:
        taken = min(rest, row.left)
        if taken > 0:
            parts.append(Part(row.id, taken))
            rest -= taken
    move(session, [Part(part.lot, -part.amount) for part in parts])
    return parts, rest


def used(session: Session, key: JournalKey, parts: Sequence[Part], store: str) -> None:
    """Write down what a journal took for good, and where."""
    bulk.insert_tuples(session, LotUse, _USE, [(*key, part.lot, part.amount, 0, store) for part in parts])


def used_each(session: Session, uses: Sequence[tuple[JournalKey, Part, str]]) -> None:
    """Write down what many journals took for good, each of one lot, and where."""
    rows = [(*key, part.lot, part.amount, 0, store) for key, part, store in uses]
    bulk.insert_tuples(session, LotUse, _USE, rows)


def give_back(session: Session, key: JournalKey, account: AccountKey, amount: int, *, by: JournalKey) -> int:
    """Give back what a journal took, each part to its own lot and date, the one that lasts longest first.

    `by` is the journal that gives it back. Return what could not be given back because so much was never taken.
    """
    use, lot = table_of(LotUse), table_of(Lot)
    rows = session.execute(
        select(use.c.lot_id, (use.c.amount - use.c.given_back).label("left"))
        .join(lot, lot.c.id == use.c.lot_id)
        .where(use.c.cause == key[0], use.c.purpose == key[1], lot.c.account_id == account.id)
        .order_by(lot.c.expires_on.is_not(None), lot.c.expires_on.desc(), lot.c.id.desc())
    ).all()
    rest, given = amount, []
    for row in rows:
        back = min(rest, int(row.left))
        if back > 0:
            given.append((*by, row.lot_id, *key, back))
            own = (use.c.cause == key[0], use.c.purpose == key[1], use.c.lot_id == row.lot_id)
            session.execute(update(use).where(*own).values(given_back=use.c.given_back + back))
            move(session, [Part(row.lot_id, back)])
            rest -= back
    bulk.insert_tuples(session, LotBack, _BACK, given)
    return rest


def move(session: Session, moves: Sequence[Part]) -> None:
    """Change what is left of lots by these amounts."""
    if not moves:
        return
    source = rowset(session, "moved", {"id": Uuid(), "amount": BigInteger()}, sorted(moves))
    lot = table_of(Lot)
    session.execute(update(lot).values(left=lot.c.left + source.c.amount).where(lot.c.id == source.c.id))


def of_journals(session: Session, keys: Sequence[JournalKey]) -> dict[JournalKey, list[UUID]]:
    """Return the lots that journals brought."""
    causes = sorted({cause for cause, _ in keys})
    wanted = rowset(session, "wanted", {"cause": Uuid()}, [(cause,) for cause in causes])
    lot = table_of(Lot)
    found: dict[JournalKey, list[UUID]] = {key: [] for key in keys}
    for row in session.execute(
        select(lot.c.id, lot.c.cause, lot.c.purpose).join(wanted, wanted.c.cause == lot.c.cause).order_by(lot.c.id)
    ):
        if (row.cause, row.purpose) in found:
            found[row.cause, row.purpose].append(row.id)
    return found


def _open(session: Session, account: AccountKey, pick: Pick) -> Sequence[Any]:
    lot = table_of(Lot)
    query = select(lot.c.id, lot.c.left).where(lot.c.account_id == account.id, lot.c.left > 0)
    if pick.today is not None:
        query = query.where(
            or_(lot.c.available_on.is_(None), lot.c.available_on <= pick.today),
            or_(lot.c.expires_on.is_(None), lot.c.expires_on > pick.today),
        )
    if pick.basket is not None:
        query = query.where(or_(lot.c.basket_id.is_(None), lot.c.basket_id != pick.basket))
    return session.execute(query.order_by(lot.c.expires_on.is_(None), lot.c.expires_on, lot.c.id)).all()
