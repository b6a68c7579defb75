"""What a member can use or fetch goes with them when two are made one, and back when they are taken apart."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import update
from sqlmodel import Session

from cloud.coupons.models import ISSUED, RESERVED, Coupon
from cloud.database.rowset import table_of
from cloud.rewards.models import Pickup
from cloud.rewards.pickups import WAITING

_OPEN = (ISSUED, RESERVED)


def move_open(session: Session, of: UUID, to: UUID) -> tuple[list[str], list[str]]:
    """Move open coupons and what waits from one member to another. Return the codes of both, for moving them back."""
    session.flush()
    coupon, pickup = table_of(Coupon), table_of(Pickup)
    mine = (coupon.c.member_id == of, coupon.c.state.in_(_OPEN))
    coupons = session.execute(update(coupon).where(*mine).values(member_id=to).returning(coupon.c.code)).scalars()
    waiting = (pickup.c.member_id == of, pickup.c.state == WAITING)
    fetch = session.execute(update(pickup).where(*waiting).values(member_id=to).returning(pickup.c.code)).scalars()
    found = sorted(coupons), sorted(fetch)
    session.expire_all()
    return found


def move_back(session: Session, coupons: Collection[str], fetch: Collection[str], *, of: UUID, to: UUID) -> None:
    """Move back those of these that are still open and still theirs to whom they went."""
    session.flush()
    coupon, pickup = table_of(Coupon), table_of(Pickup)
    mine = (coupon.c.code.in_(list(coupons)), coupon.c.member_id == of, coupon.c.state.in_(_OPEN))
    session.execute(update(coupon).where(*mine).values(member_id=to))
    waiting = (pickup.c.code.in_(list(fetch)), pickup.c.member_id == of, pickup.c.state == WAITING)
    session.execute(update(pickup).where(*waiting).values(member_id=to))
    session.expire_all()
