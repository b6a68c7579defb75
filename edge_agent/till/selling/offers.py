"""Coupons' codes on a basket, and what the customer chose of promotions that let them.

A public code stands in the price book. Any other code is HQ's to give: it reserves the coupon for this basket, so that
no other till takes it meanwhile, and the sale uses it. A reservation that no sale uses ends by itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from uuid import UUID

from edge_agent.till import baskets, cards
from edge_agent.till.basket import Basket
from edge_agent.till.changes import CouponEntered, CouponPutBack, ItemsChosen
from edge_agent.till.desk import (
    MAX_COUPON_CHARACTERS,
    MAX_COUPONS,
    Desk,
    Refusal,
    adjusted,
    book_for,
    changeable,
    open_basket,
    total,
)
from edge_agent.till.selling.results import CouponTaken, OfferTaken, OfferView
from edge_agent.value import holds
from edge_agent.value.holds import Hold, Kind
from shared import coupon_code
from shared.pricing import Choice, Coupon, Outcome, Status
from shared.pricing.explain import explain
from shared.pricing.kinds import BuyWithPurchase
from shared.pricing.promotion import Promotion
from shared.wire.messages import AskCoupon, CouponReserved

MAX_CHOSEN = 100
_NOTHING_SAID = {"en": "nothing in the basket it is for", "zh": "没有适用的商品"}


def asked_of(db: sqlite3.Connection, desk: Desk, text: str) -> Coupon | AskCoupon:
    """Say what a code is: a public coupon of the basket's book, or one to ask HQ about."""
    basket = changeable(open_basket(db, desk))
    if cards.COUPONS in basket.blocks:
        raise Refusal("member_may_not_use_coupons")
    written = text.strip()
    if not (0 < len(written) <= MAX_COUPON_CHARACTERS and written.isprintable()):
        raise Refusal("coupon_code", written[:MAX_COUPON_CHARACTERS])
    public = book_for(db, desk, basket).promotions().coupon_for(written)
    code = written if public else coupon_code.read(written)
    if code is None:
        raise Refusal("coupon_misread", written)
    _require_room(basket, code)
    if public:
        return Coupon(code, public.id)
    shown = basket.card.member if basket.card else None
    return AskCoupon(
        basket=basket.id, code=code, till=desk.till, cashier=desk.cashier, member=shown.member if shown else None,
        sealed_card=shown.sealed_card if shown and not shown.member else None,
    )  # fmt: skip


def is_code(db: sqlite3.Connection, desk: Desk, text: str) -> bool:
    """Tell whether a text that is no item is a coupon's code: a public one of the book, or one with our check sign."""
    basket = baskets.load_open(db, desk.till)
    if basket is None or not basket.lines:
        return False
    written = text.strip()
    public = book_for(db, desk, basket).promotions().coupon_for(written)
    return public is not None or coupon_code.read(written) is not None


def reserved_as(answer: CouponReserved, asked: AskCoupon, question: UUID) -> Hold:
    """Return what HQ has set aside: the coupon, for the basket it was asked for, until then."""
    return Hold(
        question, asked.basket, asked.till, Kind.COUPON, 1, answer.valid_until_ms,
        member=asked.member, sealed_card=asked.sealed_card, code=answer.code,
    )  # fmt: skip


def put_on(db: sqlite3.Connection, desk: Desk, coupon: Coupon, reserved: Hold | None = None) -> CouponTaken:
    """Put a coupon on the open basket: on this one alone, where HQ reserved it for that."""
    now = changeable(open_basket(db, desk))
    if reserved is not None:
        if now.id != reserved.basket:
            raise Refusal("coupon_other_basket", coupon.code)
        if reserved.of_member and not cards.is_of(now, reserved.member, reserved.sealed_card):
            raise Refusal("member_changed", coupon.code)
        holds.keep(db, reserved)
    _require_room(now, coupon.code)
    baskets.add(db, now, CouponEntered(at_ms=desk.clocks.business.now_ms(), coupon=coupon))
    applied, says, total_minor = _came_of(db, desk, now, coupon.promotion, coupon.code)
    return CouponTaken(coupon.code, coupon.promotion, applied, says, total_minor)


def give_up(db: sqlite3.Connection, desk: Desk, reserved: Hold) -> None:
    """Let a reservation go at HQ that came to stand on no basket."""
    holds.drop(db, reserved, desk.clocks.machine.wall_ms())


