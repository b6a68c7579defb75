"""A promotion as it stands before one basket: what of the goods it may act on, and its own threshold."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from shared.money import BASIS_POINTS, allocate, allocate_within
from shared.pricing.context import Coupon
from shared.pricing.effect import Effect, Facts, Miss, Portion
from shared.pricing.gate import Pass
from shared.pricing.index import Listed
from shared.pricing.promotion import Layer
from shared.pricing.state import State
from shared.pricing.threshold import lacking

Key = tuple[int, int, int, int, str, str]
"""The total order of promotions: face value, threshold, end, time of claim, id, coupon."""
Score = tuple[int, int, int, int]
"""What is best for a customer: money, then points, then what multiplied points come to, then what is given beside."""
NOTHING: Score = (0, 0, 0, 0)


class Candidate:
    """A promotion that concerns the basket and is on, once per coupon where it needs one."""

    __slots__ = ("coupon", "key", "listed", "portion", "state")

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
        own = scopes[: listed.need_at] if listed.need_at else scopes
        need_rows = scopes[listed.need_at]
        self.portion = Portion(listed.id, state, own, need_rows, facts, most=budget.most, money=budget.money)
        code = coupon.code if coupon else ""
        self.key: Key = (*listed.order, coupon.claimed_ms if coupon else 0, listed.id, code)

    def close(self, rows: set[int]) -> None:
        """Leave rows alone from now on."""
        portion = self.portion
        portion.rows = [row for row in portion.rows if row not in rows]
        portion.others = [[row for row in other if row not in rows] for other in portion.others]
        portion.need_rows = [row for row in portion.need_rows if row not in rows]

    def short(self) -> Miss | None:
        """Return what the promotion's own threshold lacks, None when it is met."""
        listed, portion = self.listed, self.portion
        if portion.others:
            portion.aside = listed.promotion.aside(portion)
        return lacking(portion, listed.promotion, portion.aside) if listed.needs else None

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
        if self.portion.others and self.listed.layer in {Layer.SET, Layer.ORDER}:
            return set(self.portion.rows).union(*self.portion.others)
        return self.portion.rows


def score(effect: Effect | Miss) -> Score:
    """Return how good an effect is for the customer."""
    if isinstance(effect, Miss):
        return NOTHING
    more = (effect.multiplier_bp - BASIS_POINTS) * effect.base_minor if effect.multiplier_bp else 0
    beside = len(effect.issues) + sum([gift.quantity for gift in effect.gifts if gift.add])
    return (effect.saving, effect.points - effect.spent_points, more, beside)


def negative(value: Score) -> Score:
    """Return a score by which the best sorts first."""
    return (-value[0], -value[1], -value[2], -value[3])


def added(one: Score, other: Score) -> Score:
    """Return what two effects are worth together."""
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3])


def shares(effect: Effect, *, floored: bool) -> list[int]:
    """Return what each bearer of an effect bears, exactly the saving in all."""
    weights = [weight for _, weight, _ in effect.bears]
    if not floored:
        return allocate(effect.saving, weights)
    return allocate_within(effect.saving, weights, [room for _, _, room in effect.bears])
