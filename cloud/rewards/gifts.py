"""Gifts for points: never more than a store has, paid from the member's own lots, cancelled back into them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlmodel import Session

from cloud import audit
from cloud.database.rowset import table_of
from cloud.errors import Conflict, Invalid, NotFound, Refused
from cloud.ledger import AccountKey, Journal, Leg, lots, post
from cloud.ledger.holding import INSUFFICIENT
from cloud.ledger.kinds import MEMBER_POINTS, POINTS, POINTS_SPENT
from cloud.ledger.locking import lock_balances
from cloud.ledger.lots import Pick
from cloud.ledger.requests import Answered, once
from cloud.ledger.reversing import Undo
from cloud.members import dirt, one_person
from cloud.members.reversals import reverse
from cloud.rewards import pickups
from cloud.rewards.models import Gift, GiftOrder, GiftStock
from cloud.rewards.pickups import RandomBits, Thing
from cloud.rewards.who import may_spend_points
from shared.ids import check_slug
from shared.web.phrases import Phrase

ORDER = "gift"
UNDO = "undo_gift"
ORDERED, FETCHED, CANCELLED = "ordered", pickups.FETCHED, "cancelled"
MOST_POINTS = 100_000_000
MOST_DAYS = 365
MOST_EACH = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGift:
    """What a gift is to be; see `cloud.rewards.models.Gift`."""

    id: str
    names: Mapping[str, str]
    points: int
    per_member: int = 0
    hold_days: int = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A member wants a gift, to be fetched at a store. `id` is made by whoever asks; `today` is that store's day."""

    id: UUID
    gift: str
    member: UUID
    store: str
    today: date
    at_ms: int
    till: str = ""
    cashier: str = ""


def create(session: Session, wanted: NewGift, *, actor: str, now_ms: int) -> Gift:
    """Offer a gift; stores have none of it yet. Raise Invalid, or Conflict where the id is taken."""
    try:
        check_slug(wanted.id, "a gift's id")
    except ValueError as error:
        raise Invalid(str(error)) from None
    _check(wanted)
    if session.get(Gift, wanted.id) is not None:
        raise Conflict(f"there is a gift {wanted.id!r} already")
    row = Gift(
        id=wanted.id, names=pickups.encoded(wanted.names), points=wanted.points, per_member=wanted.per_member,
        hold_days=wanted.hold_days, author=actor, made_ms=now_ms,
    )  # fmt: skip
    session.add(row)
    session.flush()
    audit.record(session, at_ms=now_ms, actor=actor, action="gift.create", subject=f"gift {wanted.id}")
    return row


def change(session: Session, wanted: NewGift, *, is_open: bool, actor: str, reason: str, now_ms: int) -> Gift:
    """Change what a gift is called, costs and how many one member may have, or close it. Orders keep their price."""
    _check(wanted)
    row = find(session, wanted.id, lock=True)
    before = f"{row.points} points, {'open' if row.open else 'closed'}"
    row.names, row.points = pickups.encoded(wanted.names), wanted.points
    row.per_member, row.hold_days, row.open = wanted.per_member, wanted.hold_days, is_open
    session.add(row)
    session.flush()
    detail = f"{before}; now {row.points} points, {'open' if row.open else 'closed'}"
    audit.record(
        session, at_ms=now_ms, actor=actor, action="gift.change", subject=f"gift {wanted.id}", reason=reason,
        detail=detail,
    )  # fmt: skip
    return row


def _check(wanted: NewGift) -> None:
    if not any(name.strip() for name in wanted.names.values()):
        raise Invalid(Phrase("names: say what the gift is called, in one language at least"))
    if not 1 <= wanted.points <= MOST_POINTS:
        raise Invalid(Phrase("points: a gift costs 1 to {most} points", most=MOST_POINTS))
    if not 0 <= wanted.per_member <= MOST_EACH:
        raise Invalid(Phrase("per_member: how many one member may have, up to {most}, 0 for no limit", most=MOST_EACH))
    if not 1 <= wanted.hold_days <= MOST_DAYS:
        raise Invalid(Phrase("hold_days: a reserved gift waits 1 to {most} days", most=MOST_DAYS))


def find(session: Session, gift: str, *, lock: bool = False) -> Gift:
    """Return a gift. Raise NotFound."""
    row = session.get(Gift, gift, with_for_update=lock or None, populate_existing=True)
    if row is None:
        raise NotFound(f"there is no gift {gift!r}")
    return row


def order(
    session: Session, commit_no: int, wanted: Order, *, now_ms: int, random_bits: RandomBits = secrets.randbits
) -> Answered:
    """Take a gift for points, once; it waits in the store behind the code of the answer (`gift`, `points`, `code`).

    Refused: `gift_unknown`, `gift_closed`, `sold_out` (in that store), `per_member`, `insufficient`,
    `points_blocked`, `member_<status>`.
    """

    def work() -> Mapping[str, Any]:
        return _order(session, commit_no, wanted, random_bits)

    content = {"gift": wanted.gift, "member": str(wanted.member), "store": wanted.store}
    return once(session, wanted.id, ORDER, content, work, now_ms=now_ms)


