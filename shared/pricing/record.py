"""What a sale keeps of its pricing, beside its lines: enough to price it again, and what else its promotions did."""

from __future__ import annotations

import msgspec

from shared.pricing.context import (
    Choice,
    Counter,
    Coupon,
    MemberFacts,
    Per,
    PointsOffer,
    PricingContext,
)
from shared.pricing.model import PricedBasket, Status


class PricingFacts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The part of a pricing context that a sale does not say anywhere else. The tier is the member's on the sale."""

    segments: list[str] = []
    birthday_month: int | None = None
    purchases: int | None = None
    counters: list[Counter] = []
    uncounted: list[Per] = []
    coupons: list[Coupon] = []
    choices: list[Choice] = []
    points: PointsOffer | None = None


class PromotionUse(msgspec.Struct, frozen=True, omit_defaults=True, array_like=True):
    """What an applied promotion used and did beside taking money off lines, for budgets, ledger and coupons.

    A promotion that is not listed and has discounts on the lines was used once. `points` are given, `spent_points`
    taken; `multiplier_bp` multiplies the points on `base_minor`; `issues` are coupon promotions of which the customer
    gets one each.
    """

    promotion: str
    uses: int = 1
    coupon: str = ""
    points: int = 0
    spent_points: int = 0
    multiplier_bp: int = 0
    base_minor: int = 0
    issues: list[str] = []


def facts_of(context: PricingContext) -> PricingFacts | None:
    """Return what a sale must record of the context it was priced in, None where its other fields say all."""
    member = context.member or MemberFacts()
    facts = PricingFacts(
        segments=member.segments,
        birthday_month=member.birthday_month,
        purchases=member.purchases,
        counters=context.counters,
        uncounted=context.uncounted,
        coupons=context.coupons,
        choices=context.choices,
        points=context.points,
    )
    return None if facts == _NO_FACTS else facts


_NO_FACTS = PricingFacts()


def context_of(
    facts: PricingFacts | None, *, at_ms: int, time_zone: str, store: str, till_kind: str, tier: str | None
) -> PricingContext:
    """Return the context a sale was priced in; `tier` is None when no card was shown."""
    facts = facts or _NO_FACTS
    member = None
    if tier is not None:
        member = MemberFacts(
            tier=tier, segments=facts.segments, birthday_month=facts.birthday_month, purchases=facts.purchases
        )
    return PricingContext(
        at_ms=at_ms,
        time_zone=time_zone,
        member=member,
        store=store,
        till_kind=till_kind,
        counters=facts.counters,
        uncounted=facts.uncounted,
        coupons=facts.coupons,
        choices=facts.choices,
        points=facts.points,
    )


def uses_of(priced: PricedBasket) -> list[PromotionUse]:
    """Return what a sale must record of its promotions beside the discounts on its lines."""
    uses = [
        PromotionUse(
            outcome.promotion,
            outcome.uses,
            outcome.coupon,
            outcome.points,
            outcome.spent_points,
            outcome.multiplier_bp,
            outcome.base_minor,
            outcome.issues,
        )
        for outcome in priced.outcomes
        if outcome.status is Status.APPLIED
    ]
    discounted = {outcome.promotion for outcome in priced.outcomes if outcome.minor}
    return [use for use in uses if use.promotion not in discounted or use != PromotionUse(use.promotion)]
