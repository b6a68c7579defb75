"""What a till page or a customer's display shows of the open basket."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from edge_agent.till import attempts, baskets, cards
from edge_agent.till.basket import Basket
from edge_agent.till.desk import Desk, Refusal, adjusted, book_for, total
from edge_agent.till.membership import promise
from edge_agent.till.membership.points import POINTS_KIND
from edge_agent.till.ports import TillBook
from edge_agent.till.results import BasketView, CouponOn, HeldLine, MemberAttached, Waiting
from edge_agent.till.selling import offers
from edge_agent.till.selling.amending import cash_rounding
from shared.adjustments import Adjusted
from shared.loyalty import Promise
from shared.pricing import Item, PricedBasket, Status
from shared.pricing.explain import explain, near_miss
from shared.pricing.promotion import Money

_NOTES: tuple[int, ...] = (10_000, 5_000, 2_000, 1_000, 500, 100)
_KEYS = 4
_COINS_TO = 200
"""A coin or note is rounded up to for amounts of up to so many times its worth."""
_HINTS = 2
_NOTHING = Adjusted(priced=PricedBasket(lines=[], total_minor=0, saved_minor=0), adjustments=[])


def view(db: sqlite3.Connection, desk: Desk) -> BasketView | None:
    """Return the open basket with prices, reasons and names; None when none is open."""
    basket = baskets.load_open(db, desk.till)
    if basket is None:
        return None
    book = book_for(db, desk, basket) if basket.lines else None
    now = adjusted(desk, basket, book) if book else _NOTHING
    priced = now.priced
    member = _member(basket, priced.total_minor)
    items = _items(book, basket) if book else {}
    due = priced.total_minor - basket.paid_minor
    cash_due = due - cash_rounding(desk, basket, priced.total_minor)
    brings = _brings(db, desk, basket, book, priced) if book else None
    return BasketView(
        basket=basket.id,
        version=basket.version,
        priced=priced,
        names={n: item.names for n, item in items.items()},
        member=member,
        paid_minor=basket.paid_minor,
        steps=basket.steps,
        tenders=tuple(basket.tenders),
        adjustments=tuple(now.adjustments),
        deposit_of={line.n: line.deposit_of for line in basket.lines if line.deposit_of is not None},
        cash_due_minor=cash_due,
        quick_cash=quick_cash(cash_due, desk.policies.denominations or _NOTES),
        waiting=tuple(waiting(db, desk)),
        practice=desk.stand.practice,
        hints=_hints(priced, book, desk.settings().exponent) if book else (),
        coupons=_coupons(basket, book, priced, desk.settings().exponent),
        to_choose=sum(offers.waits_to_be_taken(one) and one.promotion not in basket.chosen for one in priced.outcomes),
        points=sum(one.spent_points for one in priced.outcomes if one.status is Status.APPLIED),
        points_minor=sum(one.minor for one in priced.outcomes if one.kind == POINTS_KIND),
        brings_points=None if brings is None else brings.points,
        no_points_by=() if brings is None else brings.not_by,
        categories={n: item.category for n, item in items.items() if item.category},
    )


def _member(basket: Basket, total_minor: int) -> MemberAttached | None:
    """Return what is shown of the basket's member, None without one."""
    if basket.card is None:
        return None
    return cards.attached(basket.card, basket.id, total_minor, named=basket.named, refused=basket.card_refused)


def _brings(db: sqlite3.Connection, desk: Desk, basket: Basket, book: TillBook, priced: PricedBasket) -> Promise | None:
    """Return the points the basket would bring, paid now."""
    now = desk.clocks.business.now_ms()
    return promise.of_basket(db, desk, basket, book, priced=priced, tenders=basket.tenders, at_ms=now)


def _coupons(basket: Basket, book: TillBook | None, priced: PricedBasket, exponent: int) -> tuple[CouponOn, ...]:
    """Return the coupons that were entered; of those that take nothing off, why: another may save more."""
    known = book.promotions().by_id if book and basket.codes else {}
    became = {one.coupon: one for one in priced.outcomes if one.coupon}
    found = []
    for code, coupon in basket.codes.items():
        promotion = known[coupon.promotion].promotion if coupon.promotion in known else None
        outcome = became.get(code)
        idle = outcome is not None and outcome.status is not Status.APPLIED
        why_not = explain(outcome, promotion, exponent=exponent) if outcome and idle else {}
        found.append(CouponOn(code, promotion.names if promotion else {}, why_not))
    return tuple(found)


def _hints(priced: PricedBasket, book: TillBook, exponent: int) -> tuple[dict[str, str], ...]:
    """Return what little is missing for how much, in words by language, the smallest step first.

    What is not for everything says by its name what it is for.
    """
    near = [one for one in priced.outcomes if one.status is Status.NEAR and (one.missing_minor or one.missing_quantity)]
    near.sort(key=lambda one: (one.missing_quantity, one.missing_minor))
    known = book.promotions().by_id if near else {}
    listed = [(one, known[one.promotion].promotion) for one in near[:_HINTS] if one.promotion in known]
    return tuple(
        explain(one, promotion, exponent=exponent)
        if one.missing_quantity or promotion.BY_PIECE or not promotion.scope.everything
        else near_miss(one, promotion, Money(exponent))
        for one, promotion in listed
    )


def waiting(db: sqlite3.Connection, desk: Desk) -> list[Waiting]:
    """Return the money that somebody outside was asked for and nobody knows of yet, payments and refunds."""
    return [
        Waiting(one.id, one.method, one.minor, one.at_ms, bool(one.pays_back), one.basket)
        for one in attempts.unresolved(db, desk.till)
    ]


def held_line(db: sqlite3.Connection, desk: Desk, basket: Basket) -> HeldLine:
    """Return a held basket as a line of a list; one whose prices are gone shows no total."""
    try:
        worth = total(db, desk, basket)
    except Refusal:
        worth = 0
    to_measure = sum(not line.quantity for line in basket.lines)
    return HeldLine(basket.id, basket.name, basket.till, basket.opened_ms, len(basket.lines), worth, to_measure)


def quick_cash(due_minor: int, notes: Sequence[int]) -> tuple[int, ...]:
    """Return amounts that a customer is likely to hand over: what is due, then the next multiples of larger notes.

    Coins far below what is due are left out: nobody adds one jiao to four hundred yuan.

    >>> quick_cash(12840, (10000, 5000, 2000, 1000))
    (12840, 13000, 14000, 15000)
    """
    if due_minor <= 0:
        return ()
    rounded = {-(-due_minor // note) * note for note in notes if note > 1 and note * _COINS_TO >= due_minor}
    return (due_minor, *sorted(rounded - {due_minor})[: _KEYS - 1])


def _items(book: TillBook, basket: Basket) -> dict[int, Item]:
    found = {line.n: book.item(line.item) for line in basket.lines}
    return {n: item for n, item in found.items() if item}