def put_back(db: sqlite3.Connection, desk: Desk, code: str) -> CouponTaken:
    """Take a coupon's code off the basket again."""
    basket = changeable(open_basket(db, desk))
    coupon = basket.codes.get(code.strip()) or basket.codes.get(coupon_code.read(code) or "")
    if coupon is None:
        raise Refusal("coupon_not_here", code[:MAX_COUPON_CHARACTERS])
    for hold in holds.of_basket(db, basket.id):
        if hold.kind is Kind.COUPON and hold.code == coupon.code:
            holds.drop(db, hold, desk.clocks.machine.wall_ms())
    baskets.add(db, basket, CouponPutBack(at_ms=desk.clocks.business.now_ms(), code=coupon.code))
    return CouponTaken(
        code=coupon.code, promotion=coupon.promotion, applied=False, says={}, total_minor=total(db, desk, basket)
    )


def choose(db: sqlite3.Connection, desk: Desk, promotion: str, items: Sequence[str]) -> OfferTaken:
    """Note which items the customer chose of a promotion, in order; none takes the choice back."""
    basket = changeable(open_basket(db, desk))
    book = book_for(db, desk, basket)
    if promotion not in book.promotions().by_id:
        raise Refusal("offer_unknown", promotion[:64])
    wanted = list(dict.fromkeys(items))
    unknown = next((item for item in wanted if book.item(item) is None), None)
    if unknown is not None or len(wanted) > MAX_CHOSEN:
        raise Refusal("offer_items", (unknown or str(len(wanted)))[:64])
    at_ms = desk.clocks.business.now_ms()
    baskets.add(db, basket, ItemsChosen(at_ms=at_ms, choice=Choice(promotion, wanted)))
    applied, says, total_minor = _came_of(db, desk, basket, promotion)
    return OfferTaken(promotion, applied, says, total_minor)


def offers(db: sqlite3.Connection, desk: Desk) -> list[OfferView]:
    """Return what the customer of the open basket has earned and has yet to take or to choose."""
    basket = baskets.load_open(db, desk.till)
    if basket is None or not basket.lines:
        return []
    book = book_for(db, desk, basket)
    known, exponent = book.promotions().by_id, desk.settings().exponent
    found = []
    for one in adjusted(desk, basket, book).priced.outcomes:
        listed = known.get(one.promotion)
        if listed and waits_to_be_taken(one):
            choice = basket.chosen.get(one.promotion)
            says = explain(one, listed.promotion, exponent=exponent)
            chosen = tuple(choice.items) if choice else ()
            found.append(
                OfferView(
                    promotion=one.promotion,
                    kind=one.kind,
                    says=says,
                    gifts=tuple(one.gifts),
                    chosen=chosen,
                    names=listed.promotion.names,
                    terms=_terms(listed.promotion),
                )
            )
    return found


def _terms(promotion: Promotion) -> dict[str, tuple[int, int]]:
    """Return the price and points of what is not free."""
    if not isinstance(promotion, BuyWithPurchase):
        return {}
    return {offer.item: (offer.price_minor, offer.points) for offer in promotion.offers}


def waits_to_be_taken(outcome: Outcome) -> bool:
    """Tell whether the customer has earned something that they have yet to take or to choose."""
    return outcome.status is Status.OFFERED or (outcome.status is Status.APPLIED and bool(outcome.gifts))


def _require_room(basket: Basket, code: str) -> None:
    if code in basket.codes:
        raise Refusal("coupon_twice_here", code)
    if len(basket.codes) + len(basket.coupons) >= MAX_COUPONS:
        raise Refusal("coupons_full")


def _came_of(
    db: sqlite3.Connection, desk: Desk, basket: Basket, promotion: str, code: str = ""
) -> tuple[bool, dict[str, str], int]:
    """Return whether a promotion applies now, a line about it, and the total."""
    if not basket.lines:
        return False, _NOTHING_SAID, 0
    book = book_for(db, desk, basket)
    priced = adjusted(desk, basket, book).priced
    outcome = next((one for one in priced.outcomes if _is_about(one, promotion, code)), None)
    if outcome is None:
        return False, _NOTHING_SAID, priced.total_minor
    listed = book.promotions().by_id.get(promotion)
    says = explain(outcome, listed.promotion if listed else None, exponent=desk.settings().exponent)
    return outcome.status is Status.APPLIED, says, priced.total_minor


def _is_about(outcome: Outcome, promotion: str, code: str) -> bool:
    return outcome.coupon == code if code else outcome.promotion == promotion
