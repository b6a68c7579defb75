"""The coupon promotions that price books have, now or staged: what a batch can stand for, in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func
from sqlmodel import Session, col, select

from cloud.org.models import Store
from cloud.prices.books import StoreBooks
from cloud.prices.timeline import live_entries
from cloud.promotions.naming import names_for
from cloud.promotions.saying_who import Called
from cloud.promotions.sentence import sentence
from shared.pricing.kinds.coupon_off import CouponOff
from shared.pricing.promotion import Money
from shared.web.words import Language

Words = Mapping[Language, str]
_MOST_STORES = 50
"""Books of more stores are not looked through for a choice; the id can be typed all the same."""


def coupon_promotions(session: Session, now_ms: int, exponent: int) -> dict[str, Words]:
    """Return the sentences of the promotions a coupon can stand for, by id. `now_ms` is business time."""
    zones = select(func.min(col(Store.id))).group_by(col(Store.price_zone)).order_by(func.min(col(Store.id)))
    stores = list(session.exec(zones.limit(_MOST_STORES)))
    books = StoreBooks()
    found: dict[str, CouponOff] = {}
    for store, entries in live_entries(session, stores, now_ms).items():
        for version in sorted({entry.version for entry in entries}):
            book = books.book(session, store, version)
            for listed in book.promotions().listed if book else ():
                if isinstance(listed.promotion, CouponOff) and not listed.promotion.code:
                    found[listed.promotion.promotion] = listed.promotion
    called = names_for(session, found.values())
    return {id_: _said(one, exponent, called) for id_, one in sorted(found.items())}


def _said(promotion: CouponOff, exponent: int, called: Called) -> Words:
    said = sentence(promotion, Money(exponent), called)
    names = promotion.names
    colons: Mapping[Language, str] = {"en": ": ", "zh": "："}
    return {
        language: f"{names[language]}{colon}{said[language]}" if names.get(language) else said[language]
        for language, colon in colons.items()
    }
