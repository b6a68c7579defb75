"""What tiers gave goes with a member when two are made one, and back when they are taken apart.

Whoever was given something on an occasion is given nothing for it again, under whichever of the two ids it was.
"""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

import msgspec
from sqlalchemy import String, select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import rowset, table_of
from cloud.loyalty.models import TierGift


class MovedGift(msgspec.Struct, frozen=True, order=True):
    """A gift that changed hands: its benefit and its occasion."""

    benefit: str
    occasion: str


def move(session: Session, of: UUID, to: UUID) -> list[MovedGift]:
    """Move what one member was given to another who was not given it. Return what moved, for `swap` to bring it back.

    What both were given stays with each, and what could not be given stays too: it is no gift.
    """
    session.flush()
    gift = table_of(TierGift)
    query = select(gift.c.benefit, gift.c.occasion).where(gift.c.problem == "")
    mine, theirs = (
        {MovedGift(*row) for row in session.execute(query.where(gift.c.member_id == one))} for one in (of, to)
    )
    moved = sorted(mine - theirs)
    swap(session, moved, of=of, to=to)
    return moved


def swap(session: Session, gifts: Collection[MovedGift], *, of: UUID, to: UUID) -> None:
    """Move these gifts from one member to another, and what stands in their place there the other way.

    What stands there is a note that the same could not be given: doing it once more puts all as it was.
    """
    if not gifts:
        return
    session.flush()
    gift = table_of(TierGift)
    wanted = rowset(
        session, "wanted", {"benefit": String(), "occasion": String()}, [(one.benefit, one.occasion) for one in gifts]
    )
    these = select(wanted.c.benefit).where(
        wanted.c.benefit == gift.c.benefit, wanted.c.occasion == gift.c.occasion
    ).exists()  # fmt: skip
    names = tuple(gift.c.keys())
    there = session.execute(gift.delete().where(gift.c.member_id == to, these).returning(*gift.c)).all()
    session.execute(update(gift).where(gift.c.member_id == of, these).values(member_id=to))
    back = [tuple(of if name == "member_id" else getattr(row, name) for name in names) for row in there]
    bulk.insert_new_tuples(session, TierGift, names, back)
    session.expire_all()
