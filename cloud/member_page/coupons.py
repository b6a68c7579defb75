"""A member's coupons by what ends first, called what the price book of their store calls the promotion."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session, col

from cloud.coupons.models import ISSUED, RESERVED, Coupon, CouponBatch
from cloud.database.rowset import table_of
from cloud.members.models import Member
from cloud.org.models import Store
from cloud.prices.books import StoreBooks
from cloud.prices.timeline import in_force, live_entries
from shared.receipt.facts import promotion_words
from shared.web.words import Language

MOST = 100
"""Nobody reads more; what ends first is among them."""


@dataclass(frozen=True, slots=True)
class CouponShown:
    """A coupon that can be used, or will be from its first day on."""

    code: str
    title: str
    """Empty where the price book has no name for it."""
    starts: date
    ends: date
    days_left: int
    ready: bool
    in_use: bool
    """A till has set it aside for a basket at this moment."""

    @property
    def spaced(self) -> str:
        """Return the code as it is read aloud."""
        return " ".join(self.code[at : at + 4] for at in range(0, len(self.code), 4))


def coupons_of(session: Session, member: UUID, today: date, now_ms: int, language: Language) -> Sequence[CouponShown]:
    """Return a member's coupons that are not used and not over. `now_ms` is business time."""
    row, batch = table_of(Coupon), table_of(CouponBatch)
    query = (
        select(row.c.code, row.c.state, row.c.starts, row.c.ends, batch.c.promotion)
        .join(batch, batch.c.id == row.c.batch)
        .where(row.c.member_id == member, row.c.state.in_((ISSUED, RESERVED)), row.c.ends >= today)
        .order_by(row.c.ends, row.c.code)
        .limit(MOST)
    )
    found = session.execute(query).all()
    titles = _titles(session, member, {one.promotion for one in found}, now_ms, language) if found else {}
    return [
        CouponShown(
            code=one.code,
            title=titles.get(one.promotion, ""),
            starts=one.starts,
            ends=one.ends,
            days_left=(one.ends - today).days,
            ready=one.starts <= today,
            in_use=one.state == RESERVED,
        )
        for one in found
    ]


def _titles(
    session: Session, member: UUID, promotions: Collection[str], now_ms: int, language: Language
) -> Mapping[str, str]:
    row = session.get(Member, member)
    store = row.home_store if row is not None else None
    if store is None:
        store = session.execute(select(col(Store.id)).order_by(col(Store.id)).limit(1)).scalar_one_or_none()
    entry = in_force(live_entries(session, [store], now_ms)[store], now_ms) if store else None
    book = StoreBooks().book(session, store, entry.version) if store and entry else None
    if book is None:
        return {}
    names = promotion_words(book.promotions(), promotions)
    return {one: words.get(language) or next(iter(words.values())) for one, words in names.items()}
