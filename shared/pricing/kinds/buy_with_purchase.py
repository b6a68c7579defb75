"""换购 / 加价购: with a purchase, choose an item at a special price, for money or for points and money."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from shared.pricing.effect import NOTHING_LEFT, Effect, Miss, Portion, last_that, off_each_piece, take_in_order
from shared.pricing.model import Gift
from shared.pricing.promotion import Layer, Money, Promotion
from shared.pricing.scope import Scope
from shared.pricing.threshold import lacking


class Offer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One item at a price a piece, for so many points a piece beside."""

    item: str
    price_minor: int
    points: int = 0

    def __post_init__(self) -> None:
        if min(self.price_minor, self.points) < 0:
            raise ValueError("an offer's price and points are not negative")


class BuyWithPurchase(Promotion, frozen=True, kw_only=True, omit_defaults=True, tag="buy_with_purchase"):
    """Once `need` is met in the scope, up to `most_pieces` of the offers in the basket at their special price.

    Pieces bought this way do not count towards `need`. Those that save most come first, as far as the rest still
    meets `need`; what costs points only if the customer chose it (`PricingContext.choices`) and may spend them.

    | basket                   | offer                       | pays  | says            |
    |--------------------------|-----------------------------|-------|-----------------|
    | 60.00, oil 30.00         | from 50.00: oil at 19.90    | 79.90 |                 |
    | 60.00, 2 x oil 30.00     | from 50.00: one oil at 19.90| 109.90|                 |
    | 60.00                    | from 50.00: oil at 19.90    | 60.00 | choose an item  |
    | 30.00, oil 30.00         | from 50.00: oil at 19.90    | 60.00 | 20.00 more      |
    """

    LAYER: ClassVar[Layer] = Layer.ORDER
    FAMILY: ClassVar[str] = "exchange"
    BY_PIECE: ClassVar[bool] = True

    offers: list[Offer]
    most_pieces: int = 1

    def check(self) -> None:
        """Refuse offers that are none."""
        if not self.offers or self.most_pieces < 1:
            raise ValueError("at least one offer, at least 1 piece")
        if len({offer.item for offer in self.offers}) != len(self.offers):
            raise ValueError("an item is offered once")

    def scopes(self) -> list[Scope]:
        """Return what counts, then the offers."""
        return [self.scope, Scope(items=[offer.item for offer in self.offers])]

    def effect(self, portion: Portion) -> Effect | Miss:
        """Bring the pieces that save most to their offer's price."""
        candidates = self._candidates(portion)
        taken, points = self._taken(portion, candidates)
        if not taken:
            return self._none(portion)
        effect = off_each_piece(portion, taken)
        if points and isinstance(effect, Effect) and effect.saving < sum([saving for _, saving, _ in effect.bears]):
            # Points buy the offered price or nothing: a floor or a budget that keeps part of it back ends the exchange.
            refused = Miss("floor" if effect.withheld else "budget_used")
            taken, points = self._taken(portion, [found for found in candidates if not found[2].points])
            effect = off_each_piece(portion, taken) if taken else refused
        if isinstance(effect, Effect):
            effect.spent_points = points
        return effect

    def _taken(
        self, portion: Portion, candidates: Sequence[tuple[int, int, Offer]]
    ) -> tuple[list[tuple[int, int, int]], int]:
        """Return the pieces taken, as (row, pieces, price of one), and the points they cost."""
        taken: list[tuple[int, int, int]] = []
        free, points = min(self.most_pieces, portion.most), 0
        for _, row, offer in candidates:
            count = min(free, portion.left[row])
            if offer.points:
                count = min(count, (portion.facts.points_left - points) // offer.points)
            count = self._allowed(portion, taken, row, count)
            if count:
                taken.append((row, count, offer.price_minor))
                free -= count
                points += count * offer.points
        return taken, points

    def _allowed(self, portion: Portion, taken: list[tuple[int, int, int]], row: int, most: int) -> int:
        """Return how many pieces more may be taken so that the rest of the basket still meets the threshold."""
        before = [(other, count) for other, count, _ in taken]
        return last_that(lambda count: lacking(portion, self, [*before, (row, count)]) is None, most)

    def _candidates(self, portion: Portion) -> list[tuple[int, int, Offer]]:
        """Return (saving of a piece, row, offer) of what may be bought this way, what saves most first."""
        chosen, state = portion.chosen(), portion.state
        by_item = {offer.item: offer for offer in self.offers}
        found = []
        for row in portion.others[0]:
            offer = by_item[state.rows[row].item.item]
            if not portion.left[row] or (offer.points and offer.item not in chosen):
                continue
            saving = state.net[row] // state.pieces[row] - offer.price_minor
            if saving > 0:
                found.append((saving, row, offer))
        return sorted(found, key=lambda one: (-one[0], one[1]))

    def _none(self, portion: Portion) -> Miss:
        rows = portion.state.rows
        here = {rows[row].item.item for row in portion.others[0] if portion.left[row]}
        if not here:
            return Miss("choose_item", gifts=[Gift(offer.item, 1) for offer in self.offers])
        if not any(offer.points for offer in self.offers):
            return Miss(NOTHING_LEFT)
        gifts = [Gift(offer.item, 1) for offer in self.offers if offer.points or offer.item not in here]
        return Miss("points_not_chosen", gifts=gifts)

    def aside(self, portion: Portion) -> list[tuple[int, int]]:
        """Set the exchanged pieces apart: they are not spent for. If none can be, the one that costs least would be."""
        candidates = self._candidates(portion)
        taken, _ = self._taken(portion, candidates)
        if taken or not candidates:
            return [(row, count) for row, count, _ in taken]
        return take_in_order(portion.left, portion.cheapest_first([row for _, row, _ in candidates]), 1)

    def face(self) -> int:
        """A lower price promises more."""
        return -min(offer.price_minor for offer in self.offers)

    def gives(self, money: Money) -> dict[str, str]:
        """Say the lowest price."""
        low = min(self.offers, key=lambda offer: offer.price_minor)
        beside = (f" and {low.points} points", f"加 {low.points} 积分") if low.points else ("", "")
        return {
            "en": f"a choice of items from {money(low.price_minor)}{beside[0]}",
            "zh": f"{money(low.price_minor, short=True)} 元{beside[1]}换购",
        }
