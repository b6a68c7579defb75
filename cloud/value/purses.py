"""Purses: whose stored value it is, and the ledger accounts it lies in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import table_of
from cloud.errors import Invalid, NotFound, Refused
from cloud.ledger import AccountKey, Leg
from cloud.ledger.kinds import PURSE_GIFT, PURSE_GIFT_HELD, PURSE_PRINCIPAL, PURSE_PRINCIPAL_HELD
from cloud.ledger.locking import lock_balances
from cloud.org.models import Store
from cloud.sales.shops import shops
from cloud.value.models import OPEN, RETURNED, Purse
from shared.calendar import business_date
from shared.value import GIFT, PRINCIPAL

_PURSES = UUID("9b8e6d5e-6b1e-5c2e-9d1a-1f6f4a1f0d55")

KINDS_OF = {PRINCIPAL: PURSE_PRINCIPAL, GIFT: PURSE_GIFT}
HELD_OF = {PRINCIPAL: PURSE_PRINCIPAL_HELD, GIFT: PURSE_GIFT_HELD}

_SPENDABLE = frozenset(KINDS_OF.values())

_COLUMNS = (
    "id", "currency", "member_id", "card_id", "owner", "state", "store_id", "legal_entity_id", "opened_ms",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Holding:
    """What a purse holds, in minor units; held money is set aside for a sale or an allowance."""

    principal: int
    gift: int
    principal_held: int = 0
    gift_held: int = 0

    @property
    def total(self) -> int:
        """Everything, whoever may spend it now."""
        return self.principal + self.gift + self.principal_held + self.gift_held


def account(purse: Purse, kind: str) -> AccountKey:
    """Return a purse's account of a ledger kind."""
    return AccountKey(kind, purse.owner, purse.currency)


def open_purse(
    session: Session, store: str, *, member: UUID | None, card: UUID | None, legal_entity: str | None, now_ms: int
) -> Purse:
    """Return the purse of a member, or of an unnamed card, in the store's currency; the first time, open it.

    `legal_entity` is who issues it and owes it; None: whoever owns the store on that day.
    Raise Invalid unless it is exactly one of them, NotFound for a store that is not there.
    """
    if (member is None) == (card is None):
        raise Invalid("a purse belongs to a member or to a card, and to one of them only")
    shop = session.get(Store, store)
    if shop is None:
        raise NotFound(f"there is no store {store!r}")
    purse = uuid5(_PURSES, f"{member or card}\n{shop.currency}")
    issuer = legal_entity or _owner_of(session, shop, now_ms)
    row = (purse, shop.currency, member, card, str(member or card), OPEN, store, issuer, now_ms)
    bulk.insert_new_tuples(session, Purse, _COLUMNS, [row])
    return session.get_one(Purse, purse)


def open_for_members(session: Session, wanted: Iterable[tuple[str, UUID]], now_ms: int) -> None:
    """Open purses of many members at once, each (store, member) in the store's currency, as `open_purse` does.

    Raise NotFound for a store that is not there.
    """
    shops: dict[str, tuple[str, str | None]] = {}
    rows = []
    for store, member in wanted:
        if store not in shops:
            shop = session.get(Store, store)
            if shop is None:
                raise NotFound(f"there is no store {store!r}")
            shops[store] = (shop.currency, _owner_of(session, shop, now_ms))
        currency, issuer = shops[store]
        purse = uuid5(_PURSES, f"{member}\n{currency}")
        rows.append((purse, currency, member, None, str(member), OPEN, store, issuer, now_ms))
    bulk.insert_new_tuples(session, Purse, _COLUMNS, rows)


def _owner_of(session: Session, store: Store, now_ms: int) -> str | None:
    today = business_date(now_ms, ZoneInfo(store.time_zone), store.day_cutoff_minutes)
    return shops(session, {store.id})[store.id].owner_on(today)


def find(session: Session, *, member: UUID | None, card: UUID | None, currency: str) -> Purse | None:
    """Return the purse of a member or a card, None where there is none."""
    row = table_of(Purse)
    whose = row.c.member_id == member if member is not None else row.c.card_id == card
    found = session.execute(select(row.c.id).where(whose, row.c.currency == currency)).scalar_one_or_none()
    return None if found is None else session.get_one(Purse, found)


def lock(session: Session, purse: UUID) -> tuple[Purse, Holding]:
    """Lock a purse and its balances. Raise NotFound."""
    row = session.get(Purse, purse, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no purse {purse}")
    kinds = (PURSE_PRINCIPAL, PURSE_GIFT, PURSE_PRINCIPAL_HELD, PURSE_GIFT_HELD)
    balances = lock_balances(session, [account(row, kind) for kind in kinds])
    return row, Holding(*(balances[account(row, kind)] for kind in kinds))


def reopen(session: Session, legs: Iterable[Leg]) -> None:
    """Open the purses again that were given back and paid out, where a journal has just put money into them.

    What goods that come back put onto a card belongs to somebody: they spend it, or have it paid out as well.
    """
    given = {(leg.account.owner, leg.account.unit) for leg in legs if leg.amount > 0 and leg.account.kind in _SPENDABLE}
    purse = table_of(Purse)
    for owner, currency in sorted(given):
        mine = (purse.c.owner == owner, purse.c.currency == currency, purse.c.state == RETURNED)
        session.execute(update(purse).where(*mine).values(state=OPEN))


def require_open(purse: Purse) -> None:
    """Raise Refused (`purse_frozen`, `purse_returned`) unless it can be used."""
    if purse.state != OPEN:
        raise Refused(f"purse_{purse.state}", f"purse {purse.id} is {purse.state}")
