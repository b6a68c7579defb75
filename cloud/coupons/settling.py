"""What sales and returns do to coupons, in the transaction that takes them in; and reservations that nobody used."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import uuid5

from sqlalchemy import func, select
from sqlmodel import Session

from cloud.coupons import using
from cloud.coupons.batches import RandomBits, give
from cloud.coupons.models import NEXT_VISIT, RESERVED, Coupon, CouponBatch
from cloud.database.rowset import table_of
from cloud.errors import Refused
from cloud.sales.models import Sale, SaleLine, SaleReturnLine
from cloud.value.spending import Posted
from cloud.value.timing_out import GRACE_MS, heard_until
from shared import coupon_code
from shared.money import allocate
from shared.wire.events import SaleCompleted, SaleReturned


def settle_sales(
    session: Session, posted: Posted, sales: Sequence[SaleCompleted], random_bits: RandomBits = secrets.randbits
) -> None:
    """Use the coupons of new sales, release what their baskets had reserved besides, give those for the next visit."""
    for sale in sales:
        entered = sale.pricing.coupons if sale.pricing else []
        if entered:
            _use(session, posted, sale)
        if any(use.issues for use in sale.promotions):
            _give(session, posted, sale, random_bits)


def _use(session: Session, posted: Posted, sale: SaleCompleted) -> None:
    # A public code of a price book is nobody's in particular: there is no coupon to use, and nothing was reserved.
    entered = {use.coupon for use in sale.promotions if use.coupon}
    codes = sorted(code for code in entered if coupon_code.read(code))
    off = _taken_off(sale)
    for code in codes:
        wanted = using.Use(
            code=code, sale=sale.id, store=sale.store, at_ms=sale.at_ms, till=sale.till, cashier=sale.cashier,
            receipt=f"{sale.receipt.series}-{sale.receipt.number}", off_minor=off[code],
        )  # fmt: skip
        using.use(session, posted.commit_no, wanted)
    using.release(session, sale.id)


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


def _give(session: Session, posted: Posted, sale: SaleCompleted, random_bits: RandomBits) -> None:
    """Give a member the coupons that a sale's promotions promised; a batch that is full gives no more."""
    row = table_of(Sale)
    member = session.execute(select(row.c.member_id).where(row.c.id == sale.id)).scalar_one_or_none()
    if member is None:
        return
    batch = table_of(CouponBatch)
    promised = [promotion for use in sale.promotions for promotion in use.issues]
    for n, promotion in enumerate(promised):
        found = session.execute(
            select(batch.c.id)
            .where(batch.c.promotion == promotion, batch.c.kind == NEXT_VISIT, ~batch.c.closed)
            .order_by(batch.c.made_ms.desc(), batch.c.id)
            .limit(1)
        ).scalar_one_or_none()
        if found is None:
            continue
        try:
            with session.begin_nested():
                give(
                    session, posted.commit_no, found, [member], random_bits, cause=uuid5(sale.id, f"coupon {n}"),
                    today=date.fromisoformat(sale.business_date), at_ms=sale.at_ms, store=sale.store,
                )  # fmt: skip
        except Refused:
            continue


def settle_returns(session: Session, posted: Posted, returns: Sequence[SaleReturned]) -> None:
    """Let coupons of sales that came back whole be used again, where their batches say so."""
    coupon, sale = table_of(Coupon), table_of(Sale)
    originals = sorted({back.original for back in returns})
    used = set(
        session.execute(
            select(coupon.c.used_sale).where(coupon.c.used_sale.in_(originals)).distinct()
        ).scalars()
    ) if originals else set()  # fmt: skip
    for back in returns:
        if back.original in used and _all_back(session, back):
            store = session.execute(select(sale.c.store_id).where(sale.c.id == back.original)).scalar_one()
            using.give_back(session, posted.commit_no, back.original, cause=back.id, store=store, at_ms=back.at_ms)


def _all_back(session: Session, back: SaleReturned) -> bool:
    line, returned = table_of(SaleLine), table_of(SaleReturnLine)
    sold = session.execute(select(func.sum(line.c.quantity)).where(line.c.sale_id == back.original)).scalar_one()
    came = session.execute(
        select(func.sum(returned.c.quantity)).where(returned.c.original_sale_id == back.original)
    ).scalar_one()
    return bool(sold == came)


def free_lapsed(session: Session, now_ms: int) -> int:
    """Free reservations that have ended and whose agents have sent everything since. `now_ms` is HQ's wall time."""
    coupon = table_of(Coupon)
    rows = session.execute(
        select(coupon.c.code, coupon.c.agent_id, coupon.c.reserved_until_ms).where(
            coupon.c.state == RESERVED, coupon.c.reserved_until_ms < now_ms - GRACE_MS
        )
    ).all()
    heard = heard_until(session, {row.agent_id for row in rows})
    lapsed = [row.code for row in rows if heard.get(row.agent_id, 0) >= row.reserved_until_ms + GRACE_MS]
    return using.set_free(session, lapsed, RESERVED)
