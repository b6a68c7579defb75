"""A promotion as it stands before one basket: what of the goods it may act on, and its own threshold."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.money import allocate, allocate_within
from shared.pricing.context import Coupon
from shared.pricing.effect import NOT_ENOUGH, Effect, Facts, Miss, Portion
from shared.pricing.gate import Pass
from shared.pricing.index import Listed
from shared.pricing.promotion import Basis, Layer
from shared.pricing.state import State

Key = tuple[int, int, int, int, str, str]
"""The total order of promotions: face value, threshold, end, time of claim, id, coupon."""
Score = tuple[int, int, int]
"""What is best for a customer: money, then points, then a multiplier of points."""


class Candidate:
    """A promotion that concerns the basket and is on, once per coupon where it needs one."""

    __slots__ = ("coupon", "key", "listed", "need_rows", "portion", "state")

    def __init__(
        self,
        listed: Listed,
        state: State,
        scopes: Sequence[list[int]],
        facts: Facts,
        *,
        budget: Pass,
        coupon: Coupon | None = None,
    ) -> None:
        self.listed = listed
        self.state = state
        self.coupon = coupon
        self.need_rows = scopes[listed.need_at]
        own = scopes[: listed.need_at] if listed.need_at else scopes
        self.portion = Portion(listed.id, state, own, facts, most=budget.most, money=budget.money)
        code = coupon.code if coupon else ""
        self.key: Key = (*listed.order, coupon.claimed_ms if coupon else 0, listed.id, code)

    def close(self, rows: set[int]) -> None:
        """Leave rows alone from now on."""
        portion = self.portion
        portion.rows = [row for row in portion.rows if row not in rows]
        portion.others = [[row for row in other if row not in rows] for other in portion.others]
        self.need_rows = [row for row in self.need_rows if row not in rows]

    def short(self) -> Miss | None:
        """Return what the promotion's own threshold lacks, None when it is met."""
        listed, portion = self.listed, self.portion
        if portion.others:
            portion.aside = listed.promotion.aside(portion)
        if not listed.needs:
            return None
        need = listed.promotion.need
        apart = {row: count for row, count in portion.aside if row in self.need_rows} if portion.aside else {}
        if need.quantity:
            pieces = sum([self.state.pieces[row] for row in self.need_rows]) - sum(apart.values())
            if pieces < need.quantity:
                return Miss(NOT_ENOUGH, missing_quantity=need.quantity - pieces, near=2 * pieces >= need.quantity)
        if need.spend_minor:
            spent = self._spent(need.basis, apart)
            if spent < need.spend_minor:
                return Miss(NOT_ENOUGH, missing_minor=need.spend_minor - spent, near=2 * spent >= need.spend_minor)
        return None

    def effect(
        self, rows: list[int] | None = None, left: list[int] | None = None, most: int | None = None
    ) -> Effect | Miss:
        """Return what the promotion does, on fewer rows, fewer pieces or fewer times if told so."""
        portion = self.portion
        if rows is None and left is None:
            portion.left = self.state.left
            return self.listed.promotion.effect(portion)
        before = portion.rows, portion.most
        portion.rows = portion.rows if rows is None else rows
        portion.left = self.state.left if left is None else left
        portion.most = portion.most if most is None else most
        effect = self.listed.promotion.effect(portion)
        portion.rows, portion.most = before
        return effect

    def touches(self) -> Collection[int]:
        """Return the rows whose pieces the promotion may use."""
        if self.listed.layer is Layer.SET and self.portion.others:
            return set(self.portion.rows).union(*self.portion.others)
        return self.portion.rows

    def _spent(self, basis: Basis | None, apart: dict[int, int]) -> int:
        original = basis is Basis.ORIGINAL or (basis is None and self.listed.layer is Layer.COUPON)
        amounts, pieces = self.state.gross if original else self.state.net, self.state.pieces
        spent = sum([amounts[row] for row in self.need_rows])
        return spent - sum(amounts[row] * count // pieces[row] for row, count in apart.items())


def score(effect: Effect | Miss) -> Score:
    """Return how good an effect is for the customer."""
    if isinstance(effect, Miss):
        return (0, 0, 0)
    return (effect.saving, effect.points - effect.spent_points, effect.multiplier_bp)


def shares(effect: Effect, *, floored: bool) -> list[int]:
    """Return what each bearer of an effect bears, exactly the saving in all."""
    weights = [weight for _, weight, _ in effect.bears]
    if not floored:
        return allocate(effect.saving, weights)
    return allocate_within(effect.saving, weights, [room for _, _, room in effect.bears])
