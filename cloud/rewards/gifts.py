"""Gifts for points: never more than there are, paid from the member's own lots, cancelled back into them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import Session

from cloud.database.rowset import table_of
from cloud.errors import NotFound, Refused
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.holding import INSUFFICIENT
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, POINTS_SPENT
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import Pick
from cloud.ledger.requests import Answered, once
from cloud.ledger.reversing import Undo, reverse
from cloud.rewards.models import Gift, GiftOrder

ORDER = "gift"
CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A member wants a gift, to be fetched at a store. `id` is made by whoever asks; `today` is that store's day."""

    id: UUID
    gift: str
    member: UUID
    store: str
    today: date
    at_ms: int


def order(session: Session, commit_no: int, wanted: Order, *, now_ms: int) -> Answered:
    """Take a gift for points, once.

    Refused: `gift_unknown`, `gift_closed`, `sold_out`, `per_member`, `insufficient`.
    """

    def work() -> Mapping[str, Any]:
        return _order(session, commit_no, wanted)

    content = {"gift": wanted.gift, "member": str(wanted.member), "store": wanted.store}
    return once(session, wanted.id, ORDER, content, work, now_ms=now_ms)


def _order(session: Session, commit_no: int, wanted: Order) -> Mapping[str, Any]:
    account = AccountKey(MEMBER_POINTS, str(wanted.member), POINTS)
    lock_balances(session, [account])
    row = table_of(Gift)
    taken = session.execute(
        update(row)
        .where(row.c.id == wanted.gift, row.c.stock > 0, row.c.open)
        .values(stock=row.c.stock - 1)
        .returning(row.c.points, row.c.per_member)
    ).one_or_none()
    if taken is None:
        raise _missing(session, wanted.gift)
    if taken.per_member and _had(session, wanted) >= taken.per_member:
        raise Refused("per_member", f"a member may have {taken.per_member} of this gift")
    pick = Pick(today=wanted.today)
    has = lots.spendable(session, account, pick)
    if has < taken.points:
        raise Refused(INSUFFICIENT, f"{taken.points - has} points too few")
    parts, _ = lots.take(session, account, taken.points, pick)
    journal = Journal(
        cause=wanted.id, purpose=ORDER, at_ms=wanted.at_ms, store=wanted.store, member=wanted.member,
        legs=(Leg(account, -taken.points), Leg(AccountKey(POINTS_SPENT, wanted.store, POINTS), taken.points)),
    )  # fmt: skip
    post(session, commit_no, [journal])
    lots.used(session, journal.key, parts, wanted.store)
    session.add(
        GiftOrder(
            id=wanted.id, gift_id=wanted.gift, member_id=wanted.member, points=taken.points, store_id=wanted.store,
            state="ordered", at_ms=wanted.at_ms,
        )
    )  # fmt: skip
    session.flush()
    return {"gift": wanted.gift, "points": taken.points}


def cancel(session: Session, commit_no: int, order_id: UUID, *, cause: UUID, at_ms: int) -> None:
    """Cancel an order that was not fetched: the gift is there again, the points are back in their own lots. Once."""
    row = session.get(GiftOrder, order_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no order {order_id}")
    if row.state == CANCELLED:
        return
    if row.state != "ordered":
        raise Refused("fetched", f"order {order_id} is {row.state}")
    undo = Undo(cause=cause, purpose="undo_gift", of=(order_id, ORDER), at_ms=at_ms, store=row.store_id)
    reverse(session, commit_no, undo)
    gift = table_of(Gift)
    session.execute(update(gift).where(gift.c.id == row.gift_id).values(stock=gift.c.stock + 1))
    row.state = CANCELLED
    session.add(row)
    session.flush()


def _had(session: Session, wanted: Order) -> int:
    row = table_of(GiftOrder)
    query = select(func.count()).where(
        row.c.gift_id == wanted.gift, row.c.member_id == wanted.member, row.c.state != CANCELLED
    )
    return int(session.execute(query).scalar_one())


def _missing(session: Session, gift: str) -> Refused:
    row = session.get(Gift, gift, populate_existing=True)
    if row is None:
        return Refused("gift_unknown", f"there is no gift {gift!r}")
    if not row.open:
        return Refused("gift_closed", f"gift {gift} is not given any more")
    return Refused("sold_out", f"there is none of {gift} left")
