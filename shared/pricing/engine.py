"""Price a basket: same lines, same book, same context, same answer, whatever the order of scanning."""

from __future__ import annotations

from collections.abc import Sequence

from shared.pricing.candidate import Candidate
from shared.pricing.choosing import choose_best, choose_one, in_order, left_after, reason_of, stacking_of
from shared.pricing.concerned import Concerned, Group
from shared.pricing.context import PricingContext
from shared.pricing.effect import Effect, Miss
from shared.pricing.layers import paper_coupons as take_paper_coupons
from shared.pricing.model import BasketLine, Outcome, PaperCoupon, PricedBasket
from shared.pricing.outcomes import Outcomes
from shared.pricing.price_book import PriceBook
from shared.pricing.price_layer import settle_prices
from shared.pricing.promotion import Layer, Stacking
from shared.pricing.state import State, open_state, priced_lines

_LATER = (Layer.ITEM, Layer.SET, Layer.ORDER, Layer.COUPON, Layer.POINTS)


def price_basket(
    lines: Sequence[BasketLine],
    book: PriceBook,
    context: PricingContext,
    paper_coupons: Sequence[PaperCoupon] = (),
) -> PricedBasket:
    """Return the basket with a price and reasons for every line, and what became of every promotion concerned.

    Raise PriceMissing for an item without a price: the caller blocks the line and says so.
    """
    state = open_state(lines, book)
    concerned = Concerned(state, book.promotions(), context)
    outcomes = Outcomes(state)
    settle_prices(state, concerned, outcomes, member=context.member is not None)
    if concerned:
        concerned.close(state)
    for layer in _LATER:
        if layer is Layer.COUPON and paper_coupons:
            take_paper_coupons(state, paper_coupons)
        for group in concerned.groups(layer):
            _settle(layer, group, state, outcomes)
    for group in concerned.groups(Layer.REWARD):
        _settle(Layer.REWARD, group, state, outcomes)
    return _basket(state, outcomes.all(concerned))


def _basket(state: State, outcomes: list[Outcome]) -> PricedBasket:
    lines = priced_lines(state)
    total = sum([line.net_minor for line in lines])
    gross = sum([row.gross for row in state.rows])
    return PricedBasket(lines=lines, total_minor=total, saved_minor=gross - total, outcomes=outcomes)


def _settle(layer: Layer, group: Group, state: State, outcomes: Outcomes) -> None:
    """Decide one group on what the groups before it left, and take what it gives off the rows."""
    outcomes.next_group()
    open_: list[Candidate] = []
    for candidate in group:
        miss = candidate.short()
        if miss is None:
            open_.append(candidate)
        else:
            outcomes.missed(candidate, miss)
    if len(open_) == 1:
        effect = open_[0].effect()
        if isinstance(effect, Effect):
            outcomes.apply(open_[0], effect)
        else:
            outcomes.missed(open_[0], effect)
    elif open_:
        _settle_rivals(layer, open_, state, outcomes)


def _settle_rivals(layer: Layer, rivals: Sequence[Candidate], state: State, outcomes: Outcomes) -> None:
    stacking = stacking_of(rivals)
    if stacking is Stacking.STACK_ALL:
        _stack(layer, rivals, state, outcomes)
        return
    chosen = choose_one(rivals) if stacking is Stacking.EXCLUSIVE else choose_best(layer, rivals, state)
    winners = {id(candidate) for candidate, _ in chosen}
    left = left_after(state, chosen) if layer is Layer.ORDER else None  # a gift that another took is still to be had
    losers = [(rival, reason_of(rival.effect(left=left))) for rival in rivals if id(rival) not in winners]
    for candidate, effect in chosen:
        affordable = _affordable(layer, candidate, effect)
        if isinstance(affordable, Effect):
            outcomes.apply(candidate, affordable)
        else:
            losers.append((candidate, affordable))
    for rival, miss in losers:
        outcomes.missed(rival, miss)


def _affordable(layer: Layer, candidate: Candidate, effect: Effect) -> Effect | Miss:
    """Return what is left of an effect when those before it spent the points it was promised."""
    facts = candidate.portion.facts
    if effect.spent_points <= (facts.points_as_money if layer is Layer.POINTS else facts.points_left):
        return effect
    return candidate.effect() if layer is Layer.POINTS else Miss("too_few_points")


def _stack(layer: Layer, rivals: Sequence[Candidate], state: State, outcomes: Outcomes) -> None:
    """Apply all, each on what those before it left, its threshold too; a piece used up by a set is used up."""
    for candidate in in_order(rivals):
        effect = candidate.short() or candidate.effect()
        if not isinstance(effect, Effect):
            outcomes.missed(candidate, effect)
            continue
        outcomes.apply(candidate, effect)
        if layer is Layer.SET:
            for row, count in effect.used:
                state.left[row] -= count
    if layer is Layer.SET:
        state.left[:] = state.pieces
