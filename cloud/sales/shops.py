"""What must be known of a store to write down its sales: its money, and who owned it on which day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.org.models import Store, StoreOwnership


@dataclass(frozen=True, slots=True)
class Shop:
    """A store as its sales see it; `owners` are (from date, legal entity) in order of date."""

    currency: str
    exponent: int
    tax_mode: str
    owners: tuple[tuple[date, str], ...]

    def owner_on(self, day: date) -> str | None:
        """Return the legal entity the store belonged to on a business date, None before its first."""
        owner = None
        for since, legal_entity in self.owners:
            if since > day:
                break
            owner = legal_entity
        return owner


def shops(session: Session, store_ids: set[str]) -> dict[str, Shop]:
    """Return the stores of these ids."""
    store, ownership = table_of(Store), table_of(StoreOwnership)
    owners: dict[str, list[tuple[date, str]]] = {store_id: [] for store_id in store_ids}
    for store_id, since, legal_entity in session.execute(
        select(ownership.c.store_id, ownership.c.from_date, ownership.c.legal_entity_id)
        .where(ownership.c.store_id.in_(store_ids))
        .order_by(ownership.c.store_id, ownership.c.from_date)
    ):
        owners[store_id].append((since, legal_entity))
    rows = session.execute(
        select(store.c.id, store.c.currency, store.c.exponent, store.c.tax_mode).where(store.c.id.in_(store_ids))
    )
    return {
        store_id: Shop(currency, exponent, tax_mode, tuple(owners[store_id]))
        for store_id, currency, exponent, tax_mode in rows
    }
