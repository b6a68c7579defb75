"""Coupons counted against the books: how many can be used, how many each store took, how many each batch has given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlmodel import Session

from cloud.coupons.models import ISSUED, PUBLIC, RESERVED, USED, Coupon, CouponBatch
from cloud.database.rowset import table_of
from cloud.ledger.kinds import COUPONS_OPEN, COUPONS_USED
from cloud.ledger.models import Account, Posting


def coupons_off(session: Session) -> Mapping[str, int]:
    """Return what differs: open coupons of a batch, used ones of a store, given ones of a batch; and by how many."""
    off: Counter[str] = Counter()
    coupon, batch = table_of(Coupon), table_of(CouponBatch)
    count = func.count()
    # Uses of a public code are not open before: they come straight from what may be issued.
    open_ = select(coupon.c.batch, count).join(batch, batch.c.id == coupon.c.batch)
    open_ = open_.where(coupon.c.state.in_((ISSUED, RESERVED)), batch.c.kind != PUBLIC).group_by(coupon.c.batch)
    used = select(coupon.c.used_store, count).where(coupon.c.state == USED).group_by(coupon.c.used_store)
    for what, kind, query in (("open", COUPONS_OPEN, open_), ("used", COUPONS_USED, used)):
        for owner, counted in session.execute(query):
            off[f"coupons_{what}:{owner}"] += int(counted)
        for owner, total in _booked(session, kind).items():
            off[f"coupons_{what}:{owner}"] -= total
    given = select(coupon.c.batch, count).group_by(coupon.c.batch)
    for name, counted in session.execute(given):
        off[f"coupons_given:{name}"] += int(counted)
    for row in session.execute(select(batch.c.id, batch.c.taken)):
        off[f"coupons_given:{row.id}"] -= row.taken
    return {what: many for what, many in off.items() if many}


def _booked(session: Session, kind: str) -> Mapping[str, int]:
    """Return what all accounts of a kind come to, by whose they are."""
    account, posting = table_of(Account), table_of(Posting)
    query = select(account.c.owner, func.sum(posting.c.amount)).join(posting, posting.c.account_id == account.c.id)
    return {
        owner: int(total)
        for owner, total in session.execute(query.where(account.c.kind == kind).group_by(account.c.owner))
    }
