"""Coupons for the next visit: given by the sale that promised them, over when everything it sold came back.

A card that was nobody's yet brings its member what its receipts had promised, as it brings their points. A coupon that
was used by the time the goods come back stays used: what it took off was given in good faith.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID, uuid5

from sqlalchemy import func, select, update
from sqlmodel import Session

from cloud.coupons.batches import RandomBits, give, open_account
from cloud.coupons.models import ISSUED, NEXT_VISIT, RESERVED, VOIDED, Coupon, CouponBatch
from cloud.database.rowset import table_of
from cloud.errors import Refused
from cloud.ledger import AccountKey, Journal, Leg, post
from cloud.ledger.kinds import COUPONS, COUPONS_ENDED
from cloud.sales.models import SaleLine, SaleReturnLine
from shared.pricing.record import PromotionUse

ENDED = "coupon_ended"
"""The purpose, with the code behind it, of the journal by which a return ends a coupon."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """A sale whose promotions promised coupons; day and time are the store's."""

    sale: UUID
    member: UUID
    store: str
    business_date: date
    at_ms: int
    uses: Iterable[PromotionUse]


def give_promised(session: Session, commit_no: int, bought: Bought, random_bits: RandomBits = secrets.randbits) -> None:
    """Give a member the coupons a sale promised, unless all of it came back; a batch full or over gives no more.

    They count from the day of the sale, whenever it becomes known whose it is. The caller sees to it that a sale gives
    once.
    """
    promised = [promotion for use in bought.uses for promotion in use.issues]
    if not promised or came_back_whole(session, bought.sale):
        return
    for n, promotion in enumerate(promised):
        batch = _batch_of(session, promotion, bought.business_date)
        if batch is None:
            continue
        try:
            with session.begin_nested():
                give(
                    session, commit_no, batch, [bought.member], random_bits, cause=uuid5(bought.sale, f"coupon {n}"),
                    today=bought.business_date, at_ms=bought.at_ms, store=bought.store, sale=bought.sale,
                )  # fmt: skip
        except Refused:
            continue


def _batch_of(session: Session, promotion: str, day: date) -> str | None:
    """Return the newest batch that is not over on the day: a coupon of another could never be used."""
    batch = table_of(CouponBatch)
    open_ = (batch.c.promotion == promotion, batch.c.kind == NEXT_VISIT, ~batch.c.closed, batch.c.ends >= day)
    query = select(batch.c.id).where(*open_)
    return session.execute(query.order_by(batch.c.made_ms.desc(), batch.c.id).limit(1)).scalar_one_or_none()


def end_unused(session: Session, commit_no: int, sale: UUID, *, cause: UUID, store: str, day: date, at_ms: int) -> None:
    """End the coupons of a sale of which everything came back, under the return's id, on its store's business day.

    One that a till has set aside at this moment may still be used there, and nowhere else after.
    """
    coupon = table_of(Coupon)
    given = coupon.c.given_sale == sale
    # Row by row in one order: two returns of one sale follow each other, a till that reserves one is seen or waits.
    held = select(coupon.c.code).where(given, coupon.c.state.in_((ISSUED, RESERVED))).order_by(coupon.c.code)
    if not session.execute(held.with_for_update()).all():
        return
    over = update(coupon).where(given, coupon.c.state == RESERVED, coupon.c.ends >= day)
    session.execute(over.values(ends=day - timedelta(days=1)))
    gone = update(coupon).where(given, coupon.c.state == ISSUED).values(state=VOIDED)
    ended = session.execute(gone.returning(coupon.c.code, coupon.c.batch)).all()
    session.expire_all()
    journals = [
        Journal(
            cause=cause, purpose=f"{ENDED}:{row.code}"[:32], at_ms=at_ms, store=store,
            legs=(Leg(open_account(row.batch), -1), Leg(AccountKey(COUPONS_ENDED, row.batch, COUPONS), 1)),
        )
        for row in sorted(ended)
    ]  # fmt: skip
    post(session, commit_no, journals)


def came_back_whole(session: Session, sale: UUID) -> bool:
    """Tell whether every piece that a sale sold has come back."""
    line, returned = table_of(SaleLine), table_of(SaleReturnLine)
    sold = session.execute(select(func.sum(line.c.quantity)).where(line.c.sale_id == sale)).scalar_one()
    came = session.execute(
        select(func.sum(returned.c.quantity)).where(returned.c.original_sale_id == sale)
    ).scalar_one()
    return bool(sold == came)
