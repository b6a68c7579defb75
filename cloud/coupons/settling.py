"""What sales and returns do to coupons, in the transaction that takes them in; and reservations that nobody used."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Uuid, literal_column, select
from sqlmodel import Session

from cloud.coupons import next_visit, using
from cloud.coupons.batches import RandomBits
from cloud.coupons.models import RESERVED, Coupon
from cloud.database.commits import Commit
from cloud.database.rowset import rowset, table_of
from cloud.fleet.agents import GRACE_MS, heard_until
from cloud.sales.models import Sale
from shared import coupon_code
from shared.money import allocate
from shared.wire.events import SaleCompleted, SaleReturned


def settle_sales(
    session: Session, commit: Commit, sales: Sequence[SaleCompleted], random_bits: RandomBits = secrets.randbits
) -> None:
    """Use the coupons of new sales, release what their baskets had reserved besides, give those for the next visit."""
    for sale in sales:
        entered = sale.pricing.coupons if sale.pricing else []
        if entered:
            _use(session, commit, sale)
        if sale.promotions and any(use.issues for use in sale.promotions):
            _give(session, commit, sale, random_bits)
    for basket in _still_reserving(session, [sale.id for sale in sales]):
        using.release(session, basket)


def _still_reserving(session: Session, sales: Collection[UUID]) -> list[UUID]:
    """Return the sales that use nothing, or not all, of what was set aside for their baskets: put back, left over."""
    if not sales:
        return []
    coupon = table_of(Coupon)
    wanted = rowset(session, "baskets", {"id": Uuid()}, [(one,) for one in sales])
    # The state in so many words: the index of reservations is a partial one.
    reserved = coupon.c.state == literal_column(f"'{RESERVED}'")
    query = select(coupon.c.basket_id).join(wanted, wanted.c.id == coupon.c.basket_id).where(reserved)
    return sorted(set(session.execute(query).scalars()))


def _use(session: Session, commit: Commit, sale: SaleCompleted) -> None:
    # A public code of a price book is nobody's in particular: there is no coupon to use, and nothing was reserved.
    entered = {use.coupon for use in sale.promotions if use.coupon}
    codes = sorted(code for code in entered if coupon_code.read(code))
    off = _taken_off(sale)
    for code in codes:
        wanted = using.Use(
            code=code, sale=sale.id, store=sale.store, at_ms=sale.at_ms, till=sale.till, cashier=sale.cashier,
            receipt=f"{sale.receipt.series}-{sale.receipt.number}", off_minor=off[code],
        )  # fmt: skip
        using.use(session, commit.commit_no, wanted)


def _taken_off(sale: SaleCompleted) -> dict[str, int]:
    """Return what each coupon took off; several of one promotion share what that took off."""
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for use in sale.promotions:
        if use.coupon:
            codes[use.promotion].append(use.coupon)
    off: defaultdict[str, int] = defaultdict(int)
    for promotion, own in codes.items():
        taken = sum(one.minor for line in sale.lines for one in line.discounts if one.source == promotion)
        for code, part in zip(own, allocate(taken, [1] * len(own)), strict=True):
            off[code] += part
    return off


def _give(session: Session, commit: Commit, sale: SaleCompleted, random_bits: RandomBits) -> None:
    """Give what the sale's promotions promised; a card that is nobody's yet waits for its member (`attaching`)."""
    row = table_of(Sale)
    member = session.execute(select(row.c.member_id).where(row.c.id == sale.id)).scalar_one_or_none()
    if member is None:
        return
    bought = next_visit.Bought(
        sale=sale.id, member=member, store=sale.store, business_date=date.fromisoformat(sale.business_date),
        at_ms=sale.at_ms, uses=sale.promotions,
    )  # fmt: skip
    next_visit.give_promised(session, commit.commit_no, bought, random_bits)


def settle_returns(session: Session, commit: Commit, returns: Sequence[SaleReturned]) -> None:
    """Settle the coupons of sales that came back whole: used ones can be used again, where their batches say so.

    Those the sale had given for the next visit are over, unless they were used.
    """
    known = _with_coupons(session, {back.original for back in returns})
    for back in returns:
        store = known.get(back.original)
        if store is None or not next_visit.came_back_whole(session, back.original):
            continue
        using.give_back(session, commit.commit_no, back.original, cause=back.id, store=store, at_ms=back.at_ms)
        next_visit.end_unused(
            session, commit.commit_no, back.original, cause=back.id, store=store,
            day=date.fromisoformat(back.business_date), at_ms=back.at_ms,
        )  # fmt: skip


def _with_coupons(session: Session, sales: Collection[UUID]) -> dict[UUID, str]:
    """Return the stores of those sales that used or gave coupons."""
    if not sales:
        return {}
    coupon, sale, wanted = table_of(Coupon), table_of(Sale), sorted(sales)
    used = select(coupon.c.used_sale).where(coupon.c.used_sale.in_(wanted))
    given = select(coupon.c.given_sale).where(coupon.c.given_sale.in_(wanted))
    rows = session.execute(select(sale.c.id, sale.c.store_id).where(sale.c.id.in_(used.union(given))))
    return {row.id: row.store_id for row in rows}


def free_lapsed(session: Session, now_ms: int) -> int:
    """Free reservations that have ended and whose agents have sent everything since. `now_ms` is HQ's wall time."""
    coupon = table_of(Coupon)
    # Locked: a basket that asks again at this moment keeps its coupon for as long anew.
    rows = session.execute(
        select(coupon.c.code, coupon.c.agent_id, coupon.c.reserved_until_ms)
        .where(coupon.c.state == RESERVED, coupon.c.reserved_until_ms < now_ms - GRACE_MS)
        .order_by(coupon.c.code)
        .with_for_update(skip_locked=True)
    ).all()
    heard = heard_until(session, {row.agent_id for row in rows})
    lapsed = [row.code for row in rows if heard.get(row.agent_id, 0) >= row.reserved_until_ms + GRACE_MS]
    return using.set_free(session, lapsed, RESERVED)
