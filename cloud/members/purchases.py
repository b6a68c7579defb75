"""How often members bought: what an offer for the first or the n-th purchase asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Uuid, func, select
from sqlmodel import Session

from cloud.database.rowset import rowset, table_of
from cloud.members import one_person
from cloud.members.models import Card
from cloud.sales.models import Sale


def purchases_of(session: Session, members: Collection[UUID]) -> Counter[UUID]:
    """Return how many sales HQ has of each member; goods that came back take none away, since they did buy.

    Counted are their own, those of their cards before anybody knew whose these are, and those of whoever was merged
    into them.
    """
    sale, card = table_of(Sale), table_of(Card)
    ids = one_person.ids_of(session, members)
    wanted = rowset(session, "wanted", {"id": Uuid()}, [(one,) for one in sorted(ids)])
    unclaimed = (sale.c.card_id == card.c.id) & sale.c.member_id.is_(None)
    counted: Counter[UUID] = Counter()
    for theirs in (
        wanted.join(sale, sale.c.member_id == wanted.c.id),
        wanted.join(card, card.c.member_id == wanted.c.id).join(sale, unclaimed),
    ):
        rows = session.execute(select(wanted.c.id, func.count()).select_from(theirs).group_by(wanted.c.id))
        for one, count in rows:
            counted[ids[one]] += count
    return counted