def _order(session: Session, commit_no: int, wanted: Order, random_bits: RandomBits) -> Mapping[str, Any]:
    may_spend_points(session, wanted.member)
    account = AccountKey(MEMBER_POINTS, str(wanted.member), POINTS)
    lock_balances(session, [account])
    gift = _open(session, wanted.gift)
    if gift.per_member and had(session, wanted.gift, wanted.member) >= gift.per_member:
        raise Refused("per_member", f"a member may have {gift.per_member} of this gift")
    stock = table_of(GiftStock)
    mine = (stock.c.gift_id == wanted.gift, stock.c.store_id == wanted.store, stock.c.left > 0)
    taken = session.execute(update(stock).where(*mine).values(left=stock.c.left - 1).returning(stock.c.left))
    if taken.one_or_none() is None:
        raise Refused("sold_out", f"store {wanted.store} has none of {wanted.gift} left")
    _pay(session, commit_no, wanted, account, gift.points)
    row = GiftOrder(
        id=wanted.id, gift_id=wanted.gift, member_id=wanted.member, points=gift.points, store_id=wanted.store,
        state=ORDERED, at_ms=wanted.at_ms,
    )  # fmt: skip
    session.add(row)
    session.flush()
    until = wanted.today + timedelta(days=gift.hold_days)
    thing = Thing(
        kind=pickups.GIFT, subject=wanted.id, what=wanted.gift, names=pickups.decoded(gift.names),
        member=wanted.member, store=wanted.store, until=until,
    )  # fmt: skip
    code = pickups.put_aside(session, thing, random_bits, at_ms=wanted.at_ms)
    dirt.note(session, commit_no, [(wanted.member, dirt.HEAD_OFFICE, 0)])
    return {"gift": wanted.gift, "points": gift.points, "code": code, "until": until.isoformat()}


def _open(session: Session, gift: str) -> Gift:
    row = session.get(Gift, gift, populate_existing=True)
    if row is None:
        raise Refused("gift_unknown", f"there is no gift {gift!r}")
    if not row.open:
        raise Refused("gift_closed", f"gift {gift} is not given any more")
    return row


def _pay(session: Session, commit_no: int, wanted: Order, account: AccountKey, points: int) -> None:
    pick = Pick(today=wanted.today)
    has = lots.spendable(session, account, pick)
    if has < points:
        raise Refused(INSUFFICIENT, f"{points - has} points too few")
    parts, _ = lots.take(session, account, points, pick)
    journal = Journal(
        cause=wanted.id, purpose=ORDER, at_ms=wanted.at_ms, store=wanted.store, till=wanted.till,
        cashier=wanted.cashier, member=wanted.member,
        legs=(Leg(account, -points), Leg(AccountKey(POINTS_SPENT, wanted.store, POINTS), points)),
    )  # fmt: skip
    post(session, commit_no, [journal])
    lots.used(session, journal.key, parts, wanted.store)


def cancel(session: Session, commit_no: int, order_id: UUID, *, cause: UUID, at_ms: int) -> None:
    """Cancel an order that was not fetched: the gift is there again, the points are back in their own lots. Once."""
    known = session.get(GiftOrder, order_id)
    if known is None:
        raise NotFound(f"there is no order {order_id}")
    waiting = pickups.end(session, order_id)
    row = session.get_one(GiftOrder, order_id, with_for_update=True, populate_existing=True)
    if row.state == CANCELLED:
        return
    if not waiting:
        raise Refused("fetched", f"order {order_id} is {row.state}")
    undo = Undo(cause=cause, purpose=UNDO, of=(order_id, ORDER), at_ms=at_ms, store=row.store_id)
    reverse(session, commit_no, undo)
    stock = table_of(GiftStock)
    mine = (stock.c.gift_id == row.gift_id, stock.c.store_id == row.store_id)
    session.execute(update(stock).where(*mine).values(left=stock.c.left + 1))
    row.state = CANCELLED
    session.add(row)
    dirt.note(session, commit_no, [(row.member_id, dirt.HEAD_OFFICE, 0)])
    session.flush()


def had(session: Session, gift: str, member: UUID) -> int:
    """Return how many of a gift a member has taken, under whichever of their ids; cancelled ones aside."""
    row = table_of(GiftOrder)
    ids = one_person.ids_of(session, [member])
    mine = (row.c.gift_id == gift, row.c.member_id.in_(sorted(ids)), row.c.state != CANCELLED)
    return int(session.execute(select(func.count()).where(*mine)).scalar_one())
