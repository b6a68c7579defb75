"""Layer 1 with promotions in it: prices of the rows' own and of promotions meet, each piece gets the lowest."""

from __future__ import annotations

from shared.pricing.concerned import Concerned
from shared.pricing.effect import MANY, NOT_ENOUGH, Miss
from shared.pricing.index import Listed
from shared.pricing.outcomes import Outcomes
from shared.pricing.prices import Given, Offered, lowest_prices
from shared.pricing.promotion import PricePromotion
from shared.pricing.state import State


def settle_prices(state: State, concerned: Concerned, outcomes: Outcomes, *, member: bool) -> None:
    """Give every row the lowest price its customer is eligible for."""
    if not member and not concerned.priced:
        return
    offers: dict[int, list[Offered]] = {}
    listed_by: dict[str, Listed] = {}
    for listed, rows, need_rows, budget in concerned.priced:
        promotion = listed.promotion
        unit = promotion.unit_price(concerned.tier) if isinstance(promotion, PricePromotion) else None
        if unit is None or not isinstance(promotion, PricePromotion):
            outcomes.refused(listed, "not_this_tier")
            continue
        miss = _short(state, need_rows, promotion)
        if miss is not None:
            outcomes.short(listed, miss)
            continue
        most = budget.most if promotion.most_pieces is None else min(budget.most, promotion.most_pieces)
        offered = Offered(
            unit, listed.id, listed.kind, promotion.payers, (*listed.order, listed.id), min(most, MANY), budget.money,
            promotion.exclusive,
        )  # fmt: skip
        listed_by[listed.id] = listed
        for row in rows:
            offers.setdefault(row, []).append(offered)
    _note(lowest_prices(state, offers, member=member), listed_by, outcomes)


def _short(state: State, rows: list[int], promotion: PricePromotion) -> Miss | None:
    """Return what a price's own threshold lacks; in this layer the running total is the original price."""
    need = promotion.need
    pieces, spent = sum([state.pieces[row] for row in rows]), sum([state.net[row] for row in rows])
    if pieces < need.quantity:
        return Miss(NOT_ENOUGH, missing_quantity=need.quantity - pieces, near=2 * pieces >= need.quantity)
    if spent < need.spend_minor:
        return Miss(NOT_ENOUGH, missing_minor=need.spend_minor - spent, near=2 * spent >= need.spend_minor)
    return None


def _note(given: list[Given], listed_by: dict[str, Listed], outcomes: Outcomes) -> None:
    by_source: dict[str, list[Given]] = {}
    for one in given:
        by_source.setdefault(one.offered.source, []).append(one)
    for source, listed in listed_by.items():
        if source in by_source:
            outcomes.priced(listed, by_source[source])
        else:
            outcomes.refused(listed, "beaten")
