"""Points as money: what a basket takes by the price book's own rule, found by asking the engine."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple
from uuid import UUID

import msgspec

from edge_agent.till import baskets, cards
from edge_agent.till.basket import Basket
from edge_agent.till.changes import PointsOffered, PointsPutBack
from edge_agent.till.desk import (
    Desk,
    Refusal,
    adjusted,
    book_for,
    changeable,
    open_basket,
    pricing_context,
    total,
)
from edge_agent.till.membership.results import PointsUsed, PointsView
from edge_agent.till.ports import TillBook
from edge_agent.value import holds
from edge_agent.value.spending import Wanted
from shared.pricing import Outcome, PointsOffer, PricedBasket, Status, price_basket
from shared.pricing.explain import explain
from shared.pricing.kinds.points_redemption import PointsRedemption
from shared.pricing.promotion import Money
from shared.value import POINTS

POINTS_KIND = "points_redemption"
"""The kind of promotion by which points pay."""


class Spending(NamedTuple):
    """What a basket would spend: points as money, everything in points, and what the points as money pay."""

    as_money: int
    in_all: int
    minor: int
    refused: Outcome | None = None


def payable(db: sqlite3.Connection, desk: Desk) -> Basket:
    """Return the basket if its member may spend points on it, or refuse."""
    basket = changeable(open_basket(db, desk))
    if desk.stand.practice:
        raise Refusal("practice_only")
    if not basket.lines:
        raise Refusal("basket_empty")
    if basket.card is None:
        raise Refusal("no_member_here")
    if cards.POINTS in basket.blocks:
        raise Refusal("member_may_not_use_points")
    return basket


def shown(db: sqlite3.Connection, desk: Desk, points: int, *, by_hq: bool) -> PointsView:
    """Say what of a member's `points` the basket takes, and for how much."""
    basket = payable(db, desk)
    book = book_for(db, desk, basket)
    most = would_spend(desk, basket, book, PointsOffer(points, points))
    rule = _rule(book, _priced(desk, basket, book, PointsOffer(points, points)))
    if rule is None:
        raise Refusal("points_not_offered", _why(most, book, desk))
    now = would_spend(desk, basket, book, basket.points)
    return PointsView(
        points=points,
        by_hq=by_hq,
        most_points=most.as_money,
        most_minor=most.minor,
        step_points=rule.step_points,
        cap_bp=rule.cap_bp,
        least_minor=rule.need.spend_minor,
        gives=rule.gives(Money(desk.settings().exponent)),
        using=now.as_money,
        using_minor=now.minor,
    )


def wanted(db: sqlite3.Connection, desk: Desk, as_money: int | None, hold: UUID) -> tuple[PointsOffer, Wanted] | None:
    """Return what has to be set aside so that the basket may spend so many points as money, and what is put on it.

    Without a number: as many as now, and what the chosen offers cost in points. None: nothing is missing.
    """
    basket = changeable(open_basket(db, desk)) if as_money is None else payable(db, desk)
    book = book_for(db, desk, basket)
    asked = (basket.points.as_money if basket.points else 0) if as_money is None else as_money
    spending = would_spend(desk, basket, book, PointsOffer(_PLENTY, asked))
    if as_money is not None and not spending.as_money:
        if _rule(book, _priced(desk, basket, book, PointsOffer(_PLENTY, asked))) is None:
            raise Refusal("points_not_offered", _why(spending, book, desk))
        raise Refusal("points_too_few", _why(spending, book, desk))
    held = basket.points.may_spend if basket.points else 0
    if as_money is None and spending.in_all <= held:
        return None
    card = payable(db, desk).card
    if card is None:
        raise Refusal("no_member_here")
    whose = card.member
    offer = PointsOffer(spending.in_all, spending.as_money)
    return offer, Wanted(
        id=hold, basket=basket.id, till=desk.till, unit=POINTS, amount=spending.in_all, cashier=desk.cashier,
        member=whose.member, sealed_card=None if whose.member else whose.sealed_card,
    )  # fmt: skip


