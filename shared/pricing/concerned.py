"""The promotions that concern a basket, by layer and group, those refused at the door among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from shared.money import share_bp
from shared.pricing.candidate import Candidate
from shared.pricing.context import Coupon, PricingContext
from shared.pricing.effect import MANY, Facts, capped
from shared.pricing.gate import Gate, Pass
from shared.pricing.index import Listed, Place, PromotionIndex
from shared.pricing.promotion import Layer
from shared.pricing.state import State

Group = list[Candidate]
_RANK = {"gift": 0, "exchange": 1}
"""Gifts and exchanges come before the order's own discounts, so that a threshold does not count what they give."""


class Refused:
    """A promotion that concerns the basket and is not on, and why."""

    __slots__ = ("coupon", "listed", "reason")

    def __init__(self, listed: Listed | None, reason: str, coupon: Coupon | None = None) -> None:
        self.listed = listed
        self.reason = reason
        self.coupon = coupon


class Concerned:
    """What the index finds for a basket's goods and coupons, asked at the gate."""

    def __init__(self, state: State, index: PromotionIndex, context: PricingContext) -> None:
        self.refused: list[Refused] = []
        self.priced: list[tuple[Listed, list[int], list[int], Pass]] = []
        """Prices, each with the rows that may have it, those its threshold looks at, and its budget."""
        self.tier = context.member.tier if context.member else ""
        self._groups: dict[Layer, dict[tuple[int, str, str], Group]] = {}
        if not len(index):
            self.refused += [Refused(None, "unknown_coupon", coupon) for coupon in context.coupons]
            return
        choices = {choice.promotion: choice.items for choice in context.choices}
        self._state, self._gate, self._context = state, Gate(context), context
        self._facts = Facts(self.tier, choices, context.points)
        self._coupons = self._entered(index)
        self._find(index)

    def __bool__(self) -> bool:
        return bool(self._groups or self.priced)

    def groups(self, layer: Layer) -> Iterator[Group]:
        """Yield the groups of a layer in their order: gifts, exchanges, the kinds' own, then named ones."""
        groups = self._groups.get(layer)
        if groups:
            for name in sorted(groups):
                yield groups[name]

    def close(self, state: State) -> None:
        """Take articles that an exclusive price closed out of every later layer."""
        closed = {row.index for row in state.rows if row.closed}
        if not closed:
            return
        for groups in self._groups.values():
            for group in groups.values():
                for candidate in group:
                    candidate.close(closed)

    def _find(self, index: PromotionIndex) -> None:
        places = self._places(index)
        none: list[int] = []
        for position in sorted({position for position, _ in places}):
            listed = index.listed[position]
            count = len(listed.scopes)
            scopes = (
                [places.get((position, number), none) for number in range(count)]
                if count > 1
                else [places[position, 0]]
            )
            if scopes[0] or listed.layer is Layer.SET:
                self._let_in(listed, scopes)
        for coupons in self._coupons.values():
            self.refused += [Refused(index.by_id[coupons[0].promotion], "nothing_in_scope", one) for one in coupons]

    def _places(self, index: PromotionIndex) -> dict[Place, list[int]]:
        """Return the scopes that hold any of the goods, each with its rows."""
        places: dict[Place, list[int]] = {}
        everything: list[int] = []
        for row in self._state.rows:
            if row.quantity:
                everything.append(row.index)
                for place in index.matches(row.item):
                    rows = places.get(place)
                    if rows is None:
                        places[place] = [row.index]
                    else:
                        rows.append(row.index)
        for place in index.everywhere:
            places[place] = everything
        for entered in self._coupons:
            for place in index.coupons_everywhere.get(entered, ()):
                places[place] = everything
        return places

    def _let_in(self, listed: Listed, scopes: Sequence[list[int]]) -> None:
        if listed.layer is Layer.COUPON:
            self._let_coupons_in(listed, scopes)
            return
        budget = self._gate.check(listed)
        if budget.reason:
            self.refused.append(Refused(listed, budget.reason))
        elif listed.layer is Layer.PRICE:
            self.priced.append((listed, scopes[0], scopes[listed.need_at], budget))
        else:
            self._add(listed, Candidate(listed, self._state, scopes, self._facts, budget=budget))

    def _let_coupons_in(self, listed: Listed, scopes: Sequence[list[int]]) -> None:
        """Let in as many coupons as one basket may use, those claimed first before others."""
        entered = self._coupons.pop(listed.id, None)
        if not entered:
            return
        budget = self._gate.check(listed)
        most = min(budget.most, getattr(listed.promotion, "per_basket", 1))
        entered.sort(key=lambda coupon: (coupon.claimed_ms, coupon.code))
        for place, coupon in enumerate(entered):
            reason = budget.reason or ("" if place < most else "coupons_used_up")
            if not reason and place and budget.money < MANY:
                gross = sum([self._state.gross[row] for row in scopes[0]])
                budget = budget._replace(money=budget.money - _at_most(listed, gross, budget.money))
                reason = "" if budget.money > 0 else "budget_used"
            if reason:
                self.refused.append(Refused(listed, reason, coupon))
            else:
                self._add(listed, Candidate(listed, self._state, scopes, self._facts, budget=budget, coupon=coupon))

    def _add(self, listed: Listed, candidate: Candidate) -> None:
        name, family = listed.group
        rank = 3 if name else _RANK.get(family, 2)
        self._groups.setdefault(listed.layer, {}).setdefault((rank, name, family), []).append(candidate)

    def _entered(self, index: PromotionIndex) -> dict[str, list[Coupon]]:
        """Return the coupons entered by promotion, each code once; those of no promotion here are refused."""
        entered: dict[str, list[Coupon]] = {}
        seen: set[str] = set()
        for coupon in self._context.coupons:
            listed = index.by_id.get(coupon.promotion) if coupon.promotion else index.coupon_for(coupon.code)
            if listed is None or listed.layer is not Layer.COUPON:
                self.refused.append(Refused(None, "unknown_coupon", coupon))
            elif (public := getattr(listed.promotion, "code", "")) and coupon.code != public:
                self.refused.append(Refused(listed, "unknown_coupon", coupon))
            elif coupon.code in seen:
                self.refused.append(Refused(listed, "coupon_twice", coupon))
            else:
                seen.add(coupon.code)
                entered.setdefault(listed.id, []).append(
                    coupon if coupon.promotion else msgspec.structs.replace(coupon, promotion=listed.id)
                )
        return entered


def _at_most(listed: Listed, gross: int, left: int) -> int:
    """Return what a coupon takes of a budget at most, before the next of its kind is asked."""
    promotion = listed.promotion
    minor = getattr(promotion, "off_minor", 0) or share_bp(gross, getattr(promotion, "off_bp", 0))
    return min(left, capped(minor, getattr(promotion, "cap_minor", None)))
