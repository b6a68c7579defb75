"""Top-ups that tills were told they may sell: room under the cap is kept for each until it is sold or has ended."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.value.desk_models import TopUpOffer


def kept_room(session: Session, purse: UUID, *, now_ms: int, but: UUID | None = None) -> int:
    """Return how much open offers may still put into a purse, which the caller has locked; `but` does not count."""
    row = table_of(TopUpOffer)
    query = select(func.coalesce(func.sum(row.c.minor + row.c.gift_minor), 0)).where(
        row.c.purse_id == purse, row.c.sold.is_(None), row.c.valid_until_ms > now_ms
    )
    if but is not None:
        query = query.where(row.c.id != but)
    return int(session.execute(query).scalar_one())


def supersede(session: Session, store: str, till: str, *, now_ms: int) -> None:
    """End what a till was told before: it asks anew only when no money is on its way for that.

    Offers are locked before purses, here as where an event sells one, so that the two never wait for each other.
    """
    row = table_of(TopUpOffer)
    mine = (row.c.store_id == store, row.c.till_id == till, row.c.sold.is_(None), row.c.valid_until_ms > now_ms)
    session.execute(update(row).where(*mine).values(valid_until_ms=now_ms))


def find(session: Session, offer: UUID) -> TopUpOffer | None:
    """Return an offer under an exclusive lock, None where HQ knows of none."""
    return session.get(TopUpOffer, offer, with_for_update=True, populate_existing=True)