_PLENTY = 1_000_000_000
"""More points than any basket spends: what is asked for is the limit then, and HQ says whether there are so many."""


def put_on(db: sqlite3.Connection, desk: Desk, offer: PointsOffer, wanted: Wanted, *, ahead: bool) -> PointsUsed:
    """Put points on the basket they were set aside for, in the place of those before."""
    basket = payable(db, desk)
    if basket.id != wanted.basket:
        raise Refusal("coupon_other_basket")
    if not cards.is_of(basket, wanted.member, wanted.sealed_card):
        raise Refusal("member_changed")
    let_go(db, desk, basket)
    baskets.add(db, basket, PointsOffered(at_ms=desk.clocks.business.now_ms(), offer=offer, hold=wanted.id))
    return _used(db, desk, basket, ahead=ahead)


def put_back(db: sqlite3.Connection, desk: Desk) -> PointsUsed:
    """Take points off the basket again."""
    basket = changeable(open_basket(db, desk))
    if basket.points is not None:
        let_go(db, desk, basket)
        baskets.add(db, basket, PointsPutBack(at_ms=desk.clocks.business.now_ms()))
    return PointsUsed(0, 0, total(db, desk, basket))


def now(db: sqlite3.Connection, desk: Desk) -> PointsUsed:
    """Say what points pay of the basket as it is."""
    return _used(db, desk, open_basket(db, desk), ahead=False)


def let_go(db: sqlite3.Connection, desk: Desk, basket: Basket) -> None:
    """Give up what is set aside for the points on a basket."""
    if basket.points_hold is not None:
        for hold in holds.of_attempt(db, basket.id, basket.points_hold):
            holds.drop(db, hold, desk.clocks.machine.wall_ms())


def would_spend(desk: Desk, basket: Basket, book: TillBook, offer: PointsOffer | None) -> Spending:
    """Return what a basket would spend if these points were on it."""
    if offer is None:
        return Spending(0, 0, 0)
    outcomes = _priced(desk, basket, book, offer).outcomes
    by_points = [one for one in outcomes if one.kind == POINTS_KIND]
    applied = [one for one in by_points if one.status is Status.APPLIED]
    return Spending(
        as_money=sum(one.spent_points for one in applied),
        in_all=sum(one.spent_points for one in outcomes if one.status is Status.APPLIED),
        minor=sum(one.minor for one in applied),
        refused=next((one for one in by_points if one.status is not Status.APPLIED), None),
    )


def _used(db: sqlite3.Connection, desk: Desk, basket: Basket, *, ahead: bool) -> PointsUsed:
    book = book_for(db, desk, basket)
    now = would_spend(desk, basket, book, basket.points)
    return PointsUsed(now.as_money, now.minor, adjusted(desk, basket, book).priced.total_minor, ahead)


def _priced(desk: Desk, basket: Basket, book: TillBook, offer: PointsOffer) -> PricedBasket:
    context = msgspec.structs.replace(pricing_context(desk, basket, book), points=offer)
    return price_basket([line.as_rung() for line in basket.lines], book, context, basket.coupons)


def _rule(book: TillBook, priced: PricedBasket) -> PointsRedemption | None:
    """Return the book's rule for points as money that has to do with this basket."""
    known = book.promotions().by_id
    for one in sorted(priced.outcomes, key=lambda one: one.status is not Status.APPLIED):
        listed = known.get(one.promotion)
        if listed is not None and isinstance(listed.promotion, PointsRedemption):
            return listed.promotion
    return None


def _why(spending: Spending, book: TillBook, desk: Desk) -> str:
    """Return why points pay nothing, as the engine says it, in both languages."""
    if spending.refused is None:
        return ""
    listed = book.promotions().by_id.get(spending.refused.promotion)
    says = explain(spending.refused, listed.promotion if listed else None, exponent=desk.settings().exponent)
    return f"{says['zh']} · {says['en']}"
