"""What goes with a member when two are made one, and back when they are taken apart: days, gifts, a tier by hand.

What was reached by both together is theirs. Whoever was given something on an occasion is given nothing for it again,
under whichever of the two ids it was.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import String, select, update
from sqlmodel import Session

from cloud.database import bulk
from cloud.database.rowset import rowset, table_of
from cloud.loyalty import rules
from cloud.loyalty.models import MemberDay, TierFloor, TierGift
from cloud.loyalty.years import add_spend


class MovedGift(msgspec.Struct, frozen=True, order=True):
    """A gift that changed hands: its benefit and its occasion."""

    benefit: str
    occasion: str


class MovedDay(msgspec.Struct, frozen=True):
    """What somebody did on a business date, added to the other's."""

    day: date
    spend_minor: int
    visits: int = 0


def move_gifts(session: Session, of: UUID, to: UUID) -> list[MovedGift]:
    """Move what one member was given to another who was not given it. Return what `swap_gifts` brings back.

    What both were given stays with each, and what could not be given stays too: it is no gift.
    """
    session.flush()
    gift = table_of(TierGift)
    query = select(gift.c.benefit, gift.c.occasion).where(gift.c.problem == "")
    mine, theirs = (
        {MovedGift(*row) for row in session.execute(query.where(gift.c.member_id == one))} for one in (of, to)
    )
    moved = sorted(mine - theirs)
    swap_gifts(session, moved, of=of, to=to)
    return moved


def swap_gifts(session: Session, gifts: Collection[MovedGift], *, of: UUID, to: UUID) -> None:
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


def move_days(session: Session, of: UUID, to: UUID) -> list[MovedDay]:
    """Move what one member did, by business date, to another. Return what moved, for `return_days` to bring it back."""
    day = table_of(MemberDay)
    rows = session.execute(
        select(day).where(day.c.member_id.in_((of, to))).order_by(day.c.member_id, day.c.day).with_for_update()
    ).all()
    moved = [MovedDay(row.day, row.spend_minor, row.visits) for row in rows if row.member_id == of]
    return_days(session, moved, of=of, to=to)
    return moved


def return_days(session: Session, days: Collection[MovedDay], *, of: UUID, to: UUID) -> None:
    """Take these days from one member and add them to another's."""
    for member, sign in ((to, 1), (of, -1)):
        for one in days:
            add_spend(session, member, one.day, sign * one.spend_minor, sign * one.visits)


def higher_floor(session: Session, of: UUID, to: UUID) -> int | None:
    """Give `to` the tier by hand of `of` where it is the higher one, or the same for longer. Return when it was set."""
    floors = _floors(session, of, to)
    if of not in floors:
        return None
    least = {tier.code: tier.from_minor for rule in rules.load(session).tiers for tier in rule.tiers}
    worth = {one: (least.get(row["tier"], -1), row["until"]) for one, row in floors.items()}
    if to in worth and worth[to] >= worth[of]:
        return None
    _swap_floors(session, floors, of, to)
    return int(floors[of]["set_ms"])


def return_floor(session: Session, set_ms: int, *, of: UUID, to: UUID) -> None:
    """Bring back the tier by hand that was set then, unless another has been given since."""
    floors = _floors(session, of, to)
    if of in floors and floors[of]["set_ms"] == set_ms:
        _swap_floors(session, floors, of, to)


def _floors(session: Session, *members: UUID) -> dict[UUID, dict[str, Any]]:
    table = table_of(TierFloor)
    rows = session.execute(select(table).where(table.c.member_id.in_(members))).mappings()
    return {row["member_id"]: dict(row) for row in rows}


def _swap_floors(session: Session, floors: dict[UUID, dict[str, Any]], one: UUID, other: UUID) -> None:
    table, whose = table_of(TierFloor), {one: other, other: one}
    session.execute(table.delete().where(table.c.member_id.in_((one, other))))
    session.execute(table.insert(), [{**row, "member_id": whose[member]} for member, row in floors.items()])
