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
from cloud.prices.naming import name_of
from cloud.prices.timeline import in_force, live_entries
from cloud.promotions.naming import spoken_of
from cloud.promotions.saying_who import Called
from cloud.promotions.sentence import offer
from shared.pricing.promotion import Money
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
    gives: str
    """What it gives and on what; empty where the price book does not know it."""
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
    said = _said(session, member, {one.promotion for one in found}, now_ms, language) if found else {}
    return [
        CouponShown(
            code=one.code,
            title=said.get(one.promotion, ("", ""))[0],
            gives=said.get(one.promotion, ("", ""))[1],
            starts=one.starts,
            ends=one.ends,
            days_left=(one.ends - today).days,
            ready=one.starts <= today,
            in_use=one.state == RESERVED,
        )
        for one in found
    ]


def _said(
    session: Session, member: UUID, promotions: Collection[str], now_ms: int, language: Language
) -> Mapping[str, tuple[str, str]]:
    """Return (what it is called, what it gives) of promotions, by the book of the member's store."""
    row = session.get(Member, member)
    home = session.get(Store, row.home_store) if row is not None and row.home_store else None
    store = home or session.execute(select(Store).order_by(col(Store.id)).limit(1)).scalars().first()
    entry = in_force(live_entries(session, [store.id], now_ms)[store.id], now_ms) if store else None
    book = StoreBooks().book(session, store.id, entry.version) if store and entry else None
    if store is None or book is None:
        return {}
    names = promotion_words(book.promotions(), promotions)
    known = book.promotions().by_id
    offers = [known[one].promotion for one in promotions if one in known]
    items = book.items({item for promotion in offers for item in spoken_of(promotion)})

    def called(item: str, language: str) -> str:
        return name_of(items[item].names if item in items else {}, item, language)

    gives = {one.promotion: offer(one, Money(store.exponent), Called(item=called))[language] for one in offers}
    titles = {one: words.get(language) or next(iter(words.values())) for one, words in names.items()}
    return {one: (titles.get(one, ""), gives.get(one, "")) for one in promotions}
